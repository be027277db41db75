"""Hot reads: the wall between tenants holds without a transaction, and nothing is ever written."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

import asyncpg
import pytest

from app.core.clock import new_id
from app.core.db import APP_ROLE, Scope
from app.core.errors import Unavailable
from app.core.reads import Reads
from app.core.settings import Settings
from tests.world import Person, World

WHOSE = "select organisation_id from folder"
PROCESS = (
    "select pg_backend_pid() as pid, current_setting('app.organisation_id') as organisation_id"
)


@pytest.fixture
async def reads(settings: Settings) -> AsyncGenerator[Reads]:
    """One connection, so that everybody takes it in turn."""
    assert settings.database_url
    one = Reads(settings.database_url, role=APP_ROLE, size=1, wait_seconds=0.2)
    yield one
    await one.close()


async def owners(reads: Reads, scope: Scope) -> set[UUID]:
    return {row.organisation_id for row in await reads.fetch(scope, WHOSE)}


async def two_tenants(world: World) -> tuple[Person, Person]:
    people = await world.organisation(), await world.organisation()
    for person in people:
        await world.folder(person)
    return people


async def test_whoever_takes_a_connection_sees_their_own_organisation_alone(
    reads: Reads, world: World
) -> None:
    one, other = await two_tenants(world)
    for person in (one, other, one, other, other):
        assert await owners(reads, person.actor.scope) == {person.organisation_id}


async def test_without_an_organisation_there_is_nothing_to_see(reads: Reads, world: World) -> None:
    one, _ = await two_tenants(world)
    assert await owners(reads, one.actor.scope)
    assert await owners(reads, Scope()) == set()


async def test_a_read_that_was_cut_off_leaves_nothing_to_the_next(
    reads: Reads, world: World
) -> None:
    one, other = await two_tenants(world)
    for seconds in (0.0, 0.0005, 0.001, 0.002, 0.01):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await reads.fetch(one.actor.scope, "select pg_sleep(5)")
        assert await owners(reads, other.actor.scope) == {other.organisation_id}


async def test_nothing_can_be_written(reads: Reads, world: World) -> None:
    one, _ = await two_tenants(world)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await reads.fetch(one.actor.scope, "update folder set name = 'x'")


async def test_who_waits_too_long_for_a_connection_is_turned_away(reads: Reads) -> None:
    busy = asyncio.create_task(reads.fetch(Scope(), "select pg_sleep(1)"))
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable):
        await reads.fetch(Scope(), "select 1")
    await busy
    assert await reads.fetch(Scope(), "select 1")


async def test_a_server_that_went_away_in_between_is_asked_again(
    reads: Reads, settings: Settings
) -> None:
    (first,) = await reads.fetch(Scope(), PROCESS)
    assert settings.database_url
    admin = await asyncpg.connect(settings.database_url)
    await admin.execute("select pg_terminate_backend($1)", first.pid)
    await admin.close()
    await asyncio.sleep(0.1)
    (second,) = await reads.fetch(Scope(), PROCESS)
    assert second.pid != first.pid


async def test_a_connection_is_set_once_for_as_long_as_the_same_one_asks(reads: Reads) -> None:
    scope = Scope(new_id(), new_id())
    found = [(await reads.fetch(scope, PROCESS))[0] for _ in range(3)]
    assert {row.organisation_id for row in found} == {str(scope.organisation_id)}
    assert len({row.pid for row in found}) == 1


async def test_a_column_that_was_not_asked_for_is_told_by_its_name(reads: Reads) -> None:
    (row,) = await reads.fetch(Scope(), "select 1 as one")
    assert row.one == 1
    with pytest.raises(AttributeError, match="two"):
        row.two  # noqa: B018  the look-up is the test


async def test_a_page_is_read_by_one_process_of_the_database(reads: Reads) -> None:
    show = "select current_setting('max_parallel_workers_per_gather') as workers"
    assert [row.workers for row in await reads.fetch(Scope(), show)] == ["0"]
