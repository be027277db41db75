"""How a job moves from state to state. Its counts add up to `unit_count` after every step (domain 3.8)."""

from uuid import UUID

from sqlmodel import col, select, update

from app.core.clock import now
from app.core.db import Tx
from app.uploads.events import JobChanged
from app.uploads.models import JobPhase, JobStatus, UnitState, UploadJob, UploadUnit


async def locked(tx: Tx, job_id: UUID) -> UploadJob:
    """The job, held until the transaction ends: whoever writes units holds it, so nothing is done twice."""
    statement = (
        select(UploadJob)
        .where(UploadJob.id == job_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await tx.exec(statement)).one()


def is_running(job: UploadJob) -> bool:
    """Whether the job still moves."""
    return job.status == JobStatus.PENDING  # bare rows hold the text


def touch(tx: Tx, job: UploadJob) -> None:
    """Note that the job changed, and tell those who watch it."""
    job.revision += 1
    job.updated_at = now()
    tx.add(job)
    tx.emit(JobChanged(organisation_id=job.organisation_id, entity_id=job.id))


async def fail(tx: Tx, job: UploadJob) -> None:
    """End with ERROR: what is registered stays, what is pending is cancelled."""
    await _stop(tx, job, JobStatus.ERROR)


async def cancel(tx: Tx, job: UploadJob) -> int:
    """End with CANCELLED; how many units that stopped."""
    return await _stop(tx, job, JobStatus.CANCELLED)


def finish(job: UploadJob) -> None:
    """End when no unit is pending: DONE, unless something failed and errors are not ignored."""
    is_good = job.ignore_errors or not job.error_count
    _end(job, JobStatus.DONE if is_good else JobStatus.ERROR)


async def _stop(tx: Tx, job: UploadJob, status: JobStatus) -> int:
    stopped = job.pending_count
    await tx.exec(
        update(UploadUnit)
        .where(
            col(UploadUnit.organisation_id) == job.organisation_id,
            col(UploadUnit.job_id) == job.id,
            col(UploadUnit.index) >= job.next_index,
            col(UploadUnit.state) == UnitState.PENDING,
        )
        .values(state=UnitState.CANCELLED)
    )
    job.cancelled_count += stopped
    _end(job, status)
    return stopped


def _end(job: UploadJob, status: JobStatus) -> None:
    job.status = status
    job.phase = JobPhase.FINISHED
    job.next_index = job.unit_count
    job.finished_at = now()
