"""A small schema whose events the test makes, behind the real transports, on a port of its own."""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import strawberry
import structlog
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from app import main
from app.core.errors import Invalid
from app.core.metrics import Metrics
from app.core.runtime import Runtime
from app.core.tracing import Tracer
from schema.execution import streams
from schema.execution.planned.executor import PlannedExecutor
from schema.execution.sharing import Shared
from schema.scalars import EventCursor
from schema.transport.endpoint import Endpoint
from schema.transport.sockets import Sockets
from tests.conftest import listening
from tests.socket import Socket
from tests.world import Person

STATES = "subscription ($size: Int! = 0) { states(size: $size) { number text } }"
CHANGES = """
subscription ($size: Int! = 0, $after: EventCursor) {
  changes(size: $size, after: $after) { cursor number text }
}
"""


@strawberry.type
class Tick:
    """One event."""

    cursor: EventCursor
    number: int
    text: str


@dataclass(slots=True)
class Bell:
    """Where events come from."""

    opened_count: int = 0
    """How often a subscription was executed."""
    running_count: int = 0
    """Slow queries that nobody has cancelled yet."""
    _listeners: set["asyncio.Queue[int]"] = field(default_factory=set)

    @property
    def listener_count(self) -> int:
        """Subscriptions that are executed."""
        return len(self._listeners)

    def ring(self, number: int) -> None:
        """Make an event."""
        for listener in self._listeners:
            listener.put_nowait(number)

    async def heard(self) -> AsyncIterator[int]:
        """The numbers from now on; a negative one is an error."""
        queue: asyncio.Queue[int] = asyncio.Queue()
        self._listeners.add(queue)
        self.opened_count += 1
        try:
            while (number := await queue.get()) >= 0:
                yield number
            raise Invalid("the bell is broken")
        finally:
            self._listeners.discard(queue)


def schema_of(bell: Bell) -> strawberry.Schema:  # noqa: C901  one function for each field
    """A query that takes long, and the two kinds of streams."""

    @strawberry.type
    class Query:
        @strawberry.field
        async def slow(self) -> int:
            bell.running_count += 1
            try:
                await asyncio.sleep(30)
            finally:
                bell.running_count -= 1
            return 0

        @strawberry.field
        def large(self, size: int) -> str:
            return "x" * size

        @strawberry.field
        def logged(self) -> int:
            structlog.get_logger("ticking").info("at work")
            return 0

        @strawberry.field
        def broken(self) -> int:
            raise ZeroDivisionError

    async def ticks(size: int) -> AsyncGenerator[Tick]:
        async for number in bell.heard():
            yield Tick(cursor=EventCursor(f"c{number}"), number=number, text="x" * size)

    @strawberry.type
    class Subscription:
        @strawberry.subscription(metadata=streams.STATES)
        async def states(self, size: int = 0) -> AsyncGenerator[Tick]:
            async for tick in ticks(size):
                yield tick

        @strawberry.subscription
        async def changes(
            self, size: int = 0, after: EventCursor | None = None
        ) -> AsyncGenerator[Tick]:
            del after  # only its presence counts
            async for tick in ticks(size):
                yield tick

    return strawberry.Schema(
        query=Query,
        subscription=Subscription,
        execution_context_class=PlannedExecutor,
        config=main.build().config,
    )


@dataclass(frozen=True, slots=True)
class Ticking:
    """The server of it."""

    bell: Bell
    url: str
    sockets: Sockets
    shared: Shared

    @asynccontextmanager
    async def socket(self, person: Person | None = None) -> AsyncGenerator[Socket]:
        """A socket of somebody's, or of nobody's."""
        async with Socket.opened(f"{self.url.replace('http', 'ws')}/graphql", person) as socket:
            yield socket

    async def members(self, count: int) -> None:
        """Wait until so many subscribe, and their streams run."""
        await until(lambda: self.shared.member_count == count)
        await until(lambda: self.bell.listener_count == self.shared.group_count)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; the test fails if it does not within thirty seconds."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)


@asynccontextmanager
async def ticking(
    runtime: Runtime,
    tracer: Tracer | None = None,
    figures: Metrics | None = None,
    **settings: Any,
) -> AsyncGenerator[Ticking]:
    """Serve it; `settings` are other than those of the tests."""
    changed = dataclasses.replace(runtime, settings=runtime.settings.model_copy(update=settings))
    bell = Bell()
    endpoint: Endpoint = main.endpoint(changed, schema_of(bell), figures or Metrics(), tracer)
    app = Starlette(routes=[Route("/graphql", endpoint), WebSocketRoute("/graphql", endpoint)])
    sockets = endpoint.socket
    assert isinstance(sockets, Sockets)
    async with listening(app) as url:
        yield Ticking(bell, url, sockets, endpoint.http.shared)
