"""Vectors of files and frames: how they get into the tables of their keys (app.embeddings.tables), and what client
metadata has to do with them.

A vector remembers whether client metadata brought it. The last writer has the say: metadata that is written takes
over the vectors that it holds, and those that it no longer holds go if metadata had brought them; what
`setEmbeddings` wrote is touched by metadata only when that names the same key and frame. Reading old documents
again, after a change of the schema, writes nothing new and so overrules nobody.

Whoever writes here has called `app.metadata.queries.pin`, so that no key goes meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from app.core import halfvec
from app.core.db import Tx
from app.metadata.indexer import Indexed

WHOLE_FILE = -1
"""The frame of a vector that is not one frame's."""

CHUNK = 250
"""Vectors of one statement: into the index of a large table they take seconds, and statements end after 30."""

_NAMES = text(
    "select key_number, name from vector_table where organisation_id = :organisation_id"
    " and key_number = any(:numbers)"
)
_MAKE = text("select create_vector_table(:number, :dimensions)")
_KNOW = text(
    "insert into vector_table (organisation_id, key_number, name, dimensions, vector_count,"
    " indexed_count, change_count, index_state, done_count, message, updated_at)"
    " values (:organisation_id, :number, :name, :dimensions, 0, 0, 0, 'NONE', 0, '',"
    " statement_timestamp()) on conflict do nothing"
)
_FORGET = text(
    "select forget_document_vectors(:ids, cast(:numbers as int[]), cast(:kept_numbers as int[]),"
    " cast(:kept_ids as uuid[]), cast(:kept_frames as int[]))"
)
# one that is the same already is not written again: in an index each writing leaves a dead one behind; and the
# statistics are told at once, since the index is built by them
_WRITE = (
    "with written as (insert into {name} as held (file_id, frame, is_from_document, vector)"
    " select given.file_id, given.frame, $4, given.vector"
    " from unnest($1::uuid[], $2::int[], $3::halfvec[]) as given(file_id, frame, vector)"
    " on conflict (file_id, frame) do update"
    " set vector = excluded.vector, is_from_document = excluded.is_from_document"
    " where (held.vector, held.is_from_document)"
    " is distinct from (excluded.vector, excluded.is_from_document){and_more} returning 1)"
    " select count(*), pg_stat_force_next_flush() from written"
)
_FROM_DOCUMENT = " and held.is_from_document"


@dataclass(slots=True)
class Vectors:
    """Vectors of one key, in the binary form of app.core.halfvec; a file has a frame at most once."""

    file_ids: list[UUID]
    frames: list[int]
    packed: list[bytes]

    @classmethod
    def none(cls) -> "Vectors":
        """No vectors yet."""
        return cls([], [], [])

    @classmethod
    def of(cls, packed: Mapping[tuple[UUID, int | None], bytes]) -> "Vectors":
        """These, by file and frame."""
        found = cls.none()
        for (file_id, frame), vector in packed.items():
            found.add(file_id, frame, vector)
        return found

    def add(self, file_id: UUID, frame: int | None, packed: bytes) -> None:
        """One more; `frame` None: of the file as a whole."""
        self.file_ids.append(file_id)
        self.frames.append(WHOLE_FILE if frame is None else frame)
        self.packed.append(packed)


async def write(
    tx: Tx, name: str, vectors: Vectors, *, is_from_document: bool, overrules: bool = True
) -> None:
    """Write vectors into a table; `overrules`: also over what others wrote."""
    statement = _WRITE.format(name=name, and_more="" if overrules else _FROM_DOCUMENT)
    driver = await tx.driver()
    for first in range(0, len(vectors.file_ids), CHUNK):
        part = slice(first, first + CHUNK)
        given = vectors.file_ids[part], vectors.frames[part], vectors.packed[part]
        await driver.execute(statement, *given, is_from_document)


async def names_of(tx: Tx, organisation_id: UUID, dimensions: Mapping[int, int]) -> dict[int, str]:
    """The tables of these keys, by number; those that are missing are made. Needs their dimensions."""
    of = {"organisation_id": organisation_id, "numbers": sorted(dimensions)}
    names = {number: name for number, name in (await tx.execute(_NAMES, of)).all()}  # noqa: C416  rows
    for number in sorted(dimensions.keys() - names.keys()):  # in order: two may wait for each other
        shape = {"number": number, "dimensions": dimensions[number]}
        names[number] = (await tx.execute(_MAKE, shape)).scalar_one()
        row = {"organisation_id": organisation_id, "name": names[number], **shape}
        await tx.execute(_KNOW, row)
    return names


async def write_documents(
    tx: Tx, organisation_id: UUID, found: Mapping[UUID, Indexed], *, overrules: bool = True
) -> None:
    """Write the vectors that documents hold: a statement for each key and 250 of its vectors."""
    by_number: dict[int, Vectors] = {}
    dimensions: dict[int, int] = {}
    for file_id, indexed in found.items():
        for number, frame, vector in indexed.embeddings:
            packed = halfvec.pack(vector)
            by_number.setdefault(number, Vectors.none()).add(file_id, frame, packed)
            dimensions[number] = len(vector)
    if by_number:
        names = await names_of(tx, organisation_id, dimensions)
        for number in sorted(by_number):
            vectors = by_number[number]
            await write(tx, names[number], vectors, is_from_document=True, overrules=overrules)


async def forget_documents(
    tx: Tx,
    file_ids: Iterable[UUID],
    found: Mapping[UUID, Indexed],
    numbers: Sequence[int] | None = None,
) -> None:
    """Delete the vectors that documents had brought and hold no longer; of these keys, None: of all."""
    kept = [
        (number, file_id, WHOLE_FILE if frame is None else frame)
        for file_id, indexed in found.items()
        for number, frame, _ in indexed.embeddings
    ]
    await tx.execute(
        _FORGET,
        {
            "ids": list(file_ids),
            "numbers": numbers,
            "kept_numbers": [number for number, _, _ in kept],
            "kept_ids": [file_id for _, file_id, _ in kept],
            "kept_frames": [frame for _, _, frame in kept],
        },
    )
