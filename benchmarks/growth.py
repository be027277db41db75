"""What a page costs when the table has grown: the same one with 10,000 and with 1,000,000 files in it."""

from typing import Any

import orjson

from benchmarks import contest, field, questions, wire
from benchmarks.contest import FLOOR, OURS, Entrant
from benchmarks.field import Place
from benchmarks.measure import Row
from benchmarks.processes import Server
from benchmarks.wire import Line

SIZE, LEAP = 100, 1_000
SMALL = "10,000 files"
LARGE = "1,000,000 files"


async def rows(small: Place, large: Place) -> list[Row]:
    """A page from the middle of the list: ours with 1,000,000 files, beside ours with 10,000."""
    async with (
        field.servers(small, [OURS]) as with_few,
        field.servers(large, [OURS]) as with_many,
    ):
        entrants = [
            await _entrant(OURS, with_many[OURS], large),
            await _entrant(FLOOR, with_few[OURS], small),
        ]
        answers = await contest.warmed(entrants)
        assert all(len(questions.files(answer)) == SIZE for answer in answers.values())
        return [
            await contest.latency(
                f"cost growth: page of {SIZE} in the middle of {LARGE}",
                entrants,
                25,
                12,
                floor_is=f"ours with {SMALL}",
                bounds={FLOOR: 1.2},
            )
        ]


async def _entrant(name: str, server: Server, place: Place) -> Entrant:
    after = await _middle(server, place)
    return Entrant(name, server, _request(place, SIZE, after))


async def _middle(server: Server, place: Place) -> str | None:
    """The cursor at half of what the member sees, found by turning pages."""
    line = await Line.opened(server.port)
    after, left = None, place.shelf.visible_count // 2
    while left > 0:
        page_info = _page_info(await line.ask(_request(place, min(left, LEAP), after)))
        assert page_info["hasNextPage"], "half of the list is behind us"
        after, left = page_info["endCursor"], left - LEAP
    line.close()
    return after


def _request(place: Place, size: int, after: str | None) -> bytes:
    ask = questions.page(questions.FILES, size, after)
    return wire.post("/graphql", ask, questions.bearer(place.shelf))


def _page_info(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(body)["data"]["files"]["pageInfo"]
    return found
