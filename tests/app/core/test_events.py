"""Committed events reach every live subscriber once, in order, whatever happens to Valkey."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

import pytest
import redis.asyncio as redis

from app.core import cursors, relay, tasks
from app.core.clock import new_id
from app.core.db import Scope
from app.core.errors import Invalid
from app.core.hub import QUEUE_LIMIT, Hub, Overflowed, Subscription
from app.core.outbox import Event
from app.core.relay import Delivered, Relay
from app.core.runtime import Runtime
from tests.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened(Event):
    """An event of these tests."""

    topic: ClassVar[str] = "test"


async def emit(runtime: Runtime, organisation_id: UUID, entity_id: UUID, pause: float = 0) -> None:
    async with runtime.db.transaction(Scope(organisation_id)) as tx:
        tx.emit(Happened(organisation_id=organisation_id, entity_id=entity_id))
        await tx.write_events()  # takes its number now, and commits later
        await asyncio.sleep(pause)


async def collect(subscription: Subscription, count: int) -> list[int]:
    positions: list[int] = []
    while len(positions) < count:
        async with asyncio.timeout(60):
            positions += [event.position for event in await subscription.next_batch()]
    return positions


@asynccontextmanager
async def hub_on(runtime: Runtime, bus: "redis.Redis") -> AsyncGenerator[Hub]:
    hub = Hub(runtime.system, bus)
    await hub.start()
    loop = asyncio.create_task(hub.run())
    try:
        yield hub
    finally:
        await tasks.ended(loop)


async def test_slow_transactions_lose_no_event_and_keep_the_order(
    runtime: Runtime, world: World
) -> None:
    """The trap: a number taken early and committed late stands before the cursor of a reader of ids."""
    owner, entity = (await world.organisation()).organisation_id, new_id()
    pauses = [random.choice([0, 0, 0.03]) for _ in range(200)]
    gate = asyncio.Semaphore(6)

    async def one(pause: float) -> None:
        async with gate:
            await emit(runtime, owner, entity, pause)

    async with runtime.hub.subscribe("test", entity) as heard:
        await asyncio.gather(*map(one, pauses))
        positions = await collect(heard, len(pauses))
    assert len(positions) == len(set(positions)) == len(pauses)
    assert positions == sorted(positions)


async def test_a_rolled_back_event_is_never_heard(runtime: Runtime, world: World) -> None:
    owner, entity = (await world.organisation()).organisation_id, new_id()
    async with runtime.hub.subscribe("test", entity) as heard:
        with suppress(ZeroDivisionError):
            async with runtime.db.transaction(Scope(owner)) as tx:
                tx.emit(Happened(organisation_id=owner, entity_id=entity))
                await tx.write_events()
                raise ZeroDivisionError
        await emit(runtime, owner, entity)
        assert len(await collect(heard, 1)) == 1
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(heard.next_batch(), 0.4)


async def test_without_valkey_events_come_from_the_table(runtime: Runtime, world: World) -> None:
    owner, entity = (await world.organisation()).organisation_id, new_id()
    nowhere = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=1)
    async with hub_on(runtime, nowhere) as hub, hub.subscribe("test", entity) as heard:
        for _ in range(5):
            await emit(runtime, owner, entity)
        assert len(await collect(heard, 5)) == 5
        assert hub.is_degraded
    await nowhere.aclose()


async def test_a_stream_that_valkey_forgot_is_filled_from_the_table(
    runtime: Runtime, world: World
) -> None:
    owner, entity = (await world.organisation()).organisation_id, new_id()
    async with runtime.hub.subscribe("test", entity) as heard:
        for number in range(30):
            if number % 10 == 5:
                assert runtime.hub.epoch is not None
                await runtime.bus.delete(relay.stream_name(runtime.hub.epoch))
            await emit(runtime, owner, entity)
        positions = await collect(heard, 30)
    assert len(set(positions)) == 30
    assert positions == sorted(positions)


async def test_two_relays_at_once_give_each_position_once(runtime: Runtime, world: World) -> None:
    owner, entity = (await world.organisation()).organisation_id, new_id()
    second = asyncio.create_task(Relay(runtime.system, runtime.system_reads, runtime.bus).run())
    try:
        async with runtime.hub.subscribe("test", entity) as heard:
            for start in range(0, 60, 6):
                del start
                await asyncio.gather(*(emit(runtime, owner, entity) for _ in range(6)))
            positions = await collect(heard, 60)
    finally:
        await tasks.ended(second)
    assert len(set(positions)) == 60


async def test_every_process_hears_every_event(runtime: Runtime, world: World) -> None:
    owner, entity = (await world.organisation()).organisation_id, new_id()
    async with (
        hub_on(runtime, runtime.bus) as other,
        other.subscribe("test", entity) as there,
        runtime.hub.subscribe("test", entity) as here,
    ):
        for _ in range(20):
            await emit(runtime, owner, entity)
        assert await collect(there, 20) == await collect(here, 20)


async def test_a_slow_subscriber_is_told_that_it_missed_something() -> None:
    slow = Subscription()
    for position in range(QUEUE_LIMIT + 10):
        slow.put(Delivered(position, new_id(), "test", new_id()))
    with pytest.raises(Overflowed):
        await slow.next_batch()
    slow.put(Delivered(9_999, new_id(), "test", new_id()))
    assert [event.position for event in await slow.next_batch()] == [9_999]


async def test_nobody_is_left_behind_when_a_subscription_ends(runtime: Runtime) -> None:
    before = runtime.hub.subscriber_count
    async with runtime.hub.subscribe("test", new_id()):
        assert runtime.hub.subscriber_count == before + 1
    assert runtime.hub.subscriber_count == before


def test_a_cursor_survives_the_road_to_the_client() -> None:
    cursor = cursors.Cursor(new_id(), 2**40)
    assert cursors.decode(cursors.encode(cursor)) == cursor


@pytest.mark.parametrize("text", ["", "x", "é", "AAAA", "A" * 31, "A" * 33, "====", "\0"])
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        cursors.decode(text)
