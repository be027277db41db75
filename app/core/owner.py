"""Connections as the owner of the tables, for what the application's role may not do: build and drop indexes.

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

LOCK = 7_245_110_015
"""Advisory lock of whoever builds."""
LOCK_TIMEOUT = "15min"
"""How long a build waits for one lock. Nobody who reads or writes waits behind it meanwhile."""
PAUSE_SECONDS = 0.5
WAITING = "Waiting for older transactions to end; nobody else has to wait."

_TRY_LOCK = "select pg_try_advisory_lock($1)"
_PROGRESS = (
    "select phase, blocks_done, blocks_total, tuples_done, tuples_total"
    " from pg_stat_progress_create_index where pid = $1"
)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a build stands: in blocks or rows of its present step, or waiting for others."""

    is_waiting: bool = False
    done: int = 0
    total: int | None = None

    @property
    def message(self) -> str:
        """What it waits for, for people; empty while it works."""
        return WAITING if self.is_waiting else ""


Told = Callable[[Progress], Awaitable[None]]


class Builder:
    """The owner of the tables at work, and a second connection that watches."""

    def __init__(self, owner: Any, watcher: Any) -> None:
        self.owner, self._watcher = owner, watcher

    @property
    def is_lost(self) -> bool:
        """Whether the connection has gone, so that nothing more can be built."""
        return bool(self.owner.is_closed())

    async def run(self, statement: str, told: Told) -> None:
        """Run a statement that builds an index; say how far it is, now and again."""
        watching = asyncio.create_task(self._watch(told))
        try:
            await self.owner.execute(statement)
        finally:
            watching.cancel()
            await asyncio.wait([watching])

    async def _watch(self, told: Told) -> None:
        pid, before = self.owner.get_server_pid(), None
        while True:
            row = await self._watcher.fetchrow(_PROGRESS, pid)
            progress = _progress(row) if row else None
            if progress is not None and progress != before:
                await told(progress)
                before = progress
            await asyncio.sleep(PAUSE_SECONDS)


@asynccontextmanager
async def alone(settings: Settings, memory: str) -> AsyncGenerator[Builder]:
    """The only builder of this database; waits until it is that. `memory` is for a build."""
    async with connected(settings, memory) as owner, connected(settings, memory) as watcher:
        while not await owner.fetchval(_TRY_LOCK, LOCK):  # noqa: ASYNC110  of another process
            await asyncio.sleep(PAUSE_SECONDS)
        yield Builder(owner, watcher)


@asynccontextmanager
async def connected(settings: Settings, memory: str) -> AsyncGenerator[Any]:
    """A connection which statements of any length may use."""
    url = settings.owner_database_url or settings.database_url or ""
    owner = await asyncpg.connect(
        url.replace("postgres://", "postgresql://", 1),
        server_settings={
            "application_name": "labelgraph indexes",
            "lock_timeout": LOCK_TIMEOUT,
            "maintenance_work_mem": memory,
            # a build whose worker has died ends, and lets go of its locks
            "client_connection_check_interval": "10s",
        },
    )
    try:
        yield owner
    finally:
        await owner.close(timeout=2)


def _progress(row: Any) -> Progress:
    if row["phase"].startswith("waiting"):
        return Progress(is_waiting=True)
    unit = "tuples" if row["tuples_total"] else "blocks"
    return Progress(done=row[f"{unit}_done"], total=row[f"{unit}_total"] or None)
