"""Gives committed events their positions, and passes them on to Valkey.

Sequence numbers are taken before commit, so reading `id > last` would lose the rows of slower
transactions. The relay stamps rows once they are visible, in id order: positions have no gap, and a later
fact about an entity never stands before an earlier one. One relay works at a time, in any process; the
lock on its one row of state makes two of them harmless.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import redis.asyncio as redis
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core.clock import new_id
from app.core.db import Database, Scope
from app.core.errors import Unavailable
from app.core.reads import Reads

BATCH = 500
IDLE_SECONDS = 0.05
RETENTION_HOURS = 24
STREAM_LENGTH = 100_000

AWAY = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    DBAPIError,
    PoolTimeoutError,
    Unavailable,
    OSError,
)
"""What the database's absence is told by, whichever way it is asked."""

_DUE = "select 1 from outbox where position is null limit 1"
_LOCK = text("select epoch, position from relay_state where id = 1 for update skip locked")
_STAMP = text(
    "with next as ("
    "  select id, row_number() over (order by id) as n from ("
    "    select id from outbox where position is null order by id limit :batch) as unstamped)"
    " update outbox set position = :position + next.n from next where outbox.id = next.id"
    " returning outbox.position, outbox.organisation_id, outbox.topic, outbox.entity_id"
)
_ADVANCE = text("update relay_state set position = :position, stamped_at = now() where id = 1")
_NEW_EPOCH = text("update relay_state set epoch = :epoch where id = 1")
_PRUNE = text(
    "with gone as (delete from outbox where position is not null"
    " and created_at < now() - make_interval(hours => :hours) returning position)"
    " update relay_state set floor = greatest(floor, (select max(position) from gone))"
    " where id = 1 and exists (select 1 from gone)"
)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A committed event with its place in the order of all events."""

    position: int
    organisation_id: UUID
    topic: str
    entity_id: UUID


def stream_name(epoch: UUID) -> str:
    """The Valkey stream that carries the events of an epoch."""
    return f"labelgraph:events:{epoch.hex}"


class Relay:
    """The loop that stamps and passes on. Start it in any number of processes."""

    def __init__(self, db: Database, reads: Reads, bus: "redis.Redis") -> None:
        self._db = db
        self._reads = reads
        self._bus = bus
        self._log = structlog.get_logger("relay")

    async def run(self) -> None:
        """Work until cancelled. Outages of PostgreSQL or Valkey are waited out."""
        await self._waiting_out(self._begin_epoch_after_a_restore)
        while True:
            count = await self._waiting_out(self._step_if_due)
            if not count:
                await asyncio.sleep(IDLE_SECONDS)

    async def _step_if_due(self) -> int:
        """The loop asks twenty times a second, so that costs as little as it can."""
        return await self.step() if await self._reads.fetch(Scope(), _DUE) else 0

    async def step(self) -> int:
        """Stamp and pass on one batch; how many events that were."""
        async with self._db.transaction(Scope()) as tx:
            state = (await tx.execute(_LOCK)).one_or_none()
            if state is None:
                return 0
            rows = (await tx.execute(_STAMP, {"batch": BATCH, "position": state.position})).all()
            if rows:
                await tx.execute(_ADVANCE, {"position": state.position + len(rows)})
        events = sorted((Delivered(*row) for row in rows), key=lambda event: event.position)
        with suppress(redis.RedisError):  # hubs fill what is missing from the table
            await self._pass_on(state.epoch, events)
        return len(events)

    async def prune(self) -> None:
        """Forget stamped events that are older than the retention."""
        async with self._db.transaction(Scope()) as tx:
            await tx.execute(_PRUNE, {"hours": RETENTION_HOURS})

    async def _pass_on(self, epoch: UUID, events: list[Delivered]) -> None:
        if not events:
            return
        async with self._bus.pipeline(transaction=False) as pipe:
            for event in events:
                pipe.xadd(
                    stream_name(epoch),
                    {"o": event.organisation_id.hex, "t": event.topic, "e": event.entity_id.hex},
                    id=f"{event.position}-0",
                    maxlen=STREAM_LENGTH,
                    approximate=True,
                )
            await pipe.execute(raise_on_error=False)  # a repeated id is refused: no doubles

    async def _begin_epoch_after_a_restore(self) -> int:
        """If Valkey knows positions that the database does not, a backup was restored: start anew."""
        async with self._db.transaction(Scope()) as tx:
            state = (await tx.execute(_LOCK)).one_or_none()
            if state is not None and await self._last_passed(state.epoch) > state.position:
                await tx.execute(_NEW_EPOCH, {"epoch": new_id()})
        return 0

    async def _last_passed(self, epoch: UUID) -> int:
        try:
            info = await self._bus.xinfo_stream(stream_name(epoch))
        except redis.RedisError:
            return 0
        return int(info["last-generated-id"].split(b"-")[0])

    async def _waiting_out(self, step: Callable[[], Awaitable[int]]) -> int:
        try:
            return await step()
        except AWAY as error:
            self._log.warning("relay is waiting for the database", error=type(error).__name__)
            await asyncio.sleep(0.5)
            return 0
