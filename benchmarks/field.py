"""Where contests take place: databases with their data, and the servers on them, a process each."""

import asyncio
import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from app.core import migrations
from app.core.settings import Settings
from benchmarks import processes, shelf
from benchmarks.contest import FLOOR, OURS
from benchmarks.processes import ROOT, Server
from benchmarks.shelf import Shelf

STOCK, POSTGRAPHILE = "stock Strawberry", "PostGraphile"
MODULES = {OURS: "ours", FLOOR: "floor", STOCK: "stock"}
"""Below benchmarks.contestants."""

NODE = ROOT / "tools" / "with-node"
PACKAGE = Path(__file__).parent / "postgraphile"
HEAP = "--max-old-space-size=1024"


@dataclass(frozen=True, slots=True)
class Place:
    """A database of its own with its data."""

    settings: Settings
    shelf: Shelf


async def place(settings: Settings, name: str, bus: int, count: int) -> Place:
    """A new database and a number of Valkey's for one purpose, with `count` files."""
    ours = await database(settings, name, bus)
    return Place(ours, await shelf.filled(ours, count))


async def database(settings: Settings, name: str, bus: int) -> Settings:
    """A new database, migrated, and a number of Valkey's."""
    assert settings.database_url is not None
    await _execute(settings.database_url, f"create database {name}")
    url = settings.database_url.replace("/labelgraph?", f"/{name}?")
    own = {"database_url": url, "redis_url": f"{settings.redis_url}?db={bus}"}
    await asyncio.to_thread(migrations.migrate, url)
    return settings.model_copy(update=own)


@asynccontextmanager
async def servers(
    place: Place, names: Sequence[str], *, profile: Path | None = None
) -> AsyncGenerator[dict[str, Server]]:
    """These servers, all of them at once."""
    async with AsyncExitStack() as stack:
        found = {}
        for name in names:
            command = await _command(name, place)
            environment = _environment(place) | (
                {"BENCHMARK_PROFILE": str(profile)} if profile else {}
            )
            running = processes.running(command, environment)
            found[name] = await stack.enter_async_context(running)
        yield found


def _environment(place: Place) -> dict[str, str]:
    """Where the data are; and for a server that signs nobody in, who asks."""
    return {
        "DATABASE_URL": str(place.settings.database_url),
        "REDIS_URL": str(place.settings.redis_url),
        "LABELGRAPH_HOME": str(place.settings.home),
        "LABELGRAPH_LOG_LEVEL": "WARNING",
        "LABELGRAPH_POINTS_PER_MINUTE": str(2**31 - 1),
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "ORGANISATION_ID": str(place.shelf.organisation_id),
        "USER_ID": str(place.shelf.user_id),
    }


async def _command(name: str, place: Place) -> list[str]:
    if name != POSTGRAPHILE:
        return processes.python(f"benchmarks.contestants.{MODULES[name]}")
    await asyncio.to_thread(_install)
    await _execute(str(place.settings.database_url), (PACKAGE / "views.sql").read_text())
    return [str(NODE), "node", HEAP, str(PACKAGE / "server.mjs")]


def _install() -> None:
    """Fetch PostGraphile, unless that very version is there."""
    stamp = PACKAGE / "node_modules" / ".package-lock.json"
    lock = PACKAGE / "package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        install = ["npm", "ci", "--ignore-scripts", "--prefix", str(PACKAGE)]
        subprocess.run([str(NODE), *install], check=True, stdout=subprocess.DEVNULL, timeout=600)


async def _execute(url: str, statements: str) -> None:
    bare = await asyncpg.connect(url)
    try:
        await bare.execute(statements)
    finally:
        await bare.close()
