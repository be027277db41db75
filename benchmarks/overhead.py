"""The smallest request there is: what a server costs before it has done anything."""

import orjson

from benchmarks import contest, field, questions, wire
from benchmarks.contest import FLOOR, OURS, Entrant
from benchmarks.field import POSTGRAPHILE, STOCK, Place
from benchmarks.measure import Row

BARE = "a handler without a framework"


async def rows(place: Place) -> list[Row]:
    """`{ __typename }` from nobody in particular, which every server here answers."""
    ask = questions.typename()
    async with field.servers(place, [OURS, FLOOR, POSTGRAPHILE, STOCK]) as servers:
        entrants = [
            Entrant(OURS, servers[OURS], wire.post("/graphql", ask, {})),
            Entrant(FLOOR, servers[FLOOR], wire.post("/route", ask, {})),
            Entrant(BARE, servers[FLOOR], wire.post("/bare", ask, {})),
            Entrant(POSTGRAPHILE, servers[POSTGRAPHILE], wire.post("/graphql", ask, {})),
            Entrant(STOCK, servers[STOCK], wire.post("/graphql", ask, {})),
        ]
        for name, answer in (await contest.warmed(entrants)).items():
            assert orjson.loads(answer)["data"] == {"__typename": "Query"}, (name, answer)
        return [
            await contest.latency(
                "{ __typename }",
                entrants,
                25,
                60,
                floor_is="a route of Starlette that reads and writes JSON",
                bounds={FLOOR: 1.6},
            )
        ]
