"""Reads the metadata of older files again after a change of the schema: batch by batch, each a transaction.

Only the keys that changed are touched. How far each has come is kept with the key, so that a killed worker
loses one batch; a change meanwhile sends its key back to the start. Files that are written at the same moment
need no second look: their writers hold the schema still (app.metadata.queries.pin), as each batch does.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import orjson
from sqlalchemy import text

from app.core.db import Database, Scope, Tx
from app.core.runtime import Runtime
from app.files import metadata, vectors
from app.files.metadata import IndexedFiles
from app.metadata import frames, queries
from app.metadata.expressions import attribute
from app.metadata.indexer import Indexed, Indexer
from app.metadata.models import KeyState, MetadataKey
from app.metadata.queries import Indexers
from app.metadata.service import REINDEX

BATCH = 2_000
"""Files."""
BATCH_BYTES = 32 * 1024 * 1024
"""Of documents, but at least one."""

START = UUID(int=0)
"""Before every file's id."""

_NEXT = text(
    "select file_id, byte_size from file_document"
    " where organisation_id = :organisation_id and file_id > :after"
    " and (cast(:upto as uuid) is null or file_id <= :upto)"
    " order by file_id limit :batch"
)
_LOCK = text(
    "select id, fps from file where organisation_id = :organisation_id and id = any(:ids)"
    " order by id for no key update"
)
# one look at each document, however many keys: it may be large and compressed
_READ = text(
    "select file_id, (select cast(jsonb_object_agg(key, value) as text)"
    "  from jsonb_each(document) where key = any(:names))"
    " from file_document where organisation_id = :organisation_id and file_id = any(:ids)"
)
_WRITE_ATTRS = text(
    "update file set attrs = (file.attrs - cast(:attributes as text[])) || given.attrs"
    " from (select id, cast(attrs as jsonb) as attrs"
    "  from unnest(cast(:ids as uuid[]), cast(:attrs as text[])) as pair(id, attrs)) as given"
    " where file.organisation_id = :organisation_id and file.id = given.id"
    " and file.attrs is distinct from (file.attrs - cast(:attributes as text[])) || given.attrs"
)
_FORGET_TEXTS = text(
    "delete from file_text where organisation_id = :organisation_id"
    " and file_id = any(:ids) and key_number = any(:numbers)"
)
_FORGET_ERRORS = text(
    "delete from file_type_error where organisation_id = :organisation_id"
    " and file_id = any(:ids) and key_number = any(:numbers)"
)


@dataclass(frozen=True, slots=True)
class Part:
    """The keys that have come least far, and how far they may go before they meet the next ones."""

    keys: Sequence[MetadataKey]
    after: UUID
    upto: UUID | None

    @property
    def names(self) -> list[str]:
        """What to look for in a document; the frames of a video hold values of any key."""
        return [frames.RESERVED, *(key.name for key in self.keys)]

    @property
    def numbers(self) -> list[int]:
        """Whose values are taken out of the files, and perhaps put in anew."""
        return [number for key in self.keys for number in (key.number, *key.retired_numbers)]

    @property
    def embedding_numbers(self) -> list[int]:
        """Keys that live and have vectors. Those of a deleted key wait for it to be restored."""
        return [key.number for key in self.keys if key.definition["ty"] == "embedding"]


def part_of(keys: Sequence[MetadataKey]) -> Part | None:
    """What to do next; None if every key was read to the end."""
    marks = sorted({key.read_to or START for key in keys})
    if not marks:
        return None
    last_ones = [key for key in keys if (key.read_to or START) == marks[0]]
    return Part(last_ones, marks[0], marks[1] if len(marks) > 1 else None)


async def reindex(runtime: Runtime, organisation_id: str) -> None:
    """The job: read on until nothing is left. Running it twice at once does no harm."""
    scope, indexers = Scope(UUID(organisation_id)), Indexers()
    while await read_batch(runtime.db, scope, indexers):
        pass


async def read_batch(db: Database, scope: Scope, indexers: Indexers) -> bool:
    """Read the next files of the keys that have come least far; False if every key is done."""
    assert scope.organisation_id is not None  # noqa: S101  keys belong to one
    async with db.transaction(scope) as tx:
        await queries.pin(tx, scope.organisation_id)
        part = part_of(await queries.unread(tx, scope.organisation_id))
        if part is None:
            return False
        file_ids = await _next_files(tx, scope.organisation_id, part)
        if file_ids:
            indexer = await queries.indexer_of(tx, scope.organisation_id, indexers)
            await _read_again(tx, scope.organisation_id, part, file_ids, indexer)
        _note_progress(part, file_ids)
    return True


async def _next_files(tx: Tx, organisation_id: UUID, part: Part) -> list[UUID]:
    found = await tx.execute(
        _NEXT,
        {
            "organisation_id": organisation_id,
            "after": part.after,
            "upto": part.upto,
            "batch": BATCH,
        },
    )
    file_ids: list[UUID] = []
    byte_size = 0
    for row in found:
        byte_size += row.byte_size
        if file_ids and byte_size > BATCH_BYTES:
            break
        file_ids.append(row.file_id)
    return file_ids


def _note_progress(part: Part, file_ids: Sequence[UUID]) -> None:
    for key in part.keys:
        if file_ids:
            key.read_to = file_ids[-1]
        elif part.upto is not None:
            key.read_to = part.upto
        else:
            key.state, key.read_to, key.retired_numbers = KeyState.READY, None, []


async def _read_again(
    tx: Tx, organisation_id: UUID, part: Part, file_ids: Sequence[UUID], indexer: Indexer
) -> None:
    ids = {"organisation_id": organisation_id, "ids": file_ids}
    # first the lock, then the look: a writer that we waited for has the last word
    rates: dict[UUID, float | None] = {row.id: row.fps for row in await tx.execute(_LOCK, ids)}
    documents = await tx.execute(_READ, {**ids, "names": part.names})
    found = {
        file_id: _only(part, indexer.index(orjson.loads(members or b"{}"), rates[file_id]))
        for file_id, members in documents
        if file_id in rates
    }
    await _replace_values(tx, organisation_id, part, IndexedFiles(found))


def _only(part: Part, indexed: Indexed) -> Indexed:
    """Without what the frames of a video say of other keys."""
    return replace(
        indexed,
        embeddings=[one for one in indexed.embeddings if one[0] in part.numbers],
        errors=[one for one in indexed.errors if one.number in part.numbers],
    )


async def _replace_values(tx: Tx, organisation_id: UUID, part: Part, files: IndexedFiles) -> None:
    of = {"organisation_id": organisation_id, "ids": list(files.found)}
    await tx.execute(_FORGET_TEXTS, {**of, "numbers": part.numbers})
    await tx.execute(_FORGET_ERRORS, {**of, "numbers": part.numbers})
    attributes = [attribute(number) for number in part.numbers]
    attrs = list(files.attrs.values())
    await tx.execute(_WRITE_ATTRS, {**of, "attributes": attributes, "attrs": attrs})
    if numbers := part.embedding_numbers:
        await vectors.forget_documents(tx, files.found, files.found, numbers)
    await metadata.write_indexed(tx, organisation_id, files, overrules=False)


TASKS: dict[str, Callable[..., Awaitable[None]]] = {REINDEX: reindex}
"""By name, for the worker."""
