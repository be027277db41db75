"""What may be read of the indexes by metadata key. Every member sees where they stand."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_
from sqlmodel import col, select

from app.accounts.actor import Actor
from app.core.db import Session
from app.metadata import wire
from app.metadata.kinds import Embedding, Geospatial, KeyType, Tombstone
from app.metadata.models import MetadataKey
from app.search import indexes
from app.search.models import IndexState, MetadataIndex

_OF_KEY = and_(
    col(MetadataIndex.organisation_id) == col(MetadataKey.organisation_id),
    col(MetadataIndex.key_number) == col(MetadataKey.number),
)


async def indexes_of(
    session: Session, actor: Actor, key_ids: Sequence[UUID]
) -> dict[UUID, MetadataIndex]:
    """Where the index of each key stands; nothing for keys that have none of this kind."""
    statement = (
        select(MetadataKey, MetadataIndex)
        .outerjoin(MetadataIndex, _OF_KEY)
        .where(MetadataKey.organisation_id == actor.organisation_id)
        .where(col(MetadataKey.id).in_(key_ids))
    )
    return {
        key.id: index or _unbuilt(key)
        for key, index in await session.exec(statement)
        if _is_compared(wire.from_wire(key.definition))
    }


def _is_compared(type_: KeyType) -> bool:
    return not isinstance(type_, Tombstone | Embedding | Geospatial)


def _unbuilt(key: MetadataKey) -> MetadataIndex:
    """No index of its own: none is needed, or, for texts, there is one for all."""
    type_ = wire.from_wire(key.definition)
    has_own = not isinstance(type_, Tombstone) and indexes.has_index(type_)
    return MetadataIndex(
        organisation_id=key.organisation_id,
        key_number=key.number,
        name="",
        state=IndexState.NONE if has_own else IndexState.READY,
    )
