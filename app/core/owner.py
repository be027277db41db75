"""Connections as the owner of the tables, for what the application's role may not do: build and drop indexes.

One build at a time in a database. `CREATE INDEX CONCURRENTLY` waits for every transaction that is older than
itself; whoever waits for it in turn must not hold a transaction open, so the lock is tried again and again.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from app.core.settings import Settings

LOCK = 7_245_110_015
"""Advisory lock of whoever builds."""
LOCK_TIMEOUT = "15min"
"""How long a build waits for one lock. Nobody who reads or writes waits behind it meanwhile."""
PAUSE_SECONDS = 0.5

_TRY_LOCK = "select pg_try_advisory_lock($1)"


@asynccontextmanager
async def alone(settings: Settings, memory: str) -> AsyncGenerator[Any]:
    """A connection of the only builder of this database; waits until it is that. `memory` is for a build."""
    async with connected(settings, memory) as owner:
        while not await owner.fetchval(_TRY_LOCK, LOCK):  # noqa: ASYNC110  of another process
            await asyncio.sleep(PAUSE_SECONDS)
        yield owner


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
