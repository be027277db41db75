"""`python -m benchmarks`: every figure of ours beside its floor and its peers; a table, and results.json.

`--only reads` measures one group and leaves the other figures as they are; `--dry` writes nothing down;
`--profile 100` measures nothing and prints where our server's processor time goes at pages of 100; `--profile 0`
does so for `{ __typename }`, and `--profile fanout` for events.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence

from app.core import server
from app.core.settings import Settings
from benchmarks import (
    corpus,
    documents,
    events,
    fanout,
    field,
    filters,
    ground,
    growth,
    memory,
    overhead,
    profiling,
    reads,
    registration,
    results,
    similarity,
    vectors,
)
from benchmarks.ground import Ground
from benchmarks.measure import Row, table

FILES, MANY_FILES = 10_000, 1_000_000

Group = Callable[[Ground], Awaitable[list[Row]]]


async def _documents(_: Ground) -> list[Row]:
    return await documents.rows()


async def _reads(ground: Ground) -> list[Row]:
    return await reads.rows(await field.place(ground.runtime.settings, "reads", 1, FILES))


async def _overhead(ground: Ground) -> list[Row]:
    return await overhead.rows(await field.place(ground.runtime.settings, "overhead", 2, 100))


async def _fanout(ground: Ground) -> list[Row]:
    settings = ground.runtime.settings
    first = await field.place(settings, "first", 5, 100)
    return await fanout.rows(first, await field.place(settings, "second", 6, 100))


async def _growth(ground: Ground) -> list[Row]:
    settings = ground.runtime.settings
    small = await field.place(settings, "small", 3, FILES)
    return await growth.rows(small, await field.place(settings, "large", 4, MANY_FILES))


async def _filters(ground: Ground) -> list[Row]:
    place, tenants = await corpus.place(ground.runtime.settings, "corpus", 7, corpus.SIZES)
    return await filters.rows(place, tenants)


GROUPS: dict[str, Group] = {
    "documents": _documents,
    "registration": registration.rows,
    "vectors": vectors.rows,
    "memory": memory.rows,
    "events": events.rows,
    "reads": _reads,
    "overhead": _overhead,
    "fanout": _fanout,
    "growth": _growth,
    "filters": _filters,
    "similarity": similarity.rows,
}
"""What can be measured, in this order."""


def main() -> None:
    """Measure what was asked for, print it and write it down; the whole takes some minutes."""
    asked = _asked()
    with (
        ground.started() as settings,
        asyncio.Runner(loop_factory=server.loop_factory()) as runner,
    ):
        if asked.profile is not None:
            print(runner.run(_profile(settings, asked.profile)))
        else:
            runner.run(measure(settings, asked.only, is_dry=asked.dry))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=list(GROUPS), metavar="GROUP")
    parser.add_argument("--dry", action="store_true")
    parser.add_argument("--profile", metavar="SIZE|fanout")
    return parser.parse_args()


async def measure(settings: Settings, groups: Sequence[str], *, is_dry: bool) -> None:
    """These groups, on servers that run; each is told as soon as it is done."""
    found: list[Row] = []
    async with ground.opened(settings) as place:
        for group in groups:
            rows = await GROUPS[group](place)
            print(table(rows), flush=True)
            found += rows
            if not is_dry:
                await results.write(place, rows)
        if not is_dry and len(groups) == len(GROUPS):
            results.forget_all_but(found)


async def _profile(settings: Settings, what: str) -> str:
    return await profiling.report(await field.place(settings, "profiled", 1, FILES), what)


if __name__ == "__main__":
    main()
