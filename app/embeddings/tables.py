"""The embedding keys of an organisation and the tables that hold their vectors.

A table is made with the first vector of its key. It has a row for each vector: `file_id`, `frame` (-1: of the file
as a whole), `is_from_document` and `vector`, a halfvec. Row security shows it to its own organisation alone; which
files an actor may see is for `app.files.access` to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from app.accounts.actor import Actor
from app.core import texts
from app.core.db import Session
from app.core.errors import Invalid, NotFound, Path
from app.core.reads import Reads
from app.embeddings.models import VectorIndexState

WHOLE_FILE = -1
"""The frame of a vector that is not one frame's."""

BITS_ABOVE = 4_000
"""Dimensions above which an index holds one bit of each component; what it finds is compared exactly again."""


def bits(vector: str, dimensions: int) -> str:
    """A bit for each component, as SQL: the one printer for the index and for what is to use it."""
    return f"binary_quantize({vector})::bit({dimensions:d})"


_UNDEFINED_TABLE = "42P01"
_TABLES = (
    "select k.id as key_id, k.name as key, k.number, (k.definition ->> 'size')::int as dimensions,"
    " v.name, coalesce(v.index_state, 'NONE') as index_state,"
    " coalesce(v.vector_count, 0) as vector_count, coalesce(v.indexed_count, 0) as indexed_count,"
    " coalesce(v.done_count, 0) as done_count, v.total_count, coalesce(v.message, '') as message"
    " from metadata_key k left join vector_table v"
    " on v.organisation_id = k.organisation_id and v.key_number = k.number"
    " where k.organisation_id = $1 and k.definition ->> 'ty' = 'embedding'"
)
_ALL = f'{_TABLES} order by k.name collate "C"'
_NAMED = f"{_TABLES} and k.name = $2"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTable:
    """An embedding key and where its vectors lie."""

    key_id: UUID
    key: str
    number: int
    dimensions: int
    name: str | None
    """Of the table, to be put into SQL as it is; None while the key has no vector."""
    vector_count: int
    """As it was last counted; a few seconds old at most."""
    indexed_count: int
    index_state: VectorIndexState
    done_count: int = 0
    total_count: int | None = None
    message: str = ""

    @property
    def has_index(self) -> bool:
        """Whether there is an index that serves; also true while it is being rebuilt beside."""
        return self.indexed_count > 0

    @property
    def is_in_bits(self) -> bool:
        """Whether the index is over `binary_quantize(vector)::bit(dimensions)` by Hamming distance."""
        return self.dimensions > BITS_ABOVE


async def table_of(
    reads: Reads | Session, actor: Actor, key: str, *, field: Path = ("key",)
) -> KeyTable:
    """The embedding key of this name. Raises Invalid that lists the keys there are."""
    found = await _rows(reads, actor, _NAMED, key) if texts.is_storable(key) else ()
    if found:
        return _table(found[0])
    there_are = ", ".join(f"`{one.key}`" for one in (await tables_of(reads, actor))[:20])
    raise Invalid(
        f"`{key[:256]}` is no embedding of your metadata schema;"
        f" {f'there are {there_are}' if there_are else 'it has none yet: addMetadataEmbedding'}.",
        field=field,
    )


async def table_with_vectors(
    reads: Reads | Session, actor: Actor, key: str, *, field: Path = ("key",)
) -> tuple[KeyTable, str]:
    """The same with the name of its table. Raises NotFound while the key has no vector."""
    table = await table_of(reads, actor, key, field=field)
    if table.name is None:
        raise NotFound(f"`{key}` has no vectors yet; write some with setEmbeddings.", field=field)
    return table, table.name


def is_gone(error: DBAPIError) -> bool:
    """Whether there is no such table any more: its key was deleted for good, or has another type by now."""
    return getattr(error.orig, "sqlstate", None) == _UNDEFINED_TABLE


async def tables_of(reads: Reads | Session, actor: Actor) -> list[KeyTable]:
    """Every embedding key of the organisation, by name."""
    return [_table(row) for row in await _rows(reads, actor, _ALL)]


async def _rows(reads: Reads | Session, actor: Actor, sql: str, *more: str) -> Sequence[Any]:
    arguments = (actor.organisation_id, *more)
    if isinstance(reads, Reads):
        return await reads.fetch(actor.scope, sql, arguments)
    rows: Sequence[Any] = await (await reads.driver()).fetch(sql, *arguments)
    return rows


def _table(row: Any) -> KeyTable:
    return KeyTable(
        key_id=row["key_id"],
        key=row["key"],
        number=row["number"],
        dimensions=row["dimensions"],
        name=row["name"],
        vector_count=row["vector_count"],
        indexed_count=row["indexed_count"],
        index_state=VectorIndexState(row["index_state"]),
        done_count=row["done_count"],
        total_count=row["total_count"],
        message=row["message"],
    )
