"""Events from the commit to a subscriber of the hub, beside what PostgreSQL does without relay and hub."""

import asyncio
import random
import statistics
import time
from contextlib import AsyncExitStack
from typing import ClassVar
from uuid import UUID

import asyncpg

from app.core import clock
from app.core import runtime as runtimes
from app.core.db import Scope
from app.core.hub import Subscription
from app.core.outbox import Event
from benchmarks import ground
from benchmarks.ground import Ground
from benchmarks.measure import Row, interleaved

ENTITIES = 100
BURST = 10_000
SINGLES = 50
REPEATS = 3
PAUSE_SECONDS = 0.1
"""Up to this long between single events, so that they meet the relay at any point of its loop."""

_ADD = "insert into outbox (organisation_id, topic, entity_id) values ($1, $2, $3)"
_STAMP = (
    "with base as (select position from relay_state where id = 1),"
    " next as (select id, row_number() over (order by id) as n from outbox where position is null)"
    " update outbox set position = base.position + next.n from base, next"
    " where outbox.id = next.id returning outbox.position, entity_id"
)
_ADVANCE = "update relay_state set position = (select max(position) from outbox) where id = 1"


class Happened(Event):
    """Something that nobody else listens to."""

    topic: ClassVar[str] = "benchmark"


async def rows(place: Ground) -> list[Row]:
    """Events per second of a burst that is committed already; milliseconds of a change until it is heard of."""
    organisation_id = (await ground.administrator(place.runtime)).organisation_id
    entities = [clock.new_id() for _ in range(ENTITIES)]
    burst, stamped = await interleaved(
        REPEATS,
        lambda: _burst(place, organisation_id, entities),
        lambda: _stamped(place, organisation_id, entities),
    )
    single, notified = await interleaved(
        REPEATS,
        lambda: _single(place, organisation_id, entities[0]),
        lambda: _notified(place, organisation_id, entities[0]),
    )
    return [
        Row(
            name="events: commit to hub, a burst of 10,000",
            unit="events/s",
            ours=burst,
            floor=stamped,
            floor_is="one statement that numbers them all and returns them",
        ),
        Row(
            name="events: a change and its event, p50",
            unit="ms",
            ours=single,
            floor=notified,
            floor_is="the insert with NOTIFY and LISTEN, bare",
        ),
    ]


async def _burst(place: Ground, organisation_id: UUID, entities: list[UUID]) -> float:
    """Events per second that hub and relay bring to subscribers of 100 entities."""
    runtime = place.runtime
    await _add(place, organisation_id, entities)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        heard = [await enter(runtime.hub.subscribe(Happened.topic, one)) for one in entities]
        begin = time.perf_counter()
        await enter(runtimes.live(runtime))
        await asyncio.gather(*(_take(one, BURST // ENTITIES) for one in heard))
        return BURST / (time.perf_counter() - begin)


async def _take(subscription: Subscription, count: int) -> None:
    while count > 0:
        count -= len(await subscription.next_batch())


async def _stamped(place: Ground, organisation_id: UUID, entities: list[UUID]) -> float:
    await _add(place, organisation_id, entities)
    begin = time.perf_counter()
    async with place.bare.transaction():
        found = await place.bare.fetch(_STAMP)
        await place.bare.execute(_ADVANCE)
    assert len(found) == BURST, "nobody else is writing events"
    return BURST / (time.perf_counter() - begin)


async def _add(place: Ground, organisation_id: UUID, entities: list[UUID]) -> None:
    events = [(organisation_id, Happened.topic, entities[n % ENTITIES]) for n in range(BURST)]
    async with place.bare.transaction():
        await place.bare.executemany(_ADD, events)


async def _single(place: Ground, organisation_id: UUID, entity_id: UUID) -> float:
    """Median milliseconds from the start of a transaction until a subscriber of the hub has its event."""
    runtime, found = place.runtime, list[float]()
    async with (
        runtimes.live(runtime),
        runtime.hub.subscribe(Happened.topic, entity_id) as subscription,
    ):
        for _ in range(SINGLES):
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))
            begin = time.perf_counter()
            async with runtime.db.transaction(Scope(organisation_id)) as tx:
                tx.emit(Happened(organisation_id=organisation_id, entity_id=entity_id))
            await subscription.next_batch()
            found.append(time.perf_counter() - begin)
    return statistics.median(found) * 1000


async def _notified(place: Ground, organisation_id: UUID, entity_id: UUID) -> float:
    """The same with LISTEN and NOTIFY on two bare connections."""
    found, heard = list[float](), asyncio.Event()
    listener = await asyncpg.connect(place.runtime.settings.database_url)
    await listener.add_listener("benchmark", lambda *_: heard.set())
    for _ in range(SINGLES):
        heard.clear()
        begin = time.perf_counter()
        async with place.bare.transaction():
            await place.bare.execute(_ADD, organisation_id, Happened.topic, entity_id)
            await place.bare.execute("select pg_notify('benchmark', '')")
        await heard.wait()
        found.append(time.perf_counter() - begin)
    await listener.close()
    await place.bare.execute("delete from outbox where position is null")
    return statistics.median(found) * 1000
