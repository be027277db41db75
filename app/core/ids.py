"""Ids as the world sees them: a short prefix that says the kind, and the UUID without hyphens."""

from enum import StrEnum
from uuid import UUID

from app.core.errors import NotFound


class Kind(StrEnum):
    """The prefix of each stored entity's id, never re-used for another kind."""

    API_TOKEN = "tok"  # noqa: S105  a prefix
    BACKGROUND_JOB = "bjob"
    COLLECTION = "coll"
    EMBEDDING_PLOT = "plot"
    FILE = "file"
    FILTER_PRESET = "preset"
    FOLDER = "fold"
    GROUP = "grp"
    INTEGRATION = "intg"
    MEMBER = "mem"
    METADATA_KEY = "mkey"
    ORGANISATION = "org"
    PUBLIC_KEY = "pk"
    TAG = "tag"
    UPLOAD = "up"
    UPLOAD_JOB = "job"
    UPLOAD_UNIT = "unit"
    USER = "usr"


def encode(kind: Kind, value: UUID) -> str:
    """`file_0190…`: the id of a thing as clients hold it."""
    return f"{kind}_{value.hex}"


def split(text: str) -> tuple[Kind, UUID] | None:
    """Kind and UUID of a public id; None if it is not an id of ours."""
    prefix, _, rest = text.rpartition("_")
    if len(rest) != 32:
        return None
    try:
        return Kind(prefix), UUID(hex=rest)
    except ValueError:
        return None


def decode(kind: Kind, text: str) -> UUID:
    """The UUID in a public id of this kind. Raises NotFound for anything else: ids cannot be probed."""
    found = split(text)
    if found is None or found[0] is not kind:
        raise _unknown(kind, text)
    return found[1]


def _unknown(kind: Kind, text: str) -> NotFound:
    error = NotFound(f"There is no {kind.name.lower().replace('_', ' ')} {text[:60]!r} for you.")
    error.named = text
    return error
