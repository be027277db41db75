"""A contest: several entrants answer the same question in turns, and each is set against ours."""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmarks.measure import Row, ratio, turns
from benchmarks.processes import Server
from benchmarks.wire import Line

OURS, FLOOR = "ours", "floor"
WARM = 40


@dataclass(frozen=True, slots=True)
class Entrant:
    """A server and the request that it is sent."""

    name: str
    server: Server
    request: bytes

    @asynccontextmanager
    async def lines(self, count: int = 1) -> AsyncGenerator[list[Line]]:
        """New connections, and one request on each: servers hang up on those that were idle for seconds."""
        opened = [await Line.opened(self.server.port) for _ in range(count)]
        try:
            await asyncio.gather(*(line.ask(self.request) for line in opened))
            yield opened
        finally:
            for line in opened:
                line.close()


@dataclass(slots=True)
class Meter:
    """Counts the processor time of servers, and the requests that it went into."""

    _seconds: dict[str, float] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def on(self, name: str, server: Server) -> Iterator[Callable[[int], None]]:
        """Around work; call what it gives with the number of requests."""
        before = server.cpu_seconds()

        def done(count: int) -> None:
            used = server.cpu_seconds() - before
            self._seconds[name] = self._seconds.get(name, 0.0) + used
            self._counts[name] = self._counts.get(name, 0) + count

        yield done

    def milliseconds(self) -> dict[str, float]:
        """For one request, by name."""
        return {name: 1000 * self._seconds[name] / count for name, count in self._counts.items()}


async def warmed(entrants: Sequence[Entrant]) -> dict[str, bytes]:
    """Ask everyone some times over; the last answer of each."""
    answers = {}
    for one in entrants:
        async with one.lines() as (line,):
            for _ in range(WARM):
                answers[one.name] = await line.ask(one.request)
    return answers


async def latency(
    name: str, entrants: Sequence[Entrant], rounds: int, requests: int, **more: Any
) -> Row:
    """Milliseconds of a request, one after the other on one connection: medians of each round's median."""
    meter = Meter()

    async def trial(one: Entrant) -> float:
        async with one.lines() as (line,):
            with meter.on(one.name, one.server) as done:
                times = [await _timed(line, one.request) for _ in range(requests)]
                done(requests)
        return statistics.median(times)

    found = await _in_turns(entrants, rounds, trial)
    return row(name, found, unit="ms", cpu_ms=meter.milliseconds(), **more)


async def rate(
    name: str, entrants: Sequence[Entrant], rounds: int, connections: int, **more: Any
) -> Row:
    """Requests in a second, on several connections that each wait for the answer."""
    meter = Meter()

    async def trial(one: Entrant) -> float:
        async with one.lines(connections) as several:
            with meter.on(one.name, one.server) as done:
                begin = time.perf_counter()
                asking = (_until(begin + 1, line, one.request) for line in several)
                count = sum(await asyncio.gather(*asking))
                done(count)
                return count / (time.perf_counter() - begin)

    found = await _in_turns(entrants, rounds, trial)
    cpu_ms = meter.milliseconds()
    return row(name, found, unit="requests/s", is_rate=True, cpu_ms=cpu_ms, **more)


def row(name: str, figures: Mapping[str, Sequence[float]], **more: Any) -> Row:
    """Medians of the rounds' figures, and the medians of their ratios."""
    ours = figures[OURS]
    others = [one for one in figures if one != OURS]
    return Row(
        name=name,
        ours=statistics.median(ours),
        floor=statistics.median(figures[FLOOR]),
        peers={one: statistics.median(figures[one]) for one in others if one != FLOOR},
        ratios={one: ratio(ours, figures[one]) for one in others},
        **more,
    )


async def _in_turns(
    entrants: Sequence[Entrant], rounds: int, trial: Callable[[Entrant], Awaitable[float]]
) -> dict[str, list[float]]:
    found = await turns(rounds, *(partial(trial, one) for one in entrants))
    return {one.name: figures for one, figures in zip(entrants, found, strict=True)}


async def _timed(line: Line, request: bytes) -> float:
    begin = time.perf_counter()
    await line.ask(request)
    return (time.perf_counter() - begin) * 1000


async def _until(end: float, line: Line, request: bytes) -> int:
    count = 0
    while time.perf_counter() < end:
        await line.ask(request)
        count += 1
    return count
