"""How the contestants beside ours are served: by the same uvicorn in the same settings."""

import asyncio
import os

from starlette.types import ASGIApp

from app.core import server, tasks
from app.core.health import Pulse
from app.core.settings import Settings


async def serve(app: ASGIApp) -> None:
    """On PORT, until SIGTERM."""
    tasks.settle_memory()
    await server.create(app, Settings(port=int(os.environ["PORT"])), Pulse()).serve()


def runner() -> "asyncio.Runner":
    """A runner with the loop that our server has."""
    return asyncio.Runner(loop_factory=server.loop_factory())
