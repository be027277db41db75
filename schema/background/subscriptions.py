"""Live progress of background jobs."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from app.accounts.tokens import TokenScope
from app.background import queries, service
from app.background.events import BackgroundJobChanged
from app.core import cursors, ids
from app.core.errors import NotFound
from app.core.hub import Overflowed, Subscription
from app.core.ids import Kind
from schema.background.types import BackgroundJob
from schema.context import Info
from schema.execution import streams
from schema.scalars import EventCursor

LONGEST_INTERVAL_MS = 60_000


@strawberry.type(description="The state of a background job at one moment.")
class BackgroundJobProgressEvent:
    """One event."""

    cursor: EventCursor = strawberry.field(
        description="Where in the stream of events this stands; hand it back as `after`."
    )
    job: BackgroundJob = strawberry.field(description="The job as it was when this was sent.")


@strawberry.type
class BackgroundSubscription:
    """The background jobs' share of Subscription."""

    @strawberry.subscription(
        metadata=streams.STATES,
        description="Progress of a background job: its state at once, then again when it changed, at most once"
        " per interval. The last state always comes; then the stream ends. A stream of states needs no history:"
        " resumed with `after` it begins with the state of now, unless nothing happened since.",
    )
    async def background_job_progress(
        self,
        info: Info,
        job_id: Annotated[strawberry.ID, strawberry.argument(description="The job.")],
        after: Annotated[
            EventCursor | None,
            strawberry.argument(description="The cursor of the last event that you have seen."),
        ] = strawberry.UNSET,
        min_interval_ms: Annotated[
            int,
            strawberry.argument(
                description="At least so many milliseconds between events, 0 to 60,000."
            ),
        ] = 250,
    ) -> AsyncGenerator[BackgroundJobProgressEvent]:
        info.context.actor.must_have(TokenScope.READ)
        key = ids.decode(Kind.BACKGROUND_JOB, job_id)
        seen = cursors.decode(after) if after else None
        interval = max(0, min(min_interval_ms, LONGEST_INTERVAL_MS)) / 1_000
        hub = info.context.runtime.hub
        async with hub.subscribe(BackgroundJobChanged.topic, key) as changes:
            while True:
                cursor = cursors.of(hub)  # before the state is read: it may be older, never newer
                row = await info.context.load(queries.jobs_by_id, key)
                if row is None:
                    raise NotFound(
                        "There is no background job of this id for you.", field=("job_id",)
                    )
                if seen is None or cursor != seen or not service.is_running(row):
                    yield BackgroundJobProgressEvent(
                        cursor=EventCursor(cursors.encode(cursor)), job=BackgroundJob.of(row)
                    )
                if not service.is_running(row):
                    return
                seen = None
                await _changed(changes, interval)


async def _changed(changes: Subscription, interval: float) -> None:
    """Return once something happened and the interval is over; all that came meanwhile is one change."""
    await asyncio.sleep(interval)
    try:
        await changes.next_batch()
    except Overflowed:
        return
