"""What may be read of an organisation's metadata schema. Every member sees all of it."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy
from sqlalchemy import collate, text
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.accounts.actor import Actor
from app.core.db import Session, Tx
from app.metadata import indexer, wire
from app.metadata.indexer import Indexer
from app.metadata.models import KeyState, MetadataKey, MetadataSchema
from app.metadata.structure import Entry, Schema

MOST_PREPARED = 256
"""Organisations whose schema a process keeps ready."""

_PIN = text("select pg_advisory_xact_lock_shared(hashtextextended(:name, 0))")
_REVISION = select(MetadataSchema.revision)
_SAME_ORGANISATION = col(MetadataKey.organisation_id) == col(MetadataSchema.organisation_id)
# columns, not entities: those a session has seen before it does not read again
_STORED = sqlalchemy.select(
    col(MetadataSchema.revision),
    col(MetadataSchema.next_number),
    col(MetadataKey.name),
    col(MetadataKey.number),
    col(MetadataKey.definition),
).outerjoin(MetadataKey, col(MetadataKey.organisation_id) == col(MetadataSchema.organisation_id))


@dataclass(frozen=True, slots=True)
class Stored:
    """A schema as it is stored. An organisation that never had one is at revision 0."""

    schema: Schema = field(default_factory=Schema)
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Whole:
    """A schema as rows: its revision, and every key by name, deleted ones too."""

    revision: int = 0
    keys: list[MetadataKey] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Indexers:
    """Schemas made ready for many documents, those of the last organisations that wrote."""

    prepared: OrderedDict[UUID, tuple[int, Indexer]] = field(default_factory=OrderedDict)

    def get(self, organisation_id: UUID, revision: int) -> Indexer | None:
        """The one of this very revision."""
        known, found = self.prepared.get(organisation_id, (None, None))
        return found if known == revision else None

    def put(self, organisation_id: UUID, revision: int, ready: Indexer) -> None:
        """Keep it; the oldest makes room."""
        self.prepared[organisation_id] = (revision, ready)
        self.prepared.move_to_end(organisation_id)
        if len(self.prepared) > MOST_PREPARED:
            self.prepared.popitem(last=False)


def visible(actor: Actor) -> SelectOfScalar[MetadataKey]:
    """The keys of the actor's organisation, deleted ones too."""
    return select(MetadataKey).where(MetadataKey.organisation_id == actor.organisation_id)


async def keys_by_id(
    session: Session, actor: Actor, ids: Sequence[UUID]
) -> dict[UUID, MetadataKey]:
    """Keys by id."""
    rows = await session.exec(visible(actor).where(col(MetadataKey.id).in_(ids)))
    return {key.id: key for key in rows}


async def wholes_of(
    session: Session, actor: Actor, organisation_ids: Sequence[UUID]
) -> dict[UUID, Whole]:
    """The schema of each organisation, for those who look at it: one statement, so that it is of a piece."""
    statement = (
        select(MetadataSchema, MetadataKey)
        .outerjoin(MetadataKey, _SAME_ORGANISATION)
        .where(MetadataSchema.organisation_id == actor.organisation_id)
        .where(col(MetadataSchema.organisation_id).in_(organisation_ids))
        .order_by(collate(col(MetadataKey.name), "C"))
    )
    found = {one: Whole() for one in organisation_ids}
    for schema, key in await session.exec(statement):
        keys = found[schema.organisation_id].keys
        if key is not None:  # an outer join: a schema may be empty
            keys.append(key)
        found[schema.organisation_id] = Whole(schema.revision, keys)
    return found


async def schema_of(session: Session, actor: Actor) -> Stored:
    """The schema of the actor's organisation, as a value."""
    return await stored(session, actor.organisation_id)


async def stored(session: Session, organisation_id: UUID) -> Stored:
    """The organisation's schema. One statement, so that revision and keys belong together."""
    statement = _STORED.where(col(MetadataSchema.organisation_id) == organisation_id)
    rows = (await session.execute(statement)).all()
    if not rows:
        return Stored()
    entries = {
        row.name: Entry(row.number, wire.from_wire(row.definition))
        for row in rows
        if row.name is not None
    }
    return Stored(Schema(entries, rows[0].next_number), rows[0].revision)


async def indexer_of(
    session: Session, organisation_id: UUID, indexers: Indexers | None = None
) -> Indexer:
    """The organisation's schema, ready for documents; from `indexers` if that has the present one.

    Whoever writes what it gives calls `pin` first, in the same transaction.
    """
    known = Indexers() if indexers is None else indexers
    if known.prepared:
        of_organisation = _REVISION.where(MetadataSchema.organisation_id == organisation_id)
        revision = (await session.exec(of_organisation)).one_or_none() or 0
        if (ready := known.get(organisation_id, revision)) is not None:
            return ready
    found = await stored(session, organisation_id)
    ready = indexer.prepare(found.schema)
    known.put(organisation_id, found.revision, ready)
    return ready


async def pin(tx: Tx, organisation_id: UUID) -> None:
    """Hold the organisation's schema still until the end of the transaction.

    Whoever writes typed values says this before it reads the schema. Writers do not wait for each other; a
    change of the schema waits for them, and they for it: so after the change every file was either written
    under it, or is there to be read again. An advisory lock, since unlike a row's it is fair to the one who
    waits for many.
    """
    await tx.execute(_PIN, {"name": lock_name(organisation_id)})


def lock_name(organisation_id: UUID) -> str:
    """What the schema's advisory lock is a hash of; also the lock under which it is indexed."""
    return f"metadata_schema:{organisation_id.hex}"


async def unread(tx: Tx, organisation_id: UUID) -> list[MetadataKey]:
    """The keys whose values in older files are still to be read, locked."""
    statement = (
        select(MetadataKey)
        .where(MetadataKey.organisation_id == organisation_id)
        .where(MetadataKey.state == KeyState.INDEXING)
        .with_for_update()
    )
    return list(await tx.exec(statement))
