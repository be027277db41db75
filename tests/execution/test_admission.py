"""The gate in front of the pool."""

import asyncio
import random

import pytest

from schema.execution.admission import Gate
from schema.execution.request import Refusal, Stage


def gate(places: int = 1, queue_length: int = 10, wait_seconds: float = 5.0) -> Gate:
    return Gate(places, queue_length, wait_seconds)


class Crowd:
    """Operations that go through a gate, and the order in which they got in."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.order: list[int] = []
        self.may_leave = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def add(self, *numbers: int) -> None:
        """Let these come, one after the other."""
        for number in numbers:
            self.tasks.append(asyncio.create_task(self._go(number)))
            await asyncio.sleep(0)

    async def _go(self, number: int) -> None:
        async with self.gate.admitted("r"):
            self.order.append(number)
            await self.may_leave.wait()

    async def end(self) -> list[int]:
        """Let all go through; the numbers of those that were refused."""
        self.may_leave.set()
        found = await asyncio.gather(*self.tasks, return_exceptions=True)
        return [number for number, one in enumerate(found) if isinstance(one, Refusal)]


def is_empty(gate: Gate) -> bool:
    return (gate.inside_count, gate.waiting_count, gate._free) == (0, 0, gate.places)


async def test_only_so_many_are_inside_and_the_others_follow():
    crowd = Crowd(gate(places=2))
    await crowd.add(0, 1, 2, 3)
    assert (crowd.order, crowd.gate.inside_count, crowd.gate.waiting_count) == ([0, 1], 2, 2)
    assert await crowd.end() == []
    assert crowd.order == [0, 1, 2, 3]
    assert is_empty(crowd.gate)


async def test_who_waits_too_long_is_turned_away_with_the_figures():
    crowd = Crowd(gate(wait_seconds=0.05))
    await crowd.add(0)
    with pytest.raises(Refusal) as found:
        async with crowd.gate.admitted("r1"):
            raise AssertionError
    assert found.value.stage is Stage.CAPACITY
    assert found.value.retry_after_seconds == 1
    assert found.value.errors[0]["extensions"] == {
        "code": "UNAVAILABLE",
        "retryable": True,
        "requestId": "r1",
        "limit": 1,
        "actual": 2,
        "retryAfterSeconds": 1,
    }
    assert await crowd.end() == []
    assert is_empty(crowd.gate)


async def test_a_long_queue_serves_the_newest_first():
    crowd = Crowd(gate(queue_length=4))
    await crowd.add(0, 1, 2, 3, 4)
    assert await crowd.end() == []
    assert crowd.order == [0, 4, 3, 1, 2]  # until it is short again


async def test_when_the_queue_is_full_the_oldest_gives_way():
    crowd = Crowd(gate(queue_length=2))
    await crowd.add(0, 1, 2, 3)
    assert crowd.gate.waiting_count == 2
    assert await crowd.end() == [1]
    assert is_empty(crowd.gate)


async def test_without_a_queue_nobody_waits():
    crowd = Crowd(gate(queue_length=0))
    await crowd.add(0, 1)
    assert await crowd.end() == [1]
    assert is_empty(crowd.gate)


async def test_who_leaves_while_waiting_leaves_no_gap():
    crowd = Crowd(gate())
    await crowd.add(0, 1, 2)
    crowd.tasks[1].cancel()
    await crowd.end()
    assert crowd.order == [0, 2]
    assert is_empty(crowd.gate)


async def test_who_leaves_just_when_their_turn_comes_hands_it_on():
    entrance = gate()
    await entrance.enter()
    leaving, staying = (asyncio.create_task(entrance.enter()) for _ in range(2))
    await asyncio.sleep(0)
    entrance.leave()  # the first has the place now, and does not know it yet
    leaving.cancel()
    await asyncio.wait_for(staying, 1)
    assert leaving.cancelled()
    entrance.leave()
    assert is_empty(entrance)


async def test_a_turn_does_not_go_to_who_was_cancelled_just_before():
    entrance = gate()
    await entrance.enter()
    leaving, staying = (asyncio.create_task(entrance.enter()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()  # still stands in the queue
    entrance.leave()
    await asyncio.wait_for(staying, 1)
    entrance.leave()
    assert is_empty(entrance)


async def test_an_operation_that_fails_gives_its_place_back():
    entrance = gate()
    with pytest.raises(ZeroDivisionError):
        async with entrance.admitted("r"):
            _ = 1 / 0
    assert is_empty(entrance)


@pytest.mark.parametrize("seed", range(20))
async def test_no_place_is_lost_or_doubled_whatever_happens(seed):
    chance = random.Random(seed)
    entrance = gate(places=3, queue_length=5, wait_seconds=0.01)
    most = 0

    async def work() -> None:
        nonlocal most
        async with entrance.admitted("r"):
            most = max(most, entrance.inside_count)
            await asyncio.sleep(chance.choice([0, 0, 0.001, 0.005]))

    async def impatient() -> None:
        async with asyncio.timeout(chance.choice([0, 0.001, 0.002, 1])):
            await work()

    tasks = []
    for _ in range(200):
        tasks.append(asyncio.create_task(impatient()))
        if chance.random() < 0.3:
            await asyncio.sleep(0.001)
        if chance.random() < 0.2:
            chance.choice(tasks).cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(end) for end in ends} >= {type(None), Refusal, TimeoutError}
    assert most == 3
    assert is_empty(entrance)


async def test_when_nobody_waits_nothing_is_scheduled():
    entrance = gate()
    step = entrance.admitted("r").__aenter__()
    with pytest.raises(StopIteration):  # done without giving way to the loop
        step.send(None)
    assert entrance.inside_count == 1
