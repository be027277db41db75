"""One reader of events per process, fanning out to bounded queues.

PostgreSQL alone decides what happened. Valkey makes it quick: the hub follows the relay's stream, and
whenever that shows a gap, is away, or has been quiet for a while, it fills up from the outbox table.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import redis.asyncio as redis
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core.db import Database, Scope
from app.core.relay import Delivered, stream_name

QUEUE_LIMIT = 256
BLOCK_MS = 500
FILL_BATCH = 1_000

_STATE = text("select epoch, position from relay_state where id = 1")
_FILL = text(
    "select position, organisation_id, topic, entity_id from outbox"
    " where position > :after and position <= :upto order by position limit :batch"
)

Topic = tuple[str, UUID]
"""The kind of entity, and which one."""


class Overflowed(Exception):
    """The subscriber was too slow: events were dropped, so it must look afresh."""


class Subscription:
    """What one subscriber has not yet read: at most QUEUE_LIMIT events."""

    def __init__(self) -> None:
        self._events: deque[Delivered] = deque()
        self._overflowed = False
        self._ready = asyncio.Event()

    def put(self, event: Delivered) -> None:
        """Add an event; past the limit, forget all and remember that it was so."""
        if len(self._events) >= QUEUE_LIMIT:
            self._events.clear()
            self._overflowed = True
        self._events.append(event)
        self._ready.set()

    def reset(self) -> None:
        """Say that events may have been missed."""
        self._overflowed = True
        self._ready.set()

    async def next_batch(self) -> list[Delivered]:
        """Everything that came since the last call, oldest first; waits for at least one.

        Raises Overflowed if something was dropped in between.
        """
        await self._ready.wait()
        self._ready.clear()
        if self._overflowed:
            self._overflowed = False
            self._events.clear()
            raise Overflowed
        batch = list(self._events)
        self._events.clear()
        return batch

    async def __aiter__(self) -> AsyncIterator[list[Delivered]]:
        while True:
            yield await self.next_batch()


class Hub:
    """Reads the events of all organisations once, and hands each to those who asked for its topic."""

    def __init__(self, db: Database, bus: "redis.Redis") -> None:
        self._db = db
        self._bus = bus
        self._subscribers: defaultdict[Topic, set[Subscription]] = defaultdict(set)
        self._log = structlog.get_logger("hub")
        self.epoch: UUID | None = None
        self.position = 0
        """The last position that was handed out."""
        self.listeners: list[Callable[[Delivered], None]] = []
        """Told of every event, whoever subscribed to it."""
        self.is_degraded = False
        """Valkey is away; events come from the table, a little later."""

    @property
    def subscriber_count(self) -> int:
        """How many subscriptions are open."""
        return sum(len(group) for group in self._subscribers.values())

    @asynccontextmanager
    async def subscribe(self, topic: str, entity_id: UUID) -> AsyncGenerator[Subscription]:
        """Hear of every change of one entity from now on. Subscribe first, then read the state."""
        key, subscription = (topic, entity_id), Subscription()
        self._subscribers[key].add(subscription)
        try:
            yield subscription
        finally:
            self._subscribers[key].discard(subscription)
            if not self._subscribers[key]:
                del self._subscribers[key]

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            try:
                await self._follow()
            except (DBAPIError, PoolTimeoutError, OSError) as error:
                self._log.warning("hub is waiting for the database", error=type(error).__name__)
                await asyncio.sleep(0.5)

    async def start(self) -> None:
        """Stand at the newest position, so that whatever is committed from now on is heard."""
        self.epoch, self.position = await self._state()

    async def _follow(self) -> None:
        if self.epoch is None:
            await self.start()
        entries = await self._read_stream()
        for event in entries:
            if event.position > self.position + 1:
                await self._fill(event.position - 1)
            if event.position == self.position + 1:
                self._deliver(event)
        if not entries:
            await self._catch_up()

    async def _read_stream(self) -> list[Delivered]:
        """The next entries of the stream; empty after a quiet spell or when Valkey is away."""
        assert self.epoch is not None  # noqa: S101  set by start
        try:
            answer = await self._bus.xread(
                {stream_name(self.epoch): f"{self.position}-0"}, count=500, block=BLOCK_MS
            )
        except redis.RedisError:
            self.is_degraded = True
            await asyncio.sleep(0.25)
            return []
        self.is_degraded = False
        streams: Any = answer
        return [_parse(*entry) for _, batch in streams for entry in batch]

    async def _catch_up(self) -> None:
        """Compare with the table: a lost stream or a new epoch shows here."""
        epoch, position = await self._state()
        if epoch != self.epoch:
            self.epoch, self.position = epoch, position
            self._each(lambda subscription: subscription.reset())
        else:
            await self._fill(position)

    async def _fill(self, upto: int) -> None:
        while self.position < upto:
            async with self._db.read(Scope()) as session:
                found = await session.execute(
                    _FILL, {"after": self.position, "upto": upto, "batch": FILL_BATCH}
                )
                events = [Delivered(*row) for row in found.all()]
            if not events:  # older than the retention
                self.position = upto
                self._each(lambda subscription: subscription.reset())
            for event in events:
                self._deliver(event)

    async def _state(self) -> tuple[UUID, int]:
        async with self._db.read(Scope()) as session:
            epoch, position = (await session.execute(_STATE)).one()
        return epoch, position

    def _deliver(self, event: Delivered) -> None:
        self.position = event.position
        for listener in self.listeners:
            listener(event)
        for subscription in self._subscribers.get((event.topic, event.entity_id), ()):
            subscription.put(event)

    def _each(self, act: Callable[[Subscription], None]) -> None:
        for group in self._subscribers.values():
            for subscription in group:
                act(subscription)


def _parse(entry_id: bytes, fields: dict[bytes, Any]) -> Delivered:
    return Delivered(
        position=int(entry_id.split(b"-")[0]),
        organisation_id=UUID(hex=fields[b"o"].decode()),
        topic=fields[b"t"].decode(),
        entity_id=UUID(hex=fields[b"e"].decode()),
    )
