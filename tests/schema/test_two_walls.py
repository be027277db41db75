"""Organisations never see each other: row security holds alone, and so does `visible` alone."""

import asyncio
import importlib
import inspect
import pkgutil
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

import app
from app.accounts.actor import Actor
from app.accounts.models import Member, Organisation, PublicKey, User
from app.accounts.roles import OrganisationRole
from app.core.db import APP_ROLE, Database, Scope, Session
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.tables import METADATA
from schema.node import Source
from schema.query import NODES
from tests.planted import TENANT_TABLES, Tenant, planted

PARTITIONS = ["file_part_default"]
INSUFFICIENT_PRIVILEGE = "42501"
Two = tuple[Tenant, Tenant]


@pytest.fixture(scope="module")
def two(settings: Settings) -> Iterator[Two]:
    """Ours and theirs."""
    with planted(_url(settings)) as tenants:
        yield tenants


@pytest.fixture
async def without_row_security(settings: Settings) -> AsyncGenerator[Database]:
    """The same database as its owner, whom row security does not hold back."""
    db = Database.open(_url(settings), role="none", pool_size=1)
    yield db
    await db.close()


def _url(settings: Settings) -> str:
    assert settings.database_url is not None
    return settings.database_url


def code_of(error: DBAPIError) -> str | None:
    """The SQLSTATE."""
    code: str | None = getattr(error.orig, "sqlstate", None)
    return code


# The first wall: row security, for statements that forgot everything.


async def test_every_table_of_a_tenant_is_in_these_tests(runtime: Runtime) -> None:
    catalogue = text(
        "select table_name from information_schema.columns"
        " where table_schema = 'public' and column_name = 'organisation_id'"
    )
    async with runtime.db.read(Scope()) as session:
        found = set((await session.execute(catalogue)).scalars())
    assert found == {*TENANT_TABLES, *PARTITIONS}


@pytest.mark.parametrize("name", [*TENANT_TABLES, *PARTITIONS])
async def test_a_statement_without_any_condition_sees_ones_own_rows_alone(
    runtime: Runtime, two: Two, name: str
) -> None:
    ours, _ = two
    everything = text(f'select distinct organisation_id from "{name}"')
    async with runtime.db.read(ours.scope) as session:
        assert (await session.execute(everything)).scalars().all() == [ours.id]


@pytest.mark.parametrize("name", [*TENANT_TABLES, *PARTITIONS])
@pytest.mark.parametrize("scope", [Scope(), Scope(user_id=UUID(int=1)), Scope(UUID(int=1))])
async def test_without_an_organisation_nothing_is_seen(
    runtime: Runtime, two: Two, name: str, scope: Scope
) -> None:
    async with runtime.db.read(scope) as session:
        assert (await session.execute(text(f'select count(*) from "{name}"'))).scalar_one() == 0


@pytest.mark.parametrize("name", TENANT_TABLES)
async def test_no_row_is_written_for_others(runtime: Runtime, two: Two, name: str) -> None:
    ours, theirs = two
    table, stranger = TENANT_TABLES[name], Tenant(theirs.id)
    with pytest.raises(DBAPIError) as refused:
        async with runtime.db.transaction(ours.scope) as tx:
            await tx.execute(insert(table).values(stranger.row(table)))
    assert code_of(refused.value) == INSUFFICIENT_PRIVILEGE


@pytest.mark.parametrize("name", TENANT_TABLES)
async def test_no_row_is_given_to_others(runtime: Runtime, two: Two, name: str) -> None:
    ours, theirs = two
    given = update(TENANT_TABLES[name]).values(organisation_id=theirs.id)
    with pytest.raises(DBAPIError) as refused:
        async with runtime.db.transaction(ours.scope) as tx:
            await tx.execute(given)
    assert code_of(refused.value) == INSUFFICIENT_PRIVILEGE


@pytest.mark.parametrize("name", sorted({*TENANT_TABLES} - {"outbox"}))
async def test_no_row_of_others_is_changed_or_deleted(
    runtime: Runtime, two: Two, name: str
) -> None:
    ours, theirs = two
    table = TENANT_TABLES[name]
    is_theirs = table.c.organisation_id == theirs.id
    async with runtime.db.transaction(ours.scope) as tx:
        for change in (
            update(table).where(is_theirs).values(organisation_id=theirs.id),
            delete(table).where(is_theirs),
        ):
            assert (await tx.execute(change)).rowcount == 0


async def test_the_outbox_cannot_be_changed_at_all(runtime: Runtime, two: Two) -> None:
    outbox = TENANT_TABLES["outbox"]
    for change in (update(outbox).values(topic="other"), delete(outbox)):
        with pytest.raises(DBAPIError) as refused:
            async with runtime.db.transaction(two[0].scope) as tx:
                await tx.execute(change)
        assert code_of(refused.value) == INSUFFICIENT_PRIVILEGE


@pytest.mark.parametrize("table", [Organisation, User])
async def test_organisations_and_people_of_others_are_not_seen(
    runtime: Runtime, two: Two, table: type[Organisation | User]
) -> None:
    ours, _ = two
    async with runtime.db.read(ours.scope) as session:
        found = (await session.execute(select(table.id))).scalars().all()
    assert found == [ours.id if table is Organisation else ours.id_in("app_user")]


async def test_keys_are_their_owners_alone(runtime: Runtime, two: Two) -> None:
    ours, _ = two
    async with runtime.db.read(ours.scope) as session:
        assert (await session.execute(select(PublicKey.user_id))).scalars().all() == [
            ours.id_in("app_user")
        ]
    async with runtime.db.read(Scope(ours.id)) as session:
        assert (await session.execute(select(PublicKey.user_id))).scalars().all() == []


async def test_what_somebody_is_elsewhere_can_be_seen_and_not_touched(
    runtime: Runtime, two: Two
) -> None:
    ours, theirs = two
    both = Scope(ours.id, theirs.id_in("app_user"))
    async with runtime.db.transaction(both) as tx:
        seen = (await tx.execute(select(Member.organisation_id))).scalars().all()
        assert set(seen) == {ours.id, theirs.id}
        for table, is_theirs in (
            (Member, Member.organisation_id == theirs.id),
            (Organisation, Organisation.id == theirs.id),
        ):
            assert (await tx.execute(delete(table).where(is_theirs))).rowcount == 0


async def test_a_colleague_is_not_changed_by_statements_on_all_users(
    runtime: Runtime, two: Two
) -> None:
    ours, _ = two
    async with runtime.db.transaction(Scope(ours.id)) as tx:
        changed = await tx.execute(update(User).values(password_hash="stolen"))
        assert changed.rowcount == 0


# The tenant belongs to the transaction, not to the connection.


@pytest.fixture
async def one_connection(settings: Settings) -> AsyncGenerator[Database]:
    db = Database.open(_url(settings), role=APP_ROLE, pool_size=1)
    yield db
    await db.close()


async def rows_seen_by_the_next(db: Database) -> int:
    """What a statement sees on the pooled connection, if nobody says for whom it is."""
    async with Session(db.engine) as session:
        counted = await session.execute(select(func.count()).select_from(METADATA.tables["folder"]))
        return int(counted.scalar_one())


async def test_the_next_user_of_a_connection_is_nobody_again(
    one_connection: Database, two: Two
) -> None:
    for block in (one_connection.read, one_connection.transaction):
        async with block(two[0].scope) as session:
            assert (await session.execute(text("select count(*) from folder"))).scalar_one() == 1
        assert await rows_seen_by_the_next(one_connection) == 0


async def test_after_a_cancelled_request_the_connection_is_nobodys_again(
    one_connection: Database, two: Two
) -> None:
    async def request() -> None:
        async with one_connection.transaction(two[0].scope) as tx:
            await tx.execute(text("select pg_sleep(30)"))

    running = asyncio.create_task(request())
    await asyncio.sleep(0.2)
    running.cancel()
    with suppress(asyncio.CancelledError, DBAPIError):
        await running
    assert await rows_seen_by_the_next(one_connection) == 0


async def test_after_an_error_the_connection_is_nobodys_again(
    one_connection: Database, two: Two
) -> None:
    with pytest.raises(DBAPIError):
        async with one_connection.transaction(two[0].scope) as tx:
            await tx.execute(text("select 1 / 0"))
    assert await rows_seen_by_the_next(one_connection) == 0


# The second wall: `visible`, with row security off.


def visible_statements() -> list[Callable[[Actor], Any]]:
    """Every function of the application that says what an actor may see, by its name and signature."""
    found = []
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if module.name.startswith("app.cli") or module.ispkg:
            continue
        loaded = importlib.import_module(module.name)
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            is_its_own = function.__module__ == module.name
            if is_its_own and name.startswith(("visible", "listed")) and _takes_an_actor(function):
                found.append(function)
    return found


def _takes_an_actor(function: Callable[..., Any]) -> bool:
    required = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is inspect.Parameter.empty
    ]
    return required == ["actor"]


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__name__}"


def test_there_are_functions_that_say_what_is_visible() -> None:
    assert len(visible_statements()) >= 12


@pytest.mark.parametrize("role", OrganisationRole)
@pytest.mark.parametrize("visible", visible_statements(), ids=_name)
async def test_what_is_visible_is_ones_own_even_without_row_security(
    without_row_security: Database,
    two: Two,
    visible: Callable[[Actor], Any],
    role: OrganisationRole,
) -> None:
    ours, theirs = two
    foreign = {theirs.id, *theirs.ids.values()}
    async with without_row_security.read(ours.scope) as session:
        assert await rows_of_everybody(session) > 1
        rows = (await session.execute(visible(ours.actor(role)))).scalars().all()
    assert rows, "nothing is visible, so that nothing is tested"
    assert not [row for row in rows if foreign & ids_in(row)]


def ids_in(row: Any) -> set[UUID]:
    """Every id that a row holds."""
    return {value for value in vars(row).values() if isinstance(value, UUID)}


async def rows_of_everybody(session: Session) -> int:
    """The control: row security is off indeed."""
    found = await session.execute(text("select count(distinct organisation_id) from folder"))
    return int(found.scalar_one())


@pytest.mark.parametrize("kind", NODES)
async def test_no_node_of_others_is_found_by_its_id_even_without_row_security(
    without_row_security: Database, two: Two, kind: Kind
) -> None:
    ours, theirs = two
    source: Source = NODES[kind]
    actor = ours.actor(OrganisationRole.ADMIN)
    async with without_row_security.read(ours.scope) as session:
        assert await source.rows(session, actor, [theirs.id, *theirs.ids.values()]) == {}
        assert await source.rows(session, actor, [ours.id, *ours.ids.values()]) != {}
