"""The second wall between organisations: what a statement that forgot `visible(actor)` can do. Nothing."""

from collections.abc import AsyncGenerator, Iterator
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text

from app.core import boot, migrations
from app.core.clock import new_id
from app.core.db import APP_ROLE, RELAY_ROLE, Database, Scope
from app.core.embedded import Services
from app.tables import METADATA
from tests.conftest import drop_database, fresh_database

TABLES = sorted(
    table.name for table in METADATA.tables.values() if "organisation_id" in table.columns
)
OURS, THEIRS = new_id(), new_id()

NEEDED = """
    select column_name, udt_name from information_schema.columns
    where table_schema = 'public' and table_name = %s and column_name <> 'organisation_id'
        and is_nullable = 'NO' and is_identity = 'NO' and column_default is null
"""
VALUES = {
    "uuid": "gen_random_uuid()",
    "timestamptz": "now()",
    "jsonb": "'{}'",
    "int4": "1",
    "int8": "1",
    "float8": "1",
    "bool": "false",
    "bytea": "decode(md5(random()::text), 'hex')",
    "tsvector": "'word'",
}
"""By type; anything else is some text, arrays are empty."""


@pytest.fixture(scope="module")
def url(services: Services) -> Iterator[str]:
    """A database with one row of theirs in every table, and none of ours."""
    made = fresh_database(services, "test_walls")
    migrations.migrate(made)
    with psycopg.connect(made) as owner:
        owner.execute("set session_replication_role = replica")  # rows without what they point to
        for table in TABLES:
            fill(owner, table, THEIRS)
    yield made
    drop_database(services, "test_walls")


@pytest.fixture(scope="module")
async def db(url: str) -> AsyncGenerator[Database]:
    """The database as the application's role has it."""
    opened = Database.open(url, role=APP_ROLE, pool_size=2)
    yield opened
    await opened.close()


def fill(owner: "psycopg.Connection[tuple[str, str]]", table: str, organisation_id: UUID) -> None:
    """Write one row with something in every column that must have it."""
    columns = owner.execute(NEEDED, [table]).fetchall()
    names = [sql.Identifier(name) for name, _ in columns]
    values = [sql.SQL(value(kind)) for _, kind in columns]
    owner.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join([sql.Identifier("organisation_id"), *names]),
            sql.SQL(", ").join([sql.Literal(organisation_id), *values]),
        )
    )


def value(kind: str) -> str:
    """SQL for some value of a type."""
    return VALUES.get(kind, "'{}'" if kind.startswith("_") else "gen_random_uuid()::text")


async def count(db: Database, table: str, scope: Scope) -> int:
    """Rows that a query without any condition finds."""
    async with db.read(scope) as session:
        found = await session.execute(text(f'select count(*) from "{table}"'))
        return int(found.scalar_one())


@pytest.mark.parametrize("table", [*TABLES, "file_part_default"])
async def test_a_query_without_a_condition_finds_what_is_of_its_own_organisation(
    db: Database, table: str
) -> None:
    assert await count(db, table, Scope(THEIRS)) == 1
    assert await count(db, table, Scope(OURS)) == 0
    assert await count(db, table, Scope()) == 0


@pytest.mark.parametrize("table", sorted({*TABLES} - {"outbox"}))
async def test_a_change_without_a_condition_touches_nothing_of_theirs(
    db: Database, table: str
) -> None:
    update = f'update "{table}" set organisation_id = organisation_id returning 1'
    async with db.transaction(Scope(OURS)) as tx:
        changed = (await tx.execute(text(update))).all()
        deleted = (await tx.execute(text(f'delete from "{table}" returning 1'))).all()
    assert (changed, deleted) == ([], [])
    assert await count(db, table, Scope(THEIRS)) == 1


@pytest.mark.parametrize("table", TABLES)
def test_a_row_cannot_be_written_into_another_organisation(url: str, table: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(f"set local role {APP_ROLE}")
        connection.execute("select set_config('app.organisation_id', %s, true)", [OURS.hex])
        with pytest.raises(InsufficientPrivilege, match="violates row-level security policy"):
            fill(connection, table, THEIRS)


async def test_the_application_cannot_bypass_the_walls(db: Database) -> None:
    await boot.check_walls(db)


@pytest.mark.parametrize("role", [APP_ROLE, RELAY_ROLE])
async def test_no_role_of_ours_bypasses_row_security(db: Database, role: str) -> None:
    async with db.read(Scope()) as session:
        can = await session.execute(
            text("select rolsuper or rolbypassrls from pg_roles where rolname = :role"),
            {"role": role},
        )
    assert can.scalar_one() is False
