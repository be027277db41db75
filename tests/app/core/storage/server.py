"""A real HTTP server in the test's own loop, and waiting for what happens in it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[int]:
    """Serve the app on a free port of the loopback; gives the port."""
    config = uvicorn.Config(app, "127.0.0.1", 0, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


async def until(holds: Callable[[], bool | Awaitable[bool]], seconds: float = 30) -> None:
    """Ask again and again, since what is waited for happens on a disk or in another process."""
    async with asyncio.timeout(seconds):
        while not await _truth(holds()):  # noqa: ASYNC110 - nothing here can set an event
            await asyncio.sleep(0.01)


async def _truth(answer: bool | Awaitable[bool]) -> bool:
    return answer if isinstance(answer, bool) else await answer
