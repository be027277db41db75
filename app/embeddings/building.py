"""Builds, rebuilds and drops the index over the vectors of one key, beside everybody who reads and writes."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from app.core import owner
from app.core.settings import Settings
from app.embeddings.models import VectorIndexState
from app.embeddings.tables import BITS_ABOVE

GRAPH = "m = 32, ef_construction = 200"
"""With half as many links, some searches found nothing of what is near."""
QUIET = (
    "set (autovacuum_vacuum_scale_factor = 0.5, autovacuum_vacuum_threshold = 100000,"
    " autovacuum_vacuum_insert_scale_factor = 0.5)"
)
"""Mending a graph costs more than building it anew once two in a hundred are dead: we do that in time."""
USUAL = (
    "reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,"
    " autovacuum_vacuum_insert_scale_factor)"
)

_IS_VALID = "select indisvalid from pg_index where indexrelid = to_regclass($1)"
_BROKEN = (
    "select indexrelid::regclass::text as name from pg_index"
    " where indrelid = to_regclass($1) and not indisvalid"
)
_PROGRESS = (
    "select phase, coalesce(blocks_done::float8 / nullif(blocks_total, 0), 0) as part"
    " from pg_stat_progress_create_index where pid = $1"
)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a build stands; `part` from 0 to 1."""

    state: VectorIndexState
    part: float = 0.0
    message: str = ""


Told = Callable[[Progress], Awaitable[None]]


class Builder:
    """The owner of the tables at work, and a second connection that watches."""

    def __init__(self, at_work: Any, watcher: Any) -> None:
        self._owner, self._watcher = at_work, watcher

    async def build(self, name: str, dimensions: int, told: Told) -> None:
        """Build the index of the table `name`, anew if it is there; what a crash left half made goes first."""
        await self._drop_broken(name)
        index = index_name(name)
        if await self._owner.fetchval(_IS_VALID, index):
            await self._make(name, f"reindex index concurrently {index}", told)
            # the graph is new: clearing away the dead rows has nothing to mend in it
            await self._owner.execute(f"vacuum {name}")
        else:
            await self._make(name, creation(name, dimensions), told)
        await self._owner.execute(f"alter table {name} {QUIET}")
        await self._owner.execute(f"analyze {name}")

    async def drop(self, name: str) -> None:
        """Drop the index of the table `name`, if it is there."""
        await self._drop_broken(name)
        await self._owner.execute(f"drop index concurrently if exists {index_name(name)}")
        await self._owner.execute(f"alter table if exists {name} {USUAL}")

    async def _drop_broken(self, name: str) -> None:
        for row in await self._owner.fetch(_BROKEN, name):
            await self._owner.execute(f"drop index concurrently if exists {row['name']}")

    async def _make(self, name: str, statement: str, told: Told) -> None:
        try:
            await self._watched(statement, told)
        except asyncpg.DiskFullError:
            # little shared memory, as in containers: the processes of a parallel build meet there
            await self._owner.execute("set max_parallel_maintenance_workers = 0")
            await self._drop_broken(name)
            await self._watched(statement, told)

    async def _watched(self, statement: str, told: Told) -> None:
        watching = asyncio.create_task(self._watch(told))
        try:
            await self._owner.execute(statement)
        finally:
            watching.cancel()
            await asyncio.wait([watching])

    async def _watch(self, told: Told) -> None:
        pid, before = self._owner.get_server_pid(), None
        while True:
            row = await self._watcher.fetchrow(_PROGRESS, pid)
            progress = _progress(row) if row else None
            if progress is not None and progress != before:
                await told(progress)
                before = progress
            await asyncio.sleep(owner.PAUSE_SECONDS)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Builder]:
    """The only builder of this database; waits until it is that."""
    memory = settings.vector_index_memory
    async with owner.alone(settings, memory) as at_work, owner.connected(settings, memory) as other:
        yield Builder(at_work, other)


def index_name(table: str) -> str:
    """What the index over the vectors of a table is called."""
    return f"{table}_ann"


def creation(table: str, dimensions: int) -> str:
    """The statement that makes the index: of the vectors, or of a bit for each component where those are many."""
    kind = "vector halfvec_cosine_ops"
    if dimensions > BITS_ABOVE:
        kind = f"(binary_quantize(vector)::bit({dimensions:d})) bit_hamming_ops"
    return (
        f"create index concurrently {index_name(table)} on {table} using hnsw ({kind})"
        f" with ({GRAPH})"
    )


def _progress(row: Any) -> Progress:
    if row["phase"].startswith("waiting"):
        message = "Waiting for older transactions to end; nobody else has to wait."
        return Progress(VectorIndexState.WAITING, message=message)
    return Progress(VectorIndexState.BUILDING, part=row["part"])
