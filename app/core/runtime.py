"""What a process holds open: database, Valkey, storage, hub. Opened once, closed once."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from app.core import boot, clock, tasks
from app.core.db import APP_ROLE, RELAY_ROLE, Database
from app.core.held import Held
from app.core.hub import Hub
from app.core.reads import Reads
from app.core.relay import Relay
from app.core.settings import Settings
from app.core.storage.own import open_own
from app.core.storage.signing import Links
from app.core.storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The tools of a process, passed to whoever needs them."""

    settings: Settings
    db: Database
    """As the application's role: row-level security holds."""
    system: Database
    """As the relay's role: the outbox, and the look-ups that say who someone is."""
    bus: "redis.Redis"
    reads: Reads
    """Single statements as the application's role, without transactions."""
    system_reads: Reads
    """The same as the relay's role, for saying who somebody is."""
    hub: Hub
    storage: Store
    links: Links
    """Signs addresses of our own endpoint."""
    secret: bytes
    held: Held = field(default_factory=Held)
    """What features open on first use and keep."""


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Runtime]:
    """Open everything; refuse to if the application's role could go around row-level security."""
    if settings.database_url is None or settings.redis_url is None:
        raise RuntimeError("DATABASE_URL and REDIS_URL are not set, and nobody has started them.")
    db = Database.open(
        settings.database_url,
        role=APP_ROLE,
        pool_size=settings.pool_size,
        wait_seconds=settings.pool_wait_seconds,
    )
    system = Database.open(
        settings.relay_database_url or settings.database_url, role=RELAY_ROLE, pool_size=4
    )
    reads = Reads(
        settings.database_url,
        role=APP_ROLE,
        size=settings.pool_size,
        wait_seconds=settings.pool_wait_seconds,
    )
    system_reads = Reads(
        settings.relay_database_url or settings.database_url,
        role=RELAY_ROLE,
        size=4,
        wait_seconds=settings.pool_wait_seconds,
    )
    bus = valkey(settings.redis_url)
    key = secret(settings)
    links = Links(f"{settings.url}/storage", key, clock.now)
    held = Held()
    try:
        await boot.check_walls(db)
        yield Runtime(
            settings=settings,
            db=db,
            system=system,
            bus=bus,
            reads=reads,
            system_reads=system_reads,
            hub=Hub(system, bus),
            storage=open_own(storage_url(settings), links),
            links=links,
            secret=key,
            held=held,
        )
    finally:
        await asyncio.gather(
            held.close(),
            db.close(),
            system.close(),
            reads.close(),
            system_reads.close(),
            bus.aclose(),
        )


@asynccontextmanager
async def live(runtime: Runtime) -> AsyncGenerator[None]:
    """Run the hub and a relay beside the block."""
    await runtime.hub.start()
    loops = [
        asyncio.create_task(runtime.hub.run(), name="hub"),
        asyncio.create_task(
            Relay(runtime.system, runtime.system_reads, runtime.bus).run(), name="relay"
        ),
    ]
    try:
        yield
    finally:
        await tasks.ended(*loops)


def valkey(url: str) -> "redis.Redis":
    """A client that fails at once when Valkey is away: whoever asks has another way, and no time to lose."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=2,
        health_check_interval=15,
        retry=Retry(NoBackoff(), retries=1),  # one: a connection may have died while it was idle
    )


def storage_url(settings: Settings) -> str:
    """Where our own store lies: as told, or a folder in `home`."""
    if settings.storage_url is not None:
        return settings.storage_url
    folder = (settings.home / "storage").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder.as_uri()


def secret(settings: Settings) -> bytes:
    """The server's secret: as told, or made once and kept in `home`, readable by its owner only."""
    if settings.secret is not None:
        return settings.secret.get_secret_value().encode()
    path = settings.home / "secret"
    if not path.exists():
        settings.home.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        path.write_text(secrets.token_hex(32))
    return path.read_text().encode()
