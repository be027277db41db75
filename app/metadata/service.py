"""What can be done to the metadata schema. One change of an organisation's schema at a time."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from app.accounts.actor import Actor
from app.accounts.permissions import Permission
from app.core import clock, jobs
from app.core.db import Tx
from app.core.errors import Invalid, Refused, RevisionConflict, TooLarge
from app.metadata import queries, structure, wire
from app.metadata.document import pointer
from app.metadata.events import MetadataSchemaChanged
from app.metadata.kinds import Embedding, KeyType, ScalarKind, Tombstone
from app.metadata.models import KeyState, MetadataKey, MetadataSchema
from app.metadata.structure import Change, Entry, Schema

MOST_KEYS = 2_000
"""Of an organisation, deleted ones included: their names stay taken."""

REINDEX = "reindex_metadata"
"""The job that reads older files again (app.files.reindex)."""
TIDY_VECTORS = "tidy_vectors"
"""The job that drops the vectors of keys that are gone for good (app.embeddings.tidying)."""

NAMES = {"values": "options", "size": "dimensions"}

Operation = Callable[[Schema], Change]

_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
_HAS_DOCUMENTS = text(
    "select exists (select from file_document where organisation_id = :organisation_id)"
)
_RENUMBER = (
    "update vector_table set key_number = :new where organisation_id = :organisation_id"
    " and key_number = :old",
    "update embedding_encoder set key_number = :new where organisation_id = :organisation_id"
    " and key_number = :old",
    "update embedding_plot set key_number = :new where organisation_id = :organisation_id"
    " and key_number = :old",
)


async def add_scalar(
    tx: Tx, actor: Actor, *, key: str, kind: ScalarKind, expected_revision: int | None = None
) -> MetadataKey:
    """Add a scalar key, or set the kind of one that is or was a scalar."""
    change = partial(structure.add_scalar, key=key, kind=kind)
    return await _on_key(tx, actor, key, change, expected_revision)


async def add_enum(
    tx: Tx, actor: Actor, *, key: str, options: Sequence[str], expected_revision: int | None = None
) -> MetadataKey:
    """Add a key whose values are one of `options`."""
    change = partial(structure.add_enum, key=key, values=options)
    with _in_our_words():
        return await _on_key(tx, actor, key, change, expected_revision)


async def add_enum_options(
    tx: Tx, actor: Actor, *, key: str, options: Sequence[str], expected_revision: int | None = None
) -> MetadataKey:
    """Give an enumeration more options."""
    change = partial(structure.add_enum_options, key=key, values=options)
    with _in_our_words():
        return await _on_key(tx, actor, key, change, expected_revision)


async def add_embedding(
    tx: Tx, actor: Actor, *, key: str, dimensions: int, expected_revision: int | None = None
) -> MetadataKey:
    """Add a key whose values are vectors of that many numbers."""
    change = partial(structure.add_embedding, key=key, size=dimensions)
    with _in_our_words():
        return await _on_key(tx, actor, key, change, expected_revision)


async def add_geospatial(
    tx: Tx, actor: Actor, *, key: str, expected_revision: int | None = None
) -> MetadataKey:
    """Add a key whose values are coordinates."""
    change = partial(structure.add_geospatial, key=key)
    return await _on_key(tx, actor, key, change, expected_revision)


async def delete_key(
    tx: Tx, actor: Actor, *, key: str, is_hard: bool, expected_revision: int | None = None
) -> MetadataKey:
    """Delete a key; softly, so that it can be restored, or for good."""
    change = partial(structure.delete_key, key=key, hard=is_hard)
    return await _on_key(tx, actor, key, change, expected_revision)


async def restore_key(
    tx: Tx, actor: Actor, *, key: str, expected_revision: int | None = None
) -> MetadataKey:
    """Bring back a softly deleted key."""
    change = partial(structure.restore_key, key=key)
    return await _on_key(tx, actor, key, change, expected_revision)


async def replace(tx: Tx, actor: Actor, *, document: object, expected_revision: int) -> None:
    """Import a whole schema in its wire form; living keys that it does not name are softly deleted."""
    if not isinstance(document, dict):
        raise Invalid(
            "A schema is a JSON object: names of keys, and the type of each.", field=("document",)
        )
    change = partial(structure.replace, document=document)
    try:
        await _change(tx, actor, change, expected_revision)
    except Refused as refused:
        _name_the_place(refused)
        raise


def _name_the_place(refused: Refused) -> None:
    """Say in the message where in the document it is; names of keys are no members of ours."""
    if refused.field[:1] == ("document",) and len(refused.field) > 1:
        place = ascii(pointer(refused.field[1:])[:200])[1:-1]
        refused.message = f"At `{place}`: {refused.message}"
        refused.field = ("document",)


@contextmanager
def _in_our_words() -> Generator[None]:
    """The rules speak of the wire form's members; our inputs call two of them otherwise."""
    try:
        yield
    except Refused as refused:
        if refused.field:
            name, *rest = refused.field
            refused.field = (NAMES.get(str(name), name), *rest)
        raise


async def _on_key(
    tx: Tx, actor: Actor, key: str, operation: Operation, expected_revision: int | None
) -> MetadataKey:
    await _change(tx, actor, operation, expected_revision)
    return (await tx.exec(queries.visible(actor).where(MetadataKey.name == key))).one()


async def _change(
    tx: Tx, actor: Actor, operation: Operation, expected_revision: int | None
) -> None:
    actor.must(Permission.EDIT_METADATA_SCHEMA)
    # waits for everyone who writes values under the present schema, see queries.pin
    await tx.execute(_LOCK, {"name": queries.lock_name(actor.organisation_id)})
    before = await queries.schema_of(tx, actor)
    if expected_revision not in {None, before.revision}:
        raise RevisionConflict(
            f"The schema is at revision {before.revision}; read it again, then decide.",
            field=("expected_revision",),
        )
    change = operation(before.schema)
    if len(change.schema.entries) > MOST_KEYS:
        raise TooLarge(f"A schema has at most {MOST_KEYS:,} keys, deleted ones included.")
    if change.schema != before.schema:
        await _write_head(tx, actor, before.revision + 1, change.schema.next_number)
        await _write_keys(tx, actor, before.schema, change)
        organisation_id = actor.organisation_id
        tx.emit(MetadataSchemaChanged(organisation_id=organisation_id, entity_id=organisation_id))


async def _write_head(tx: Tx, actor: Actor, revision: int, next_number: int) -> None:
    figures = {"revision": revision, "next_number": next_number, "updated_at": clock.now()}
    await tx.execute(
        insert(MetadataSchema)
        .values(organisation_id=actor.organisation_id, **figures)
        .on_conflict_do_update(index_elements=["organisation_id"], set_=figures)
    )


async def _write_keys(tx: Tx, actor: Actor, before: Schema, change: Change) -> None:
    """Write the keys that differ; have older files read again where there are any."""
    is_indexing = bool(change.reindex) and await _has_documents(tx, actor)
    rows = {row.name: row for row in await tx.exec(queries.visible(actor))}
    for name, entry in change.schema.entries.items():
        if before.entries.get(name) == entry:
            continue
        row = rows.get(name)
        if row is not None and _is_back(before.entries[name], entry):
            await _renumber(tx, actor, row.number, entry.number)
        if row is None:
            row = MetadataKey(
                organisation_id=actor.organisation_id,
                name=name,
                number=entry.number,
                definition={},
            )
            tx.add(row)
        _write_key(row, entry)
        if name in change.reindex:
            row.state = KeyState.INDEXING if is_indexing else KeyState.READY
            row.read_to = None
    await tx.flush()
    if is_indexing:
        await _enqueue(tx, actor)
    if any(_has_vectors(before.entries.get(name)) for name in change.reindex):
        await _tidy(tx, actor)


def _is_back(old: Entry, new: Entry) -> bool:
    """Whether an embedding is restored as it was: under a new number, but with the vectors it had."""
    return isinstance(new.type, Embedding) and old.type == Tombstone(new.type)


def _has_vectors(entry: Entry | None) -> bool:
    kind: KeyType | None = entry.type if entry else None
    return isinstance(kind.deleted if isinstance(kind, Tombstone) else kind, Embedding)


async def _renumber(tx: Tx, actor: Actor, old: int, new: int) -> None:
    numbers = {"organisation_id": actor.organisation_id, "old": old, "new": new}
    for statement in _RENUMBER:
        await tx.execute(text(statement), numbers)


async def _tidy(tx: Tx, actor: Actor) -> None:
    await jobs.enqueue(
        tx,
        TIDY_VECTORS,
        lock=f"{TIDY_VECTORS}:{actor.organisation_id.hex}",
        organisation_id=actor.organisation_id.hex,
    )


def _write_key(row: MetadataKey, entry: Entry) -> None:
    if row.number != entry.number:
        row.retired_numbers = [*row.retired_numbers, row.number]
    row.number = entry.number
    row.definition = wire.to_wire(entry.type)
    row.updated_at = clock.now()


async def _has_documents(tx: Tx, actor: Actor) -> bool:
    """Whether any file has metadata. Files are a matter of app.files, but for this one look."""
    found = await tx.execute(_HAS_DOCUMENTS, {"organisation_id": actor.organisation_id})
    return bool(found.scalar_one())


async def _enqueue(tx: Tx, actor: Actor) -> None:
    await jobs.enqueue(
        tx,
        REINDEX,
        lock=queries.lock_name(actor.organisation_id),
        organisation_id=actor.organisation_id.hex,
    )
