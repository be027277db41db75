"""Points per minute for each caller: token buckets in Valkey, drawn from in slices.

A bucket holds a minute's points and fills all the time. A process takes a slice out of it, a hundredth, and serves
from that, so most requests ask nobody; what it has not used within a minute it forgets. With n processes a caller
is turned away at most n slices early, and gets nothing that the bucket did not give.
While Valkey is away, each process has half a bucket of its own for each caller, which fills at half the rate.
"""

import asyncio
import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network, ip_address

import redis.asyncio as redis

from app.accounts.actor import Actor
from schema.codes import Code
from schema.execution.request import Refusal, Stage, problem

SLICES = 100
MOST_CALLERS = 10_000
"""Known to this process at once; past that the longest known lose their slices."""
PATIENCE_SECONDS = 0.25
AWAY_SECONDS = 5.0
"""How long Valkey is left alone after it has failed."""
MINUTE = 60.0

_TAKE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local capacity, rate, needed, slice = unpack(ARGV)
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = math.min(capacity, (kept[1] or capacity) + math.max(0, now - (kept[2] or now)) * rate)
local taken = left >= tonumber(needed) and math.floor(math.min(left, slice)) or 0
redis.call('HSET', KEYS[1], 'left', left - taken, 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(capacity / rate * 1000))
return {taken, math.floor(left - taken)}
"""
"""Fill the bucket up to now, and take a slice if the bucket has what is needed: (taken, left). A bucket that does
not exist is full. KEYS: the bucket; ARGV: capacity, points a second, points needed, points of a slice."""

Caller = tuple[object, ...]
"""Who pays."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What an operation costs, and what its caller can still spend."""

    price: int
    remaining: int
    limit: int
    """Points in a full bucket, which is also what flows into it in a minute."""
    reset_seconds: int
    """Until the bucket is full again, if nothing is spent."""

    def told(self) -> dict[str, int]:
        """As `extensions.cost` says it."""
        return {
            "requested": self.price,
            "remaining": self.remaining,
            "limit": self.limit,
            "resetSeconds": self.reset_seconds,
        }


@dataclass(slots=True)
class _Purse:
    """What this process holds for a caller, and what was in the bucket when it last looked."""

    held: float = 0.0
    in_bucket: float = math.inf
    seen_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def caller(actor: Actor | None, address: str | None) -> Caller:
    """The user in the organisation; without one the address, of which 2^64 belong to one household in IPv6."""
    if actor is not None:
        return actor.organisation_id, actor.user_id
    if address is None or ":" not in address:
        return "address", address
    try:
        found = ip_address(address)
    except ValueError:
        return "address", address
    is_new = isinstance(found, IPv6Address)
    return "address", IPv6Network((found, 64), strict=False) if is_new else found


class Budget:
    """The buckets of all callers; `limit` points a minute each."""

    def __init__(
        self, bus: "redis.Redis", limit: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._take = bus.register_script(_TAKE)
        self._limit = limit
        self._slice = max(1, limit // SLICES)
        self._clock = clock
        self._purses: dict[Caller, _Purse] = {}
        self._away_until = -math.inf

    async def draw(self, who: Caller, price: int, request_id: str) -> Balance:
        """Take the price out of the bucket. Raises Refusal if there is less in it.

        What costs more than a full bucket empties it.
        """
        purse = self._purses.get(who) or self._new(who)
        needed = min(price, self._limit)
        now = self._clock()
        if now - purse.seen_at > MINUTE:
            purse.held, purse.in_bucket = 0.0, math.inf
        if purse.held < needed:
            await self._fill(who, purse, needed)
        if purse.held < needed:
            raise self._refusal(purse, price, needed, request_id)
        purse.held -= needed
        return self._balance(purse, price)

    def _new(self, who: Caller) -> _Purse:
        if len(self._purses) >= MOST_CALLERS:
            self._purses.pop(next(iter(self._purses)))
        purse = self._purses[who] = _Purse()
        return purse

    async def _fill(self, who: Caller, purse: _Purse, needed: int) -> None:
        async with purse.lock:  # one at a time: who has waited here may find enough
            lacking = needed - purse.held
            if not 0 < lacking <= self._in_bucket(purse):
                return
            amount = max(self._slice, math.ceil(lacking))
            if self._clock() >= self._away_until:
                try:
                    await self._fill_from_bucket(who, purse, lacking, amount)
                except (redis.RedisError, OSError, TimeoutError):
                    self._away_until = self._clock() + AWAY_SECONDS
                else:
                    return
            self._fill_here(purse, lacking, amount)

    async def _fill_from_bucket(
        self, who: Caller, purse: _Purse, lacking: float, amount: int
    ) -> None:
        name = hashlib.sha256(repr(who).encode()).hexdigest()
        rate = self._limit / MINUTE
        async with asyncio.timeout(PATIENCE_SECONDS):
            taken, left = await self._take(
                keys=[f"labelgraph:budget:{name}"], args=[self._limit, rate, lacking, amount]
            )
        purse.held += taken
        purse.in_bucket, purse.seen_at = left, self._clock()

    def _fill_here(self, purse: _Purse, lacking: float, amount: int) -> None:
        """The same with half a bucket that only this process knows."""
        now = self._clock()
        flow = (now - purse.seen_at) * self._limit / MINUTE / 2
        left = min(self._limit / 2, purse.in_bucket + flow)
        taken = min(left, amount) if left >= lacking else 0.0
        purse.held += taken
        purse.in_bucket, purse.seen_at = left - taken, now

    def _in_bucket(self, purse: _Purse) -> float:
        """The most that can be in the bucket by now; other processes may have taken some."""
        flow = (self._clock() - purse.seen_at) * self._limit / MINUTE
        return min(self._limit, purse.in_bucket + flow)

    def _balance(self, purse: _Purse, price: int) -> Balance:
        remaining = min(self._limit, math.floor(self._in_bucket(purse) + purse.held))
        missing = self._limit - remaining
        return Balance(price, remaining, self._limit, math.ceil(missing * MINUTE / self._limit))

    def _refusal(self, purse: _Purse, price: int, needed: int, request_id: str) -> Refusal:
        balance = self._balance(purse, price)
        wait = max(0.1, (needed - purse.held - self._in_bucket(purse)) * MINUTE / self._limit)
        message = (
            f"This costs {price:,} points and you have {balance.remaining:,} left, of {self._limit:,} for each"
            f" minute. Send it again in {math.ceil(wait)} s, or ask for less."
        )
        told = problem(
            Code.RATE_LIMITED,
            message,
            request_id,
            limit=self._limit,
            actual=self._limit - balance.remaining + price,
            retryAfterSeconds=math.ceil(wait),
        )
        cost = {"cost": balance.told()}
        return Refusal(Stage.BUDGET, [told], retry_after_seconds=wait, extensions=cost)
