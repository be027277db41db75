"""The kinds of encoders as values, and as what is stored of them: a part that is shown, and a sealed one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.embeddings.local_models import LocalModel
from app.embeddings.models import Encoder, EncoderKind
from app.files import sealing


@dataclass(frozen=True, slots=True)
class OpenAi:
    """An endpoint that speaks OpenAI's embeddings API, below `url`. It knows texts only."""

    url: str
    model: str
    asks_dimensions: bool = False
    """Whether the model is asked for as many numbers as the key has."""
    secret: str | None = None

    KIND = EncoderKind.OPENAI


@dataclass(frozen=True, slots=True)
class Service:
    """An endpoint of the shape that docs/search.md describes; without a path it does not know that kind."""

    url: str
    text_path: str | None = None
    image_path: str | None = None
    secret: str | None = None

    KIND = EncoderKind.ENDPOINT


@dataclass(frozen=True, slots=True)
class Local:
    """A model in a Python package on the server."""

    model: LocalModel
    secret: None = None

    KIND = EncoderKind.LOCAL


Kind = OpenAi | Service | Local


def shown(kind: Kind) -> dict[str, Any]:
    """What everybody may see, as JSON."""
    match kind:
        case OpenAi():
            return {"url": kind.url, "model": kind.model, "asks_dimensions": kind.asks_dimensions}
        case Service():
            return {"url": kind.url, "text_path": kind.text_path, "image_path": kind.image_path}
        case Local():
            return {"model": kind.model.value}


def sealed(kind: Kind, secret: bytes, organisation_id: UUID, key_number: int) -> bytes | None:
    """What nobody may see; None if there is nothing."""
    if kind.secret is None:
        return None
    bound_to = _binding(organisation_id, key_number, kind)
    return sealing.seal(secret, bound_to, {"secret": kind.secret})


def of_row(row: Encoder, secret: bytes) -> Kind:
    """The encoder with its secret. Raises sealing.Unsealable."""
    if row.kind is EncoderKind.LOCAL:
        return Local(LocalModel(row.configuration["model"]))
    made: type[OpenAi | Service] = OpenAi if row.kind is EncoderKind.OPENAI else Service
    kind = made(**row.configuration)
    if row.credentials is None:
        return kind
    bound_to = _binding(row.organisation_id, row.key_number, kind)
    opened = sealing.unseal(secret, bound_to, row.credentials)["secret"]
    return made(**row.configuration, secret=opened)


def _binding(organisation_id: UUID, key_number: int, kind: Kind) -> bytes:
    """A secret opens for this key and this address only: nobody can have it sent elsewhere."""
    url = "" if isinstance(kind, Local) else kind.url
    return b"encoder" + organisation_id.bytes + key_number.to_bytes(8, "big") + url.encode()
