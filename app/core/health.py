"""Whether this process can serve: checks in words, for load balancers and for people.

`/livez` says whether the event loop still turns, and nothing else: who restarts us for a database that is away
makes it worse. `/readyz` says whether requests will be answered.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
import redis
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.core import migrations
from app.core.db import Scope, Session
from app.core.runtime import Runtime

DATABASE_SECONDS = 1.0
LONGEST_RELAY_LAG_SECONDS = 10.0
LONGEST_LOOP_LAG_SECONDS = 5.0
LAG_WINDOW = 50
LAG_STEP_SECONDS = 0.2

_RELAY_LAG = text(
    "select coalesce(extract(epoch from clock_timestamp() - created_at), 0)"
    " from outbox where position is null order by id limit 1"
)
_LIVE_WORKERS = text(
    "select count(*) from procrastinate_workers"
    " where last_heartbeat > now() - make_interval(secs => :silent_seconds)"
)


class State(StrEnum):
    """How a check ended. DEGRADED: requests are answered, something else is late."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the answer; `detail` is for people and names no host and no secret."""

    name: str
    state: State
    detail: str


class Pulse:
    """How the process itself is: whether it has been told to stop, and how late its event loop is."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._lags: deque[float] = deque(maxlen=LAG_WINDOW)

    @property
    def loop_lag_seconds(self) -> float:
        """The longest that the loop was late within about ten seconds."""
        return max(self._lags, default=0.0)

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(LAG_STEP_SECONDS)
            self.note(time.monotonic() - before - LAG_STEP_SECONDS)

    def note(self, lag_seconds: float) -> None:
        """Remember one measurement."""
        self._lags.append(max(0.0, lag_seconds))


def routes(runtime: Runtime, pulse: Pulse) -> list[BaseRoute]:
    """`/livez` and `/readyz`: 200 or 503, and JSON with a line per check."""
    expected = migrations.head()

    async def livez(_: Request) -> Response:
        return _answer([liveness(pulse)])

    async def readyz(_: Request) -> Response:
        return _answer(await readiness(runtime, pulse, expected))

    return [Route("/livez", livez), Route("/readyz", readyz)]


def liveness(pulse: Pulse) -> Check:
    """Whether the event loop turns."""
    lag = pulse.loop_lag_seconds
    state = State.OK if lag < LONGEST_LOOP_LAG_SECONDS else State.FAILED
    return Check("event_loop", state, f"at most {lag:.2f} s late in the last ten seconds")


async def readiness(runtime: Runtime, pulse: Pulse, expected: str) -> list[Check]:
    """Every check, in a fixed order. `expected` is the revision of the database that this code needs."""
    stopping = [Check("process", State.FAILED, "stopping: send no more requests")]
    running = [Check("process", State.OK, "running")]
    database, bus = await asyncio.gather(_database(runtime, expected), _bus(runtime))
    return [*(stopping if pulse.is_stopping else running), *database, bus]


async def _database(runtime: Runtime, expected: str) -> list[Check]:
    try:
        async with asyncio.timeout(DATABASE_SECONDS), runtime.system.read(Scope()) as session:
            found = await migrations.current(session)
            checks = [Check("database", State.OK, "answers"), schema_check(found, expected)]
            if found == expected:
                silent_seconds = runtime.settings.stalled_after_seconds
                checks += [await relay_check(session), await workers_check(session, silent_seconds)]
    except TimeoutError:
        return [Check("database", State.FAILED, f"no answer within {DATABASE_SECONDS:g} s")]
    except Exception as error:
        return [Check("database", State.FAILED, type(error).__name__)]
    return checks


def schema_check(found: str | None, expected: str) -> Check:
    """Whether the database is at the revision that this code knows as the newest."""
    if found == expected:
        return Check("schema", State.OK, f"at revision {found}")
    fact = f"at revision {found or 'none'}, and this version needs {expected}"
    return Check("schema", State.FAILED, f"{fact}: run `labelgraph migrate`")


async def relay_check(session: Session) -> Check:
    """Whether committed events get their positions."""
    lag = await relay_lag_seconds(session)
    if lag < LONGEST_RELAY_LAG_SECONDS:
        return Check("relay", State.OK, f"{lag:.1f} s behind")
    return Check("relay", State.FAILED, f"{lag:.0f} s behind: subscribers hear nothing")


async def workers_check(session: Session, silent_seconds: float) -> Check:
    """Whether somebody does the jobs."""
    count = await live_workers(session, silent_seconds)
    if count:
        return Check("workers", State.OK, f"{count} alive")
    return Check("workers", State.DEGRADED, "none alive: jobs wait; start `labelgraph worker`")


async def _bus(runtime: Runtime) -> Check:
    with suppress(redis.RedisError, OSError, TimeoutError):
        async with asyncio.timeout(DATABASE_SECONDS):
            await _awaited(runtime.bus.ping)
        return Check("valkey", State.OK, "answers")
    return Check("valkey", State.DEGRADED, "away: events come late, from the database")


async def _awaited(ask: Callable[[], Any]) -> None:
    """Await an answer of redis-py, whose types also cover its blocking client."""
    answer: Awaitable[Any] = ask()
    await answer


async def relay_lag_seconds(session: Session) -> float:
    """Age of the oldest event that has no position yet; 0 without one."""
    return float((await session.execute(_RELAY_LAG)).scalar_one_or_none() or 0.0)


async def live_workers(session: Session, silent_seconds: float) -> int:
    """How many workers have given a sign of life within `silent_seconds`."""
    found = await session.execute(_LIVE_WORKERS, {"silent_seconds": silent_seconds})
    return int(found.scalar_one())


def _answer(checks: Sequence[Check]) -> Response:
    worst = max((check.state for check in checks), key=list(State).index)
    body = {
        "status": worst,
        "checks": {check.name: {"state": check.state, "detail": check.detail} for check in checks},
    }
    return Response(
        orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE),
        status_code=503 if worst is State.FAILED else 200,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
