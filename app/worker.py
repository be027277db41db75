"""The worker: runs the jobs that requests have asked for, takes over those of dead workers, keeps house.

Any number of workers may run. A job is done at least once: a worker that is killed, or silent for too long,
loses its jobs to others, so each job works in steps that may be repeated.
"""

import asyncio
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import structlog
from procrastinate import App, BaseRetryStrategy, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core import db, jobs
from app.core import runtime as runtimes
from app.core.db import Scope
from app.core.errors import Unavailable
from app.core.idempotency import KEPT_HOURS
from app.core.relay import Relay
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.core.tasks import settle_memory
from app.embeddings import computing, plotting, recall, tidying
from app.embeddings import indexing as vector_indexing
from app.embeddings.indexing import Lookout
from app.files import objects, reindex
from app.presets import collecting, hunts
from app.search import indexing
from app.uploads import embeddings as vector_uploads
from app.uploads import jobs as uploads
from app.uploads import upkeep
from schema.presets import reading

Task = Callable[..., Awaitable[None]]
"""Takes the runtime, then the job's arguments by name."""

TASKS: Mapping[str, Task] = {
    **computing.TASKS,
    **plotting.TASKS,
    **recall.TASKS,
    **tidying.TASKS,
    **vector_indexing.TASKS,
    **collecting.tasks(reading.tree_of),
    **hunts.tasks(reading.tree_of),
    **objects.TASKS,
    **reindex.TASKS,
    **indexing.TASKS,
    **uploads.TASKS,
    **vector_uploads.TASKS,
}
"""Every job there is, by the name under which it is enqueued."""

POLL_SECONDS = 0.5
"""A new job is announced at once; one that is given back, or waited for its lock, is found by polling."""
GRACE_SECONDS = 10.0
"""How long a worker that was told to stop lets its jobs finish; then it gives them back."""
RESCUE_SECONDS = 2.0
UPKEEP_SECONDS = 600.0
LOOK_SECONDS = 10.0
"""Between two looks at the tables of vectors."""
TRIES = 5
LONGEST_PAUSE_SECONDS = 60

_LOG = structlog.get_logger("worker")
_OUTAGES = (
    ConnectorException,
    DBAPIError,
    PoolTimeoutError,
    OSError,
    asyncpg.PostgresError,  # of what is read without SQLAlchemy
    asyncpg.InterfaceError,
    Unavailable,
)

# one statement, so that two rescuers never hand out the same job
_RESCUE = text(
    "with stalled as ("
    "  select job.id from procrastinate_jobs job"
    "  left join procrastinate_workers worker on worker.id = job.worker_id"
    "  where job.status = 'doing' and (worker.id is null"
    "   or worker.last_heartbeat < now() - make_interval(secs => :silent_seconds))"
    "  for update of job skip locked)"
    " select id, procrastinate_retry_job_v2(id, now(), null, null, null) from stalled"
)
_FORGET_KEYS = text("delete from idempotency where created_at < now() - make_interval(hours => :h)")
_FORGET_SIGNATURES = text("delete from seen_signature where expires_at < now()")
_FORGET_SESSIONS = text("delete from browser_session where expires_at < now()")


async def run(
    settings: Settings,
    tasks: Mapping[str, Task] = TASKS,
    *,
    grace_seconds: float = GRACE_SECONDS,
) -> None:
    """Work until SIGTERM or SIGINT. Raises if the database cannot be reached at the start."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with (
        runtimes.opened(settings) as runtime,
        working(runtime, tasks, grace_seconds=grace_seconds),
    ):
        settle_memory()
        await told.wait()


@asynccontextmanager
async def working(
    runtime: Runtime, tasks: Mapping[str, Task] = TASKS, *, grace_seconds: float = GRACE_SECONDS
) -> AsyncGenerator[None]:
    """Run jobs beside the block; at its end, give back those that do not finish in time."""
    url = runtime.settings.database_url
    assert url is not None  # noqa: S101  a runtime is only opened with one
    queue = jobs.queue(url)
    for name, task in tasks.items():
        queue.task(name=name, retry=Retry())(_bound(task, runtime))
    relay = Relay(runtime.system, runtime.system_reads, runtime.bus)
    async with queue.open_async(), asyncio.TaskGroup() as group:
        loops = [
            group.create_task(_serve(queue, runtime.settings, grace_seconds), name="jobs"),
            group.create_task(_repeat(lambda: rescue(runtime), RESCUE_SECONDS), name="rescue"),
            group.create_task(
                _repeat(lambda: keep_house(runtime, relay, queue), UPKEEP_SECONDS), name="upkeep"
            ),
            group.create_task(_repeat(Lookout(runtime).look, LOOK_SECONDS), name="vectors"),
        ]
        yield
        for loop in loops:
            loop.cancel()


class Retry(BaseRetryStrategy):
    """At once for a job that was given back; after a growing pause for one that failed.

    Passing faults are tried for ever. Anything else is most likely a bug: it is given up after TRIES.
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again; None: never."""
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision()
        is_passing = isinstance(exception, Unavailable | PoolTimeoutError)
        if not (is_passing or db.is_passing(exception)) and job.attempts + 1 >= TRIES:
            return None
        pause = min(2 ** min(job.attempts, 10), LONGEST_PAUSE_SECONDS)
        return RetryDecision(retry_in={"seconds": pause})


async def rescue(runtime: Runtime) -> int:
    """Give the jobs of dead and silent workers to the living; how many there were."""
    silent = {"silent_seconds": runtime.settings.stalled_after_seconds}
    async with runtime.db.transaction(Scope()) as tx:
        found = (await tx.execute(_RESCUE, silent)).all()
    if found:
        _LOG.warning("took over jobs of dead workers", count=len(found))
    return len(found)


async def keep_house(runtime: Runtime, relay: Relay, queue: App) -> None:
    """Delete what nobody will ask for again: events, idempotency keys, signatures, jobs, lost uploads."""
    await relay.prune()
    await upkeep.forget_abandoned(runtime)
    await indexing.keep(runtime)
    async with runtime.system.transaction(Scope()) as tx:
        await tx.execute(_FORGET_KEYS, {"h": KEPT_HOURS})
        await tx.execute(_FORGET_SIGNATURES)
        await tx.execute(_FORGET_SESSIONS)
    await queue.job_manager.delete_old_jobs(
        nb_hours=24, include_failed=True, include_cancelled=True, include_aborted=True
    )


def _bound(task: Task, runtime: Runtime) -> Task:
    async def run_task(**arguments: Any) -> None:
        await task(runtime, **arguments)

    return run_task


async def _serve(queue: App, settings: Settings, grace_seconds: float) -> None:
    """Take jobs until cancelled; begin anew when an outage has stopped the library's loop."""
    while not _is_cancelled():
        try:
            await queue.run_worker_async(
                concurrency=settings.worker_concurrency,
                fetch_job_polling_interval=POLL_SECONDS,
                shutdown_graceful_timeout=grace_seconds,
                install_signal_handlers=False,
                update_heartbeat_interval=settings.heartbeat_seconds,
                stalled_worker_timeout=settings.stalled_after_seconds,
            )
        except _OUTAGES as error:
            _LOG.warning("worker is waiting for the database", error=type(error).__name__)
        await asyncio.sleep(1)


def _is_cancelled() -> bool:
    """Whether this task was told to stop; an outage at that moment hides it behind its own error."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _repeat(work: Callable[[], Awaitable[object]], pause_seconds: float) -> None:
    """Do `work` now and again until cancelled. Outages are waited out."""
    while True:
        try:
            await work()
        except _OUTAGES as error:
            _LOG.warning("upkeep is waiting for the database", error=type(error).__name__)
        await asyncio.sleep(pause_seconds)
