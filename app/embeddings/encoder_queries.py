"""What may be read of encoders. Every member sees them, without their secrets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy
from sqlalchemy import and_
from sqlmodel import col, select

from app.accounts.actor import Actor
from app.core.db import Session
from app.core.errors import NotFound, Path
from app.embeddings.models import Encoder
from app.metadata import wire
from app.metadata.kinds import Embedding
from app.metadata.models import MetadataKey


@dataclass(frozen=True, slots=True)
class EncodedKey:
    """An embedding key and who makes its vectors; None if nobody does."""

    key: MetadataKey
    dimensions: int
    encoder: Encoder | None


_SAME_KEY = and_(
    col(Encoder.organisation_id) == col(MetadataKey.organisation_id),
    col(Encoder.key_number) == col(MetadataKey.number),
)
_IS_EMBEDDING = col(MetadataKey.definition)["ty"].as_string() == "embedding"


async def encoders_of(
    session: Session, actor: Actor, key_ids: Sequence[UUID]
) -> dict[UUID, Encoder]:
    """The encoders of embedding keys, by the keys' ids."""
    statement = (
        select(MetadataKey.id, Encoder)
        .join(Encoder, _SAME_KEY)
        .where(MetadataKey.organisation_id == actor.organisation_id)
        .where(col(MetadataKey.id).in_(key_ids), _IS_EMBEDDING)
    )
    return dict((await session.exec(statement)).all())


async def encoded_key(
    session: Session,
    actor: Actor,
    name: str,
    *,
    field: Path = ("key",),
) -> EncodedKey:
    """The embedding key of this name. Raises NotFound if there is none, or it is of another type."""
    rows = (await session.execute(_keys(actor))).all()
    embeddings = {key.name: (key, size, row) for key, row in rows if (size := _size(key))}
    if name not in embeddings:
        known = ", ".join(map(repr, sorted(embeddings))) or "none"
        raise NotFound(
            f"{name[:256]!r} is no embedding of the metadata schema; there are: {known}."[:500],
            field=field,
        )
    return EncodedKey(*embeddings[name])


def _keys(actor: Actor) -> Any:
    return (
        sqlalchemy.select(MetadataKey, Encoder)
        .outerjoin(Encoder, _SAME_KEY)
        .where(col(MetadataKey.organisation_id) == actor.organisation_id, _IS_EMBEDDING)
    )


def _size(key: MetadataKey) -> int | None:
    kind = wire.from_wire(key.definition)
    return kind.size if isinstance(kind, Embedding) else None
