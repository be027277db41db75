"""Where measurements take place: PostgreSQL and Valkey of their own, migrated, and an organisation in them."""

import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
from sqlmodel import select

from app.accounts import service
from app.accounts.actor import Actor
from app.accounts.authentication import EVERYTHING
from app.accounts.models import User
from app.accounts.roles import OrganisationRole
from app.core import clock, embedded, migrations, tasks
from app.core import runtime as runtimes
from app.core.db import Scope
from app.core.runtime import Runtime
from app.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Ground:
    """A runtime as a server has it, and a bare connection as the owner, whom row security does not bind."""

    runtime: Runtime
    bare: "asyncpg.Connection[asyncpg.Record]"


@contextmanager
def started() -> Iterator[Settings]:
    """Servers that do not wait for the disk, with a migrated database; nothing of them is left afterwards."""
    with embedded.temporary() as services, tempfile.TemporaryDirectory() as home:
        migrations.migrate(services.database_url)
        yield Settings(
            database_url=services.database_url, redis_url=services.redis_url, home=Path(home)
        )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Ground]:
    """The runtime and the bare connection."""
    async with runtimes.opened(settings) as runtime:
        bare = await asyncpg.connect(settings.database_url)
        try:
            tasks.settle_memory()  # as worker and server do
            yield Ground(runtime, bare)
        finally:
            await bare.close()


async def administrator(runtime: Runtime) -> Actor:
    """The administrator of a fresh organisation."""
    organisation_id = clock.new_id()
    email = f"{organisation_id.hex}@example.org"
    async with runtime.db.transaction(Scope(organisation_id)) as tx:
        await service.create_organisation(tx, organisation_id, "Benchmarks", email)
    async with runtime.db.read(Scope(organisation_id)) as session:
        user_id: UUID = (await session.exec(select(User.id).where(User.email == email))).one()
    return Actor(
        user_id=user_id,
        organisation_id=organisation_id,
        role=OrganisationRole.ADMIN,
        scopes=EVERYTHING,
        credential="benchmark",
    )
