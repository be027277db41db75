"""Pages of files with their folders: the time of one request after the other, and how many in a second."""

from collections.abc import Mapping

from benchmarks import contest, field, questions, wire
from benchmarks.contest import FLOOR, OURS, Entrant
from benchmarks.field import POSTGRAPHILE, STOCK, Place
from benchmarks.measure import Row
from benchmarks.processes import Server
from benchmarks.shelf import Shelf

FLOOR_IS = "a handler with asyncpg and orjson"
FLOOR_ASKS = "floor, looking each token up"
FLOOR_PLANS_ONCE = "floor, planned once"
POSTGRAPHILE_SIGNS_IN = "PostGraphile, signing in"
CONNECTIONS = 16


async def rows(place: Place) -> list[Row]:
    """The pages one after the other, and the throughput."""
    async with field.servers(place, [OURS, FLOOR, POSTGRAPHILE, STOCK]) as servers:
        return [
            await _page(place, servers, 100, 25, 12, {FLOOR: 1.5, POSTGRAPHILE: 0.75, STOCK: 0.25}),
            await _page(
                place, servers, 1_000, 15, 4, {FLOOR: 1.6, POSTGRAPHILE: 0.75, STOCK: 0.15}
            ),
            await _throughput(place, servers, 20, 9, {FLOOR: 0.65, POSTGRAPHILE: 1.3}),
        ]


def entrants(servers: Mapping[str, Server], shelf: Shelf, size: int) -> list[Entrant]:
    """Everyone who can give a page of `size`, with the request in their words.

    Three are for information: the floor and PostGraphile with a look-up of the token for each request, and the
    floor with a statement that is planned only once, as ours is.
    """
    ask, token = questions.page(questions.FILES, size), questions.bearer(shelf)
    ask_peer = questions.page(questions.POSTGRAPHILE_FILES, size)
    return [
        Entrant(OURS, servers[OURS], wire.post("/graphql", ask, token)),
        Entrant(FLOOR, servers[FLOOR], wire.post("/files", ask, token)),
        Entrant(FLOOR_ASKS, servers[FLOOR], wire.post("/asked", ask, token)),
        Entrant(FLOOR_PLANS_ONCE, servers[FLOOR], wire.post("/planned", ask, token)),
        Entrant(POSTGRAPHILE, servers[POSTGRAPHILE], wire.post("/graphql", ask_peer, {})),
        Entrant(
            POSTGRAPHILE_SIGNS_IN, servers[POSTGRAPHILE], wire.post("/graphql", ask_peer, token)
        ),
        Entrant(STOCK, servers[STOCK], wire.post("/graphql", ask, token)),
    ]


async def _page(
    place: Place,
    servers: Mapping[str, Server],
    size: int,
    rounds: int,
    requests: int,
    bounds: Mapping[str, float],
) -> Row:
    all_of_them = entrants(servers, place.shelf, size)
    sizes = await _agreed(all_of_them, size)
    name = f"page of {size:,} files x 16 fields + folder"
    return await contest.latency(
        name, all_of_them, rounds, requests, floor_is=FLOOR_IS, bounds=bounds, bytes=sizes
    )


async def _throughput(
    place: Place, servers: Mapping[str, Server], size: int, rounds: int, bounds: Mapping[str, float]
) -> Row:
    all_of_them = entrants(servers, place.shelf, size)
    sizes = await _agreed(all_of_them, size)
    name = f"throughput, {CONNECTIONS} connections, page of {size}"
    return await contest.rate(
        name, all_of_them, rounds, CONNECTIONS, floor_is=FLOOR_IS, bounds=bounds, bytes=sizes
    )


async def _agreed(all_of_them: list[Entrant], size: int) -> dict[str, int]:
    """Warm everyone up; fails unless all give the very same files. The bytes of each answer."""
    answers = await contest.warmed(all_of_them)
    files = {name: questions.files(answer) for name, answer in answers.items()}
    expected = files[FLOOR]
    assert len(expected) == size, f"{len(expected)} files came"
    for name, theirs in files.items():
        assert theirs == expected, f"{name}: {theirs[:1]} and not {expected[:1]}"
    return {name: len(answer) for name, answer in answers.items()}
