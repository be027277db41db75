"""Vectors written by the service that setEmbeddings calls, beside a bare COPY into the same indexed table."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import numpy as np

from app.accounts.actor import Actor
from app.core import clock, halfvec, owner
from app.core.halfvec import Floats
from app.core.runtime import Runtime
from app.embeddings import building, tables, writing
from app.embeddings.writing import Said
from app.files import folders
from app.files.outcomes import BulkMode
from app.metadata import service as metadata
from benchmarks import ground
from benchmarks.ground import Ground
from benchmarks.measure import Row, interleaved, seconds

DIMENSIONS = 512
HELD = 10_000
"""Vectors that are in the index beforehand."""
COUNT = 1_000
"""Vectors of one turn."""
BATCH = 1_000
REPEATS = 3
CENTRES, LATENT = 500, 64
KEY = "clip"

_FILES = (
    "insert into file (organisation_id, id, folder_id, type, name, description, storage_location,"
    " is_component, is_tombstone, created_at, updated_at)"
    " select $1, id, $2, 'IMAGE', id::text, '', 'OWN', false, false, now(), now()"
    " from unnest($3::uuid[]) as id"
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Files, and vectors for them that have not been written yet."""

    actor: Actor
    table: str
    fresh: Iterator[tuple[UUID, Floats]]

    def take(self) -> list[tuple[UUID, Floats]]:
        """Those of the next turn."""
        return [next(self.fresh) for _ in range(COUNT)]


async def rows(place: Ground) -> list[Row]:
    """Vectors per second."""
    await halfvec.register(place.bare)
    shelf = await _filled(place)
    ours, floor = await interleaved(
        REPEATS, partial(_ours, place, shelf), partial(_floor, place, shelf)
    )
    return [
        Row(
            name=f"vectors of {DIMENSIONS} into an index",
            unit="vectors/s",
            ours=ours,
            floor=floor,
            floor_is="COPY into the same table by its owner",
            bounds={"floor": 0.7},
            is_rate=True,
        )
    ]


async def _ours(place: Ground, shelf: Shelf) -> float:
    items = [
        Said(file_id=key, vector=base64.b64encode(vector.tobytes()).decode())
        for key, vector in shelf.take()
    ]

    async def written() -> None:
        for first in range(0, COUNT, BATCH):
            async with place.runtime.db.transaction(shelf.actor.scope) as tx:
                part = items[first : first + BATCH]
                answer = await writing.put(tx, shelf.actor, KEY, part, BulkMode.PARTIAL)
            assert {one["status"] for one in answer["results"]} == {"UPDATED"}

    return COUNT / await seconds(written)


async def _floor(place: Ground, shelf: Shelf) -> float:
    records = [(key, -1, False, halfvec.pack(vector)) for key, vector in shelf.take()]

    async def copied() -> None:
        for first in range(0, COUNT, BATCH):
            await _copy(place, shelf.table, records[first : first + BATCH])

    return COUNT / await seconds(copied)


async def _filled(place: Ground) -> Shelf:
    """An organisation with files, and the vectors of some of them in an index."""
    runtime = place.runtime
    actor = await ground.administrator(runtime)
    async with runtime.db.transaction(actor.scope) as tx:
        await metadata.add_embedding(tx, actor, key=KEY, dimensions=DIMENSIONS)
        folder = await folders.create(tx, actor, name="Images")
        table = await writing.name_of(tx, actor, await tables.table_of(tx, actor, KEY))
    ids = [clock.new_id() for _ in range(HELD + 2 * REPEATS * COUNT)]
    await place.bare.execute(_FILES, actor.organisation_id, folder.id, ids)
    vectors = zip(ids, clustered(len(ids)), strict=True)
    held = [(key, -1, False, halfvec.pack(vector)) for key, vector in _first(vectors, HELD)]
    await _copy(place, table, held)
    await _index(runtime, table)
    return Shelf(actor, table, vectors)


async def _index(runtime: Runtime, table: str) -> None:
    async def told(_: owner.Progress) -> None:
        return None

    async with owner.alone(runtime.settings, runtime.settings.vector_index_memory) as builder:
        await building.build(builder, table, DIMENSIONS, told)


async def _copy(place: Ground, table: str, records: list[tuple[UUID, int, bool, bytes]]) -> None:
    columns = ("file_id", "frame", "is_from_document", "vector")
    await place.bare.copy_records_to_table(table, records=records, columns=columns)


def _first(vectors: Iterator[tuple[UUID, Floats]], count: int) -> Iterator[tuple[UUID, Floats]]:
    return (next(vectors) for _ in range(count))


def clustered(count: int) -> Floats:
    """Unit vectors around centres in a space of few dimensions, as real ones lie; the same each time."""
    seed = np.random.default_rng(7)
    centres = seed.normal(size=(CENTRES, LATENT))
    latent = centres[seed.integers(CENTRES, size=count)] + 0.35 * seed.normal(size=(count, LATENT))
    spread = seed.normal(size=(LATENT, DIMENSIONS)) / np.sqrt(LATENT)
    found = latent @ spread + 0.05 * seed.normal(size=(count, DIMENSIONS))
    unit: Floats = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
    return unit
