"""Hot reads: one statement each, on the driver's own connections, with no transaction around it.

The connections are read-only for good and of the application's role, so that row-level security holds. For
whom a connection reads is set on it for the session, and set anew whenever somebody else takes it: a wrong
tenant's rows cannot be read by forgetting, since nobody gets a connection but through `Reads`.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson

from app.core import halfvec
from app.core.compiled import Compiler
from app.core.db import Scope
from app.core.errors import Unavailable
from app.core.memo import Memo

_ENTER = (
    "select set_config('app.organisation_id', $1, false), set_config('app.user_id', $2, false),"
    " set_config('plan_cache_mode', $3, false), set_config('hnsw.ef_search', $4, false),"
    " set_config('hnsw.iterative_scan', $5, false), set_config('enable_seqscan', $6, false)"
)
STATEMENT_TIMEOUT = "8s"
AUTO, CUSTOM = "auto", "force_custom_plan"
"""PostgreSQL's plan_cache_mode: one plan for all arguments where that costs no more, or a new one each time."""

Ended = Callable[[BaseException | None], None]
"""Told how a statement ended: with this error, or well."""
Listener = Callable[[str], Ended | None]
"""Told the text of each statement when it begins to run."""
_BROKEN = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError)


@dataclass(frozen=True, slots=True)
class Scan:
    """How an index over vectors is searched."""

    ef_search: int = 200
    """How many candidates it holds at once, 1 to 1,000; also the most rows that it gives, unless it goes on.
    With pgvector's own default, 40, some searches miss all that is near."""
    goes_on: bool = False
    """Whether it goes on for more rows, roughly in order, when those did not suffice."""
    is_forced: bool = False
    """Whether tables are read by indexes alone: the planner counts no cost for values that lie outside of rows,
    as wide vectors do, and would read all of them."""


USUAL_SCAN = Scan()


class Row(asyncpg.Record):  # type: ignore[misc]
    """A row of the database; its columns are attributes, too."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"The column {name} was not asked for.") from None


_Setting = tuple[Scope, str, Scan]


@dataclass(slots=True)
class _Seat:
    """A connection, and what it is set to; None while that is not certain."""

    connection: "asyncpg.Connection[Row]"
    is_set_to: _Setting | None = None


class Reads:
    """At most `size` connections; who waits longer than `wait_seconds` is turned away with Unavailable."""

    def __init__(self, url: str, *, role: str, size: int, wait_seconds: float) -> None:
        self._url = url
        self._role = role
        self._wait_seconds = wait_seconds
        self.size = size
        self._places = asyncio.Semaphore(size)
        self._idle: list[_Seat] = []
        self.scans = asyncio.Semaphore(os.cpu_count() or 1)
        """For whoever reads much: as many at once as there are processors, so that others get their turn."""
        self.compiler = Compiler(1_000)
        self.kept = Memo[Any](2_000)
        """Statements and listings, by what they were made of."""
        self.listeners: list[Listener] = []
        self.in_use = 0
        """Connections at work just now."""

    async def fetch(
        self,
        scope: Scope,
        sql: str,
        arguments: Sequence[Any] = (),
        *,
        plans: str = AUTO,
        scan: Scan = USUAL_SCAN,
    ) -> list[Row]:
        """The rows of one statement, as `scope` may see them. `plans` is PostgreSQL's plan_cache_mode.

        Like the scope, `plans` and `scan` are settings of the connection that are set anew whenever it is taken
        for others.
        """
        if self._places.locked():
            await self._wait()
        else:
            await self._places.acquire()
        self.in_use += 1
        try:
            return await self._fetch((scope, plans, scan), sql, arguments)
        finally:
            self.in_use -= 1
            self._places.release()

    async def close(self) -> None:
        """Close what is open. Nobody reads any more."""
        idle, self._idle = self._idle, []
        for seat in idle:
            await seat.connection.close(timeout=2)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise Unavailable("Every connection to the database is in use.") from None

    async def _fetch(self, setting: _Setting, sql: str, arguments: Sequence[Any]) -> list[Row]:
        seat = self._pick(setting)
        if seat is not None:
            try:
                return await self._run(seat, setting, sql, arguments)
            except _BROKEN:
                self._idle.clear()  # the server went away; so have the others
        return await self._run(_Seat(await self._connect()), setting, sql, arguments)

    async def _run(
        self, seat: _Seat, setting: _Setting, sql: str, arguments: Sequence[Any]
    ) -> list[Row]:
        try:
            if seat.is_set_to != setting:
                await self._enter(seat, setting)
            return await self._ask(seat, sql, arguments)
        finally:
            if not seat.connection.is_closed():
                self._idle.append(seat)

    async def _enter(self, seat: _Seat, setting: _Setting) -> None:
        seat.is_set_to = None
        scope, plans, scan = setting
        texts = str(scope.organisation_id or ""), str(scope.user_id or "")
        going_on = "relaxed_order" if scan.goes_on else "off"
        plainly = "off" if scan.is_forced else "on"
        told = (*texts, plans, str(scan.ef_search), going_on, plainly)
        await self._ask(seat, _ENTER, told)
        seat.is_set_to = setting

    def _ask(self, seat: _Seat, sql: str, arguments: Sequence[Any]) -> Awaitable[list[Row]]:
        asked: Awaitable[list[Row]] = seat.connection.fetch(sql, *arguments)
        return self._heard(sql, asked) if self.listeners else asked

    async def _heard(self, sql: str, asked: Awaitable[list[Row]]) -> list[Row]:
        """What was asked for; the listeners hear of it."""
        endings = [ending for one in self.listeners if (ending := one(sql))]
        error: BaseException | None = None
        try:
            return await asked
        except BaseException as raised:
            error = raised
            raise
        finally:
            for ending in endings:
                ending(error)

    def _pick(self, setting: _Setting) -> _Seat | None:
        """An idle connection that is set already, else any."""
        for position in range(len(self._idle) - 1, -1, -1):
            if self._idle[position].is_set_to == setting:
                return self._idle.pop(position)
        return self._idle.pop() if self._idle else None

    async def _connect(self) -> "asyncpg.Connection[Row]":
        connection = await asyncpg.connect(
            self._url.replace("postgres://", "postgresql://", 1),
            record_class=Row,
            timeout=self._wait_seconds,
            server_settings={
                "role": self._role,
                "application_name": "labelgraph reads",
                "default_transaction_read_only": "on",
                "statement_timeout": STATEMENT_TIMEOUT,
                "jit": "off",
                # a page needs a few rows: to start helpers for it took ten times as long as reading them
                "max_parallel_workers_per_gather": "0",
            },
        )
        for kind in ("json", "jsonb"):
            await connection.set_type_codec(
                kind, schema="pg_catalog", encoder=str, decoder=orjson.loads
            )
        await halfvec.register(connection)
        return connection
