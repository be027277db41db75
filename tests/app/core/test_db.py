"""Transactions and their connections."""

import asyncio
from collections.abc import AsyncGenerator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.db import APP_ROLE, Database, Scope
from app.core.settings import Settings

PROCESS = text("select pg_backend_pid()")
END = "select pg_terminate_backend($1)"


@pytest.fixture
async def db(settings: Settings) -> AsyncGenerator[Database]:
    assert settings.database_url
    made = Database.open(settings.database_url, role=APP_ROLE, pool_size=2)
    yield made
    await made.close()


async def ended(settings: Settings, *processes: int) -> None:
    """As a server that is started again does with all of them."""
    admin = await asyncpg.connect(settings.database_url)
    for process in processes:
        await admin.execute(END, process)
    await admin.close()
    await asyncio.sleep(0.1)


async def opened(db: Database) -> list[int]:
    """Both connections of the pool, which nobody uses now."""
    async with db.read(Scope()) as one, db.read(Scope()) as other:
        return [(await each.execute(PROCESS)).scalar_one() for each in (one, other)]


@pytest.mark.parametrize("is_read", [True, False])
async def test_connections_that_died_unused_are_opened_anew(
    db: Database, settings: Settings, is_read: bool
) -> None:
    dead = await opened(db)
    await ended(settings, *dead)
    for _ in dead:
        async with db.read(Scope()) if is_read else db.transaction(Scope()) as session:
            assert (await session.execute(PROCESS)).scalar_one() not in dead


async def cut_off(db: Database, settings: Settings) -> None:
    async with db.transaction(Scope()) as tx:
        await ended(settings, (await tx.execute(PROCESS)).scalar_one())
        await tx.execute(PROCESS)


async def test_what_has_begun_is_not_begun_anew_behind_its_back(
    db: Database, settings: Settings
) -> None:
    with pytest.raises(DBAPIError):
        await cut_off(db, settings)
