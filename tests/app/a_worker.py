"""A worker process whose only job writes down that it began, and hangs. Settings come from the environment."""

import asyncio

from app import worker
from app.core.runtime import Runtime
from app.core.settings import Settings


async def hang(runtime: Runtime, key: str) -> None:
    """Say so in Valkey, then never end."""
    await runtime.bus.rpush(key, "began")
    await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(worker.run(Settings(), {"test_hang": hang}, grace_seconds=0.5))
