"""People who know their password, and browsers for them."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette

from app import main
from app.accounts.passwords import Hasher
from app.accounts.sessions import Sessions, set_password
from app.core.runtime import Runtime
from tests.browser import PASSWORD, Browser
from tests.world import Person, World


@pytest.fixture(scope="session")
def desk(runtime: Runtime) -> Sessions:
    """Sets passwords, as whoever runs the server can, with hashes that are quick to make."""
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return replace(main.sessions(runtime), hasher=Hasher(quick))


@pytest.fixture
async def person(world: World, desk: Sessions) -> Person:
    """Somebody who knows their password."""
    found = await world.organisation()
    await set_password(desk.db, desk.hasher, found.email, PASSWORD)
    return found


@pytest.fixture
async def browser(app: Starlette) -> AsyncGenerator[Browser]:
    async with Browser.opened(app) as opened:
        yield opened


@pytest.fixture
async def other_browser(app: Starlette) -> AsyncGenerator[Browser]:
    async with Browser.opened(app) as opened:
        yield opened
