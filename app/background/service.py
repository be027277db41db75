"""How background jobs begin, move on and end, and how a worker's task runs one.

Whoever moves a job holds its row (`locked`), so that nothing is done twice, and asks `is_running` first: it may
have been cancelled, or finished by another worker that took it over.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import select

from app.accounts.actor import Actor
from app.background import queries
from app.background.events import BackgroundJobChanged
from app.background.models import BackgroundJob, JobKind, JobState
from app.core import db, jobs, texts
from app.core.clock import now
from app.core.db import Scope, Tx
from app.core.errors import Conflict, Forbidden, NotFound, Refused, Unavailable
from app.core.runtime import Runtime

FAILED = "The server failed; what is done stays. Start the job again, or ask its operator."

Work = Callable[[BackgroundJob], Awaitable[None]]
"""What a job does, given its row as it was at the start. It ends the job with `finish`."""


async def begin(
    tx: Tx,
    actor: Actor,
    kind: JobKind,
    input: dict[str, Any],  # noqa: A002  as the column
    task: str,
) -> BackgroundJob:
    """A new job; `task` is run by a worker, with the ids that `run` takes."""
    job = BackgroundJob(
        organisation_id=actor.organisation_id, kind=kind, input=input, created_by=actor.user_id
    )
    tx.add(job)
    _changed(tx, job)
    await jobs.enqueue(
        tx,
        task,
        lock=f"{task}:{job.id}",
        organisation_id=job.organisation_id.hex,
        job_id=job.id.hex,
        user_id=actor.user_id.hex,
    )
    return job


async def locked(tx: Tx, job_id: UUID) -> BackgroundJob:
    """The job, held until the transaction ends."""
    statement = (
        select(BackgroundJob)
        .where(BackgroundJob.id == job_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await tx.exec(statement)).one()


def is_running(job: BackgroundJob) -> bool:
    """Whether the job still moves."""
    return job.state in {JobState.QUEUED, JobState.RUNNING}  # bare rows hold the text: it is equal


def progressed(tx: Tx, job: BackgroundJob, done: int, total: int | None = None) -> None:
    """So many steps are done, of `total` if that is known by now."""
    job.done_count = done
    if total is not None:
        job.total_count = total
    _changed(tx, job)


def finish(tx: Tx, job: BackgroundJob, result: dict[str, Any]) -> None:
    """End well, with a result of the shape that the job's kind has."""
    job.result = result
    _end(tx, job, JobState.DONE)


def fail(tx: Tx, job: BackgroundJob, message: str) -> None:
    """End with a failure, told in a sentence for people. A result so far is kept."""
    job.message = texts.storable(message)
    _end(tx, job, JobState.ERROR)


async def cancel(tx: Tx, actor: Actor, job_id: UUID) -> BackgroundJob:
    """Stop a job: what is done stays. Again: changes nothing. Raises Conflict if it has ended otherwise."""
    found = await tx.exec(queries.visible_jobs(actor).where(BackgroundJob.id == job_id))
    if found.one_or_none() is None:
        raise NotFound("There is no background job of this id for you.", field=("id",))
    job = await locked(tx, job_id)
    if job.state is JobState.CANCELLED:
        return job
    if not is_running(job):
        raise Conflict(f"The job has ended with {job.state}; there is nothing to cancel.")
    _end(tx, job, JobState.CANCELLED)
    return job


async def run(
    runtime: Runtime, organisation_id: str, job_id: str, user_id: str, work: Work
) -> None:
    """What a task of the worker does: start the job, if it has not ended, and do its `work`.

    Passing faults are raised, so that the work is begun anew (a killed worker's is, too): it must be able to
    go on where it left off. Whatever else is raised ends the job with ERROR.
    """
    scope, key = Scope(UUID(organisation_id), UUID(user_id)), UUID(job_id)
    try:
        job = await _started(runtime, scope, key)
        if job is not None:
            await work(job)
    except Refused as refused:
        await _give_up(runtime, scope, key, refused.message)
    except Exception as error:
        if db.is_passing(error) or isinstance(error, Unavailable | PoolTimeoutError):
            raise
        structlog.get_logger("background").exception("a job failed", job_id=job_id)
        await _give_up(runtime, scope, key, FAILED)


async def actor_of(runtime: Runtime, job: BackgroundJob) -> Actor:
    """For whom the job runs, with today's role. Raises Forbidden if they left the organisation."""
    async with runtime.db.read(Scope(job.organisation_id, job.created_by)) as session:
        actor = await queries.actor_of(session, job)
    if actor is None:
        raise Forbidden("Whoever started this job has left the organisation.")
    return actor


async def _started(runtime: Runtime, scope: Scope, job_id: UUID) -> BackgroundJob | None:
    async with runtime.db.transaction(scope) as tx:
        job = await locked(tx, job_id)
        if not is_running(job):
            return None
        if job.state is JobState.QUEUED:
            job.state = JobState.RUNNING
            _changed(tx, job)
        return job


async def _give_up(runtime: Runtime, scope: Scope, job_id: UUID, message: str) -> None:
    async with runtime.db.transaction(scope) as tx:
        job = await locked(tx, job_id)
        if is_running(job):
            fail(tx, job, message)


def _end(tx: Tx, job: BackgroundJob, state: JobState) -> None:
    job.state = state
    job.finished_at = now()
    _changed(tx, job)


def _changed(tx: Tx, job: BackgroundJob) -> None:
    job.revision += 1
    job.updated_at = now()
    tx.add(job)
    tx.emit(BackgroundJobChanged(organisation_id=job.organisation_id, entity_id=job.id))
