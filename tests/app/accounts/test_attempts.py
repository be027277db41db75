"""Counting attempts, with Valkey and without."""

import asyncio

import pytest

from app.accounts.attempts import MOST_COUNTS, Attempts, Limit
from app.core import runtime as runtimes
from app.core.clock import new_id
from app.core.errors import RateLimited
from app.core.runtime import Runtime

NOWHERE = "redis://127.0.0.1:1"
THREE = Limit(3, seconds=60)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["with Valkey", "without Valkey"])
def attempts(request: pytest.FixtureRequest, runtime: Runtime, clock: Clock) -> Attempts:
    """Twice: as it is, and with a Valkey that nobody answers for."""
    away = runtimes.valkey(NOWHERE)
    return Attempts(runtime.bus if request.param == "with Valkey" else away, clock)


async def test_attempts_up_to_the_limit_are_free(attempts: Attempts) -> None:
    name = new_id().hex
    for _ in range(3):
        await attempts.take(name, THREE)
    with pytest.raises(RateLimited) as limited:
        await attempts.take(name, THREE)
    assert 0 < limited.value.retry_after_seconds <= 60
    await attempts.take(new_id().hex, THREE)


async def test_attempts_at_once_are_all_counted(attempts: Attempts) -> None:
    name = new_id().hex
    taken = await asyncio.gather(
        *(attempts.take(name, THREE) for _ in range(10)), return_exceptions=True
    )
    assert sum(one is None for one in taken) == 3


async def test_a_right_one_begins_the_count_anew(attempts: Attempts) -> None:
    name = new_id().hex
    for _ in range(5):
        await attempts.take(name, THREE)
        await attempts.take(name, THREE)
        await attempts.forget(name)


async def test_a_window_ends(runtime: Runtime) -> None:
    attempts, name = Attempts(runtime.bus), new_id().hex
    await attempts.take(name, Limit(1, seconds=1))
    with pytest.raises(RateLimited):
        await attempts.take(name, Limit(1, seconds=1))
    await asyncio.sleep(1.1)
    await attempts.take(name, Limit(1, seconds=1))


async def test_a_window_ends_without_valkey_too(clock: Clock) -> None:
    attempts = Attempts(runtimes.valkey(NOWHERE), clock)
    await attempts.take("a", Limit(1, seconds=60))
    clock.seconds += 59
    with pytest.raises(RateLimited) as limited:
        await attempts.take("a", Limit(1, seconds=60))
    assert limited.value.retry_after_seconds == 1
    clock.seconds += 1
    await attempts.take("a", Limit(1, seconds=60))


async def test_a_process_remembers_so_many_and_no_more(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_COUNTS == 10_000
    monkeypatch.setattr("app.accounts.attempts.MOST_COUNTS", 2)
    attempts = Attempts(runtimes.valkey(NOWHERE), clock)
    once = Limit(1, seconds=60)
    for name in ("a", "b", "c"):
        await attempts.take(name, once)
    await attempts.take("a", once)  # forgotten
    with pytest.raises(RateLimited):
        await attempts.take("c", once)


async def test_no_name_lies_in_valkey(runtime: Runtime) -> None:
    name = f"{new_id().hex}@example.org"
    await Attempts(runtime.bus).take(name, THREE)
    keys = [key async for key in runtime.bus.scan_iter("labelgraph:attempts:*")]
    assert keys
    assert not [key for key in keys if name.encode() in key]
