"""One change and 300 who watch: processor time of the server's process for each event and subscriber.

The change goes the whole way: a service writes the row and its event in one transaction; the server's relay
stamps it and passes it on to Valkey; its hub reads it there, and each subscriber is sent the job as it then is.
All of that, and what the server does while it waits, counts as ours. The floor is handed the bytes.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.core import runtime as runtimes
from app.core.db import Scope
from app.core.runtime import Runtime
from app.uploads import progress
from benchmarks import contest, field, wire
from benchmarks.audience import Audience
from benchmarks.contest import FLOOR, OURS
from benchmarks.field import STOCK, Place
from benchmarks.measure import Row, turns
from benchmarks.processes import Server
from benchmarks.wire import Line

SUBSCRIBERS = 300
ROUNDS = 7
EVENTS = {OURS: 30, FLOOR: 60, STOCK: 4}
"""In a round: so many that processor time, which is told in steps of 10 ms, can be read off."""

Change = Callable[[], Awaitable[str]]
"""Makes an event; says what stands in the message that it leads to."""


@dataclass(frozen=True, slots=True)
class Show:
    """A server with its audience."""

    name: str
    server: Server
    audience: Audience
    change: Change

    async def microseconds(self) -> float:
        """Processor time for each event and subscriber. An event follows when all have heard the last one."""
        count = EVENTS[self.name]
        before = self.server.cpu_seconds()
        for _ in range(count):
            await self._play()
        used = self.server.cpu_seconds() - before
        return 1_000_000 * used / (count * len(self.audience.sockets))

    async def _play(self) -> None:
        # nothing of it is sent before the change is made: that happens in a later turn of the loop
        self.audience.expect("")
        mark = await self.change()
        await self.audience.complete()
        assert mark in self.audience.last, self.audience.last


async def rows(first: Place, second: Place) -> list[Row]:
    """Ours and stock Strawberry's have a database each, so that none does the other's relaying."""
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(live(OURS, first))
        stock = await stack.enter_async_context(live(STOCK, second))
        await ours.microseconds()
        floor = await stack.enter_async_context(_bare(first, ours.audience.last))
        shows = (ours, floor, stock)
        found = await turns(ROUNDS, *(show.microseconds for show in shows))
    return [
        contest.row(
            f"CPU per event and subscriber, {SUBSCRIBERS} subscribers",
            {show.name: figures for show, figures in zip(shows, found, strict=True)},
            unit="µs",
            floor_is="a bare broadcast of the same bytes",
            bounds={FLOOR: 2.0, STOCK: 0.15},
        )
    ]


@asynccontextmanager
async def live(name: str, place: Place, *, profile: Path | None = None) -> AsyncGenerator[Show]:
    """A server on which changes are made by a service."""
    async with (
        field.servers(place, [name], profile=profile) as servers,
        runtimes.opened(place.settings) as runtime,
        Audience.gathered(
            servers[name].port, SUBSCRIBERS, place.shelf, is_greeted=True
        ) as audience,
    ):
        yield Show(name, servers[name], audience, lambda: _changed(runtime, place))


@asynccontextmanager
async def _bare(place: Place, message: str) -> AsyncGenerator[Show]:
    async with field.servers(place, [FLOOR]) as servers:
        port = servers[FLOOR].port
        request = wire.raw_post("/say", message.encode())

        async def said() -> str:
            line = await Line.opened(port)
            await line.ask(request)
            line.close()
            return message

        async with Audience.gathered(port, SUBSCRIBERS, place.shelf, is_greeted=False) as audience:
            yield Show(FLOOR, servers[FLOOR], audience, said)


async def _changed(runtime: Runtime, place: Place) -> str:
    """One unit more was read."""
    async with runtime.db.transaction(Scope(place.shelf.organisation_id)) as tx:
        job = await progress.locked(tx, place.shelf.job_id)
        job.done_count += 1
        progress.touch(tx, job)
        return f'"revision":{job.revision},'
