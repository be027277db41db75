"""Builds and drops indexes over the owner's connection, outside of transactions, beside everybody who writes.

One build at a time in a database. `CREATE INDEX CONCURRENTLY` waits for every transaction that is older than
itself; whoever waits for it in turn must not hold a transaction open, so the lock is tried again and again.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from app.core.settings import Settings
from app.search.indexes import KeyIndex
from app.search.models import IndexState

LOCK = 7_245_110_015
"""Advisory lock of whoever builds."""
LOCK_TIMEOUT = "15min"
"""How long a build waits for one lock. Nobody who reads or writes files waits behind it meanwhile."""
PAUSE_SECONDS = 0.5

_STATE = (
    "select i.indisvalid from pg_class c join pg_index i on i.indexrelid = c.oid"
    " where c.oid = to_regclass($1)"
)
_TRY_LOCK = "select pg_try_advisory_lock($1)"
_PROGRESS = (
    "select phase, blocks_done, blocks_total, tuples_done, tuples_total"
    " from pg_stat_progress_create_index where pid = $1"
)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a build stands: in blocks or rows of its present step."""

    state: IndexState
    done: int = 0
    total: int | None = None
    message: str = ""


Told = Callable[[Progress], Awaitable[None]]


class Builder:
    """The owner of the tables at work, and a second connection that watches."""

    def __init__(self, owner: Any, watcher: Any) -> None:
        self._owner, self._watcher = owner, watcher

    @property
    def is_lost(self) -> bool:
        """Whether the connection has gone, so that nothing more can be built."""
        return bool(self._owner.is_closed())

    async def build(self, index: KeyIndex, told: Told) -> None:
        """Build the index unless it is there; one that a crash has left half made is dropped first."""
        is_valid = await self._owner.fetchval(_STATE, index.name)
        if is_valid is False:
            await self.drop(index.name)
        if not is_valid:
            watching = asyncio.create_task(self._watch(told))
            try:
                await self._owner.execute(index.creation)
            finally:
                watching.cancel()
                await asyncio.wait([watching])
        if index.statistics is not None:
            await self._owner.execute(index.statistics)

    async def drop(self, name: str) -> None:
        """Drop the index and the statistics of this name, if they are there."""
        await self._owner.execute(f"drop index concurrently if exists {name}")
        await self._owner.execute(f"drop statistics if exists {name}")

    async def analyze(self, table: str) -> None:
        """Look at the table's values; without that plans may be a hundred times off."""
        await self._owner.execute(f"analyze {table}")

    async def _watch(self, told: Told) -> None:
        pid, before = self._owner.get_server_pid(), None
        while True:
            row = await self._watcher.fetchrow(_PROGRESS, pid)
            progress = _progress(row) if row else None
            if progress is not None and progress != before:
                await told(progress)
                before = progress
            await asyncio.sleep(PAUSE_SECONDS)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Builder]:
    """The only builder of this database; waits until it is that."""
    owner = await connected(settings)
    try:
        watcher = await connected(settings)
        try:
            while not await owner.fetchval(_TRY_LOCK, LOCK):  # noqa: ASYNC110  of another process
                await asyncio.sleep(PAUSE_SECONDS)
            yield Builder(owner, watcher)
        finally:
            await watcher.close(timeout=2)
    finally:
        await owner.close(timeout=2)


async def connected(settings: Settings) -> Any:
    """A connection as the owner of the tables, which statements of any length may use."""
    url = settings.owner_database_url or settings.database_url or ""
    return await asyncpg.connect(
        url.replace("postgres://", "postgresql://", 1),
        server_settings={
            "application_name": "labelgraph indexes",
            "lock_timeout": LOCK_TIMEOUT,
            "maintenance_work_mem": settings.index_memory,
            # a build whose worker has died ends, and lets go of its locks
            "client_connection_check_interval": "10s",
        },
    )


def _progress(row: Any) -> Progress:
    if row["phase"].startswith("waiting"):
        message = "Waiting for older transactions to end; nobody else has to wait."
        return Progress(IndexState.WAITING, message=message)
    unit = "tuples" if row["tuples_total"] else "blocks"
    return Progress(IndexState.BUILDING, row[f"{unit}_done"], row[f"{unit}_total"] or None)
