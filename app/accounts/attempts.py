"""Counts attempts, so that nobody can guess for long.

The counts are kept in Valkey, for all processes together; while it is away, each process counts for itself.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis.asyncio as redis

from app.core.errors import RateLimited

MOST_COUNTS = 10_000
"""Held in this process at once; past that the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many attempts are free in how many seconds."""

    count: int
    seconds: int


class Attempts:
    """Windows begin with the first attempt and are as long as their limit says."""

    def __init__(self, bus: "redis.Redis", clock: Callable[[], float] = time.monotonic) -> None:
        self._bus = bus
        self._clock = clock
        self._counts: dict[str, tuple[int, float]] = {}
        """Number of attempts, and when the window ends."""

    async def take(self, what: str, limit: Limit) -> None:
        """Count one attempt at `what`. Raises RateLimited if that is more than the limit."""
        key = "labelgraph:attempts:" + hashlib.sha256(what.encode()).hexdigest()
        try:
            count, wait = await self._count(key, limit)
        except redis.RedisError:
            count, wait = self._count_here(key, limit)
        if count > limit.count:
            raise RateLimited(f"Too many attempts; try again in {wait} seconds.", wait)

    async def forget(self, what: str) -> None:
        """Begin anew, after an attempt that was right."""
        key = "labelgraph:attempts:" + hashlib.sha256(what.encode()).hexdigest()
        self._counts.pop(key, None)
        try:
            await self._bus.delete(key)
        except redis.RedisError:
            return

    async def _count(self, key: str, limit: Limit) -> tuple[int, int]:
        async with self._bus.pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, limit.seconds, nx=True)
            pipe.ttl(key)
            count, _, wait = await pipe.execute()
        return count, max(1, wait)

    def _count_here(self, key: str, limit: Limit) -> tuple[int, int]:
        now = self._clock()
        count, until = self._counts.pop(key, (0, now + limit.seconds))
        if until <= now:
            count, until = 0, now + limit.seconds
        if len(self._counts) >= MOST_COUNTS:
            self._counts.pop(next(iter(self._counts)))
        self._counts[key] = count + 1, until
        return count + 1, max(1, round(until - now))
