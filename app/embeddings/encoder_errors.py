"""Why a text or a picture could not be made into a vector."""

from app.core.errors import Conflict, Invalid, Path, Unavailable


class EncoderMissing(Conflict):
    """The key has no encoder."""

    def __init__(self, key: str, *, field: Path = ("key",)) -> None:
        super().__init__(
            f"The embedding {key!r} has no encoder, so that only vectors and files can be searched by: give it"
            " one with setEmbeddingEncoder, or send a vector.",
            field=field,
        )


class EncoderUnable(Invalid):
    """The key's encoder does not do this kind of thing; the message says what it does."""


class EncoderRefuses(Conflict):
    """The encoder's endpoint answered that it will not: credentials, model or input are wrong."""


class EncoderWrong(Conflict):
    """The encoder answered with something that is no vector of this key."""


class ModelMissing(Conflict):
    """The Python package of a local model is not installed on the server."""


class PictureRefused(Invalid):
    """The bytes are no picture that can be decoded, or too many."""


class EncoderAway(Unavailable):
    """The encoder did not answer, or not properly; the same call may be made again."""
