"""Where our server's processor time goes while it does the same thing again and again."""

import signal
import tempfile
import time
from pathlib import Path

from benchmarks import contest, fanout, field, questions, wire
from benchmarks.contest import OURS, Entrant, Meter
from benchmarks.field import Place
from benchmarks.processes import Server

SECONDS = 5.0
ROUNDS = 10
FANOUT = "fanout"


async def report(place: Place, what: str) -> str:
    """The hottest functions at pages of so many files, at `{ __typename }` (0), or while events go out."""
    with tempfile.NamedTemporaryFile() as file:
        said = await (_events if what == FANOUT else _requests)(place, what, Path(file.name))
        return f"{said}\n{file.read().decode()}"


async def _requests(place: Place, size: str, profile: Path) -> str:
    is_page = int(size) > 0
    ask = questions.page(questions.FILES, int(size)) if is_page else questions.typename()
    headers = questions.bearer(place.shelf) if is_page else {}
    async with field.servers(place, [OURS], profile=profile) as servers:
        ours = Entrant(OURS, servers[OURS], wire.post("/graphql", ask, headers))
        answers = await contest.warmed([ours])
        if is_page:
            assert len(questions.files(answers[OURS])) == int(size)
        return await _asking(ours)


async def _asking(ours: Entrant) -> str:
    meter = Meter()
    async with ours.lines() as (line,):
        _toggle(ours.server)
        with meter.on(OURS, ours.server) as done:
            count, end = 0, time.perf_counter() + SECONDS
            while time.perf_counter() < end:
                await line.ask(ours.request)
                count += 1
            done(count)
        _toggle(ours.server)
        await line.ask(ours.request)  # signals are taken between two requests at the latest
    return f"{count} requests, {meter.milliseconds()[OURS]:.3g} ms of processor time each"


async def _events(place: Place, _: str, profile: Path) -> str:
    async with fanout.live(OURS, place, profile=profile) as show:
        await show.microseconds()
        _toggle(show.server)
        figures = [await show.microseconds() for _ in range(ROUNDS)]
        _toggle(show.server)
        await show.microseconds()
    mean = sum(figures) / ROUNDS
    return f"{mean:.3g} µs of processor time for each event and subscriber"


def _toggle(server: Server) -> None:
    """Begin to take samples, or end it."""
    server.process.send_signal(signal.SIGUSR2)
