"""A server would rather not start than start without its walls (real database, real roles)."""

import pytest
from sqlalchemy import text

from app.core import boot
from app.core.db import Database
from app.core.runtime import Runtime
from app.core.settings import Settings
from tests.planted import owner


async def test_a_server_starts_with_its_walls(runtime: Runtime) -> None:
    await boot.check_walls(runtime.db)


async def test_a_superuser_is_refused(settings: Settings) -> None:
    db = Database.open(_url(settings), role="none", pool_size=1)
    with pytest.raises(boot.WallMissing, match="can bypass"):
        await boot.check_walls(db)
    await db.close()


async def test_a_role_that_bypasses_row_security_is_refused(settings: Settings) -> None:
    with owner(_url(settings)) as connection:
        connection.execute(text("drop role if exists labelgraph_test_bypass"))
        connection.execute(text("create role labelgraph_test_bypass bypassrls"))
        connection.execute(text("grant labelgraph_test_bypass to current_user"))
    db = Database.open(_url(settings), role="labelgraph_test_bypass", pool_size=1)
    try:
        with pytest.raises(boot.WallMissing, match="labelgraph_test_bypass can bypass"):
            await boot.check_walls(db)
    finally:
        await db.close()
        with owner(_url(settings)) as connection:
            connection.execute(text("drop role labelgraph_test_bypass"))


POLICY = "create policy tenant on unwalled using (organisation_id = app_organisation_id())"


@pytest.mark.parametrize(
    "walls",
    [
        [],
        [POLICY],
        [POLICY, "alter table unwalled enable row level security"],
        [
            "alter table unwalled enable row level security",
            "alter table unwalled force row level security",
        ],
    ],
)
async def test_a_table_that_lacks_a_part_of_its_wall_is_named(
    runtime: Runtime, settings: Settings, walls: list[str]
) -> None:
    with owner(_url(settings)) as connection:
        connection.execute(text("create table unwalled (organisation_id uuid)"))
        for wall in walls:
            connection.execute(text(wall))
    try:
        with pytest.raises(boot.WallMissing, match="unwalled"):
            await boot.check_walls(runtime.db)
    finally:
        with owner(_url(settings)) as connection:
            connection.execute(text("drop table unwalled"))


def _url(settings: Settings) -> str:
    assert settings.database_url is not None
    return settings.database_url
