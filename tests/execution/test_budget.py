"""Buckets of points: in the real Valkey, shared by processes, and what happens while it is away."""

import asyncio
import socket
import time
import uuid
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import redis.asyncio as redis

from app.core.runtime import Runtime, valkey
from schema.execution import budget as budgets
from schema.execution.budget import Balance, Budget, Caller, caller
from schema.execution.request import Refusal, Stage
from tests.world import World

LIMIT = 6_000
"""A hundred points a second, slices of sixty."""


class Counting(redis.Redis):
    """A real client that counts what it asks."""

    count = 0

    async def execute_command(self, *arguments: Any, **options: Any) -> Any:
        """Ask, and count it."""
        self.count += 1
        return await super().execute_command(*arguments, **options)


class Clock:
    """A clock that is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
async def bus(runtime: Runtime) -> AsyncGenerator[Counting]:
    client = Counting(connection_pool=runtime.bus.connection_pool)
    yield client
    await client.aclose(close_connection_pool=False)


@pytest.fixture
def who() -> Caller:
    """A caller whose bucket is full."""
    return "test", uuid.uuid4()


def budget(bus: "redis.Redis", limit: int = LIMIT, **options: Any) -> Budget:
    return Budget(bus, limit, **options)


async def drawn(purse: Budget, who: Caller, price: int, most: int = 100_000) -> int:
    """How often the price can be drawn until it is refused, at most so often."""
    for count in range(most):
        try:
            await purse.draw(who, price, "r")
        except Refusal:
            return count
    return most


async def refused(purse: Budget, who: Caller, price: int) -> Refusal:
    with pytest.raises(Refusal) as found:
        await purse.draw(who, price, "r")
    return found.value


async def test_a_price_is_taken_and_the_rest_is_told(bus, who):
    balance = await budget(bus).draw(who, 1_000, "r")
    assert (balance.price, balance.limit, balance.reset_seconds) == (1_000, LIMIT, 10)
    assert 5_000 <= balance.remaining < 5_010
    assert balance.told() == {
        "requested": 1_000,
        "remaining": balance.remaining,
        "limit": LIMIT,
        "resetSeconds": 10,
    }


async def test_who_has_spent_all_is_told_when_to_come_back(bus, who):
    purse = budget(bus)
    await purse.draw(who, LIMIT, "r")
    refusal = await refused(purse, who, 500)
    assert refusal.stage is Stage.BUDGET
    assert refusal.retry_after_seconds == pytest.approx(5, abs=0.5)
    (error,) = refusal.errors
    told = error["extensions"]
    assert (told["code"], told["retryable"], told["limit"]) == ("RATE_LIMITED", True, LIMIT)
    assert told["actual"] == pytest.approx(LIMIT + 500, abs=50)
    assert told["retryAfterSeconds"] == 5
    assert "500 points" in error["message"]
    assert refusal.extensions["cost"]["requested"] == 500
    assert refusal.extensions["cost"]["resetSeconds"] == 60


async def test_a_bucket_fills_all_the_time(bus, who):
    purse = budget(bus)
    await purse.draw(who, LIMIT, "r")
    wait = (await refused(purse, who, 50)).retry_after_seconds
    assert wait is not None
    await asyncio.sleep(wait + 0.05)
    assert (await purse.draw(who, 50, "r")).price == 50
    await refused(purse, who, 50)


async def test_what_costs_more_than_a_bucket_holds_takes_a_full_one(bus, who):
    purse = budget(bus)
    assert (await purse.draw(who, 10 * LIMIT, "r")).remaining < 50
    assert (await refused(purse, who, 10 * LIMIT)).retry_after_seconds > 55


async def test_callers_do_not_share(bus, who):
    purse = budget(bus)
    await purse.draw(who, LIMIT, "r")
    assert (await purse.draw((*who, "other"), 1, "r")).remaining > LIMIT - 100


async def test_a_caller_is_the_user_of_the_organisation_else_the_address(world: World):
    member = await world.organisation()
    assert caller(member.actor, "10.0.0.1") == caller(member.actor, None)
    assert caller(member.actor, None) != caller((await world.organisation()).actor, None)
    assert caller(None, "10.0.0.1") != caller(None, "10.0.0.2")
    assert caller(None, "2001:db8::1") == caller(None, "2001:db8::ffff:1")
    assert caller(None, "2001:db8::1") != caller(None, "2001:db8:0:1::1")
    assert caller(None, None) == caller(None, None) != caller(None, "somewhere")


async def test_most_draws_ask_nobody(bus, who):
    purse = budget(bus)
    assert await drawn(purse, who, 1, most=3_000) == 3_000
    assert bus.count <= 3_000 / 60 + 2  # the first one brings its script


async def test_processes_draw_from_one_bucket_and_hold_back_a_slice_at_most(bus, who):
    one, other = budget(bus), budget(bus)
    began = time.monotonic()
    await one.draw(who, 1, "r")  # holds 59 of its slice
    count = await drawn(other, who, 10)
    flowed = (time.monotonic() - began) * LIMIT / 60
    assert LIMIT - 60 - 10 <= count * 10 <= LIMIT - 60 + flowed
    assert await drawn(one, who, 1, most=59) == 59


async def test_together_they_never_give_more_than_the_bucket_gave(bus, who):
    began = time.monotonic()
    counts = await asyncio.gather(*(drawn(budget(bus), who, 7) for _ in range(5)))
    flowed = (time.monotonic() - began) * LIMIT / 60
    assert LIMIT - 5 * 60 - 7 <= sum(counts) * 7 <= LIMIT + flowed


async def test_operations_that_come_at_once_do_not_take_a_slice_each(bus, who):
    purse = budget(bus)
    await asyncio.gather(*(purse.draw(who, 1, "r") for _ in range(50)))
    assert bus.count <= 2


async def test_what_an_idle_caller_holds_is_given_back(bus, who):
    clock = Clock()
    purse = budget(bus, clock=clock)
    await purse.draw(who, 1, "r")
    before = bus.count
    clock.now += 61
    await purse.draw(who, 1, "r")
    assert bus.count == before + 1


async def test_only_so_many_callers_are_remembered(bus, who, monkeypatch):
    monkeypatch.setattr(budgets, "MOST_CALLERS", 3)
    purse = budget(bus)
    for i in range(10):
        await purse.draw((*who, i), 1, "r")
    assert len(purse._purses) == 3


async def test_a_refused_caller_who_insists_is_not_looked_up_each_time(bus, who):
    purse = budget(bus)
    await purse.draw(who, LIMIT, "r")
    before = bus.count
    for _ in range(100):
        await refused(purse, who, 3_000)
    assert bus.count - before <= 1


async def test_keys_do_not_tell_who_it_is_and_do_not_stay(bus, runtime):
    address = f"test {uuid.uuid4()}"
    await budget(bus).draw(caller(None, address), 1, "r")
    keys = [key async for key in bus.scan_iter("labelgraph:budget:*")]
    assert keys
    assert not any(address.encode() in key for key in keys)
    for_ever = -1  # those of other tests may be gone by now, which is told as -2
    assert all([for_ever != await bus.ttl(key) <= 61 for key in keys])


@pytest.fixture
async def nowhere() -> AsyncGenerator["redis.Redis"]:
    """A client of a Valkey that is not there."""
    client = valkey("redis://127.0.0.1:1/0")
    yield client
    await client.aclose()


async def test_without_valkey_half_of_it_flows(nowhere, who):
    clock = Clock()
    purse = budget(nowhere, clock=clock)
    assert await drawn(purse, who, 10) == LIMIT / 2 / 10
    clock.now += 6
    assert await drawn(purse, who, 10) == LIMIT / 2 / 10 / 10


async def test_without_valkey_the_refusal_is_the_same(nowhere, who):
    purse = budget(nowhere)
    refusal = await refused(purse, who, LIMIT)
    assert refusal.stage is Stage.BUDGET
    assert isinstance(await purse.draw(who, LIMIT // 2, "r"), Balance)


async def test_valkey_that_does_not_answer_is_waited_for_once(who):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = valkey("redis://{}:{}/0".format(*silent.getsockname()))
        purse = budget(client)
        began = time.monotonic()
        for _ in range(40):
            await purse.draw(who, 61, "r")
        assert time.monotonic() - began < 2 * budgets.PATIENCE_SECONDS
        await client.aclose()


async def test_valkey_is_asked_again_when_it_is_back(bus, nowhere, who):
    clock = Clock()
    purse = budget(nowhere, clock=clock)
    await purse.draw(who, 60, "r")
    purse._take.registered_client = bus
    await purse.draw(who, 60, "r")
    assert bus.count == 0
    clock.now += budgets.AWAY_SECONDS
    await purse.draw(who, 60, "r")
    assert bus.count > 0
