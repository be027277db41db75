"""The database: short sessions that belong to one organisation, for reading or for changing.

The tenant is set for the transaction only (`set_config(…, true)`); row-level security then shows and
accepts rows of that organisation alone, whatever a query forgot to say.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import asyncpg
import sqlalchemy.ext.asyncio
import sqlalchemy.orm
import sqlmodel.orm.session as orm
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import halfvec, outbox

APP_ROLE = "labelgraph_app"
RELAY_ROLE = "labelgraph_relay"

_ENTER = text(
    "select set_config('app.organisation_id', :organisation_id, true),"
    " set_config('app.user_id', :user_id, true),"
    " set_config('transaction_read_only', :read_only, true),"
    " set_config('plan_cache_mode', :plans, true)"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom a transaction runs. Without an organisation it sees no tenant's rows."""

    organisation_id: UUID | None = None
    user_id: UUID | None = None


class _SyncSession(orm.Session):
    """What AsyncSession drives; `execute` without SQLModel's advice to use `exec`."""

    execute = sqlalchemy.orm.Session.execute


class Session(AsyncSession):
    """A session that reads: `exec` for SQLModel's select, `execute` for plain SQL."""

    sync_session_class = _SyncSession
    execute = sqlalchemy.ext.asyncio.AsyncSession.execute

    async def driver(self) -> "asyncpg.Connection[asyncpg.Record]":
        """The driver's own connection, inside this transaction: for COPY and for hot reads."""
        connection = await self.connection()
        raw = await connection.get_raw_connection()
        driver: asyncpg.Connection[asyncpg.Record] = raw.driver_connection
        return driver


class Tx(Session):
    """A session that will commit. Only code that changes things asks for one."""

    def emit(self, event: outbox.Event) -> None:
        """Announce a fact; it is written with the rows and goes out after the commit."""
        self.info.setdefault("events", []).append(event)

    async def write_events(self) -> list[outbox.Event]:
        """Put what was announced into the outbox. Called once, right before the commit."""
        events: list[outbox.Event] = self.info.pop("events", [])
        if events:
            await outbox.write(self, events)
        return events


def driver_url(url: str) -> URL:
    """The URL for SQLAlchemy's asyncpg dialect, from any `postgresql://` or `postgres://` form."""
    return make_url(url.replace("postgres://", "postgresql://", 1)).set(
        drivername="postgresql+asyncpg"
    )


class Database:
    """One pool of connections, all of them as one role."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.listeners: list[Callable[[list[outbox.Event]], None]] = []
        """Told what was announced by each transaction that was committed here."""

    @classmethod
    def open(cls, url: str, *, role: str, pool_size: int, wait_seconds: float = 2.0) -> Self:
        """A pool of at most `pool_size` connections; who waits longer than `wait_seconds` is turned away."""
        engine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=wait_seconds,
            connect_args={
                "server_settings": {
                    "role": role,
                    "application_name": "labelgraph",
                    "statement_timeout": "30s",
                    "lock_timeout": "10s",
                    "idle_in_transaction_session_timeout": "60s",
                    "jit": "off",
                }
            },
        )
        event.listen(engine.sync_engine, "connect", _teach)
        return cls(engine)

    async def close(self) -> None:
        """Give back every connection."""
        await self.engine.dispose()

    @asynccontextmanager
    async def read(self, scope: Scope) -> AsyncGenerator[Session]:
        """A read-only transaction for `scope`, rolled back at the end."""
        async with Session(self.engine, expire_on_commit=False) as session:
            await _begin(session, scope, read_only=True)
            yield session

    @asynccontextmanager
    async def transaction(self, scope: Scope) -> AsyncGenerator[Tx]:
        """Commit rows, events and jobs at the end of the block; roll all of them back if it raises."""
        async with Tx(self.engine, expire_on_commit=False) as tx:
            await _begin(tx, scope, read_only=False)
            yield tx
            await tx.flush()
            events = await tx.write_events()
            await _to_the_end(tx.commit())
            for listener in self.listeners:
                listener(events)


def _teach(connection: Any, _: object) -> None:
    """A new connection learns of the types that the driver does not know."""
    connection.run_async(halfvec.register)


async def _to_the_end(commit: Coroutine[Any, Any, None]) -> None:
    """Wait for a commit also when cancelled: half a commit would leave the connection unusable."""
    task = asyncio.ensure_future(commit)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _begin(session: Session, scope: Scope, *, read_only: bool) -> None:
    """Enter; with another connection if this one has died while nobody used it, as all do with their server."""
    try:
        await enter(session, scope, read_only=read_only)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        await session.rollback()
        await enter(session, scope, read_only=read_only)


async def enter(session: Session, scope: Scope, *, read_only: bool) -> None:
    """Set for whom the rest of the transaction runs."""
    await session.execute(
        _ENTER,
        {
            "organisation_id": str(scope.organisation_id or ""),
            "user_id": str(scope.user_id or ""),
            "read_only": "on" if read_only else "off",
            # a read is planned for its values; a write would plan each row's foreign keys anew
            "plans": "force_custom_plan" if read_only else "auto",
        },
    )


RETRYABLE_STATES = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03"})


def is_passing(error: BaseException) -> bool:
    """Whether the fault lies with the connection or a collision, so that the same work may be tried again.

    The list was seen under fault injection, driver's state errors included.
    """
    cause: Any = getattr(error, "orig", None) or error
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    driver = cause.__cause__ or cause
    return (
        state in RETRYABLE_STATES
        or getattr(driver, "sqlstate", None) in RETRYABLE_STATES
        or isinstance(
            driver,
            (
                OSError,
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,
                asyncpg.PostgresConnectionError,
                asyncpg.CannotConnectNowError,
            ),
        )
    )
