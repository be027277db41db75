"""`python -m benchmarks`: every figure of ours beside its floor; a table, and benchmarks/results.json."""

import asyncio

from app.core.settings import Settings
from benchmarks import documents, events, ground, memory, registration, results
from benchmarks.measure import table


def main() -> None:
    """Measure everything, print it and write it down; takes some minutes."""
    with ground.started() as settings:
        asyncio.run(measure(settings))


async def measure(settings: Settings) -> None:
    """All rows, on servers that run."""
    async with ground.opened(settings) as place:
        rows = [
            *await documents.rows(),
            *await registration.rows(place),
            *await memory.rows(place),
            *await events.rows(place),
        ]
        await results.write(place, rows)
    print(table(rows))


if __name__ == "__main__":
    main()
