"""What can be done with registration jobs."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, update

from app.accounts.actor import Actor
from app.accounts.permissions import IntegrationPermission
from app.core import jobs, texts
from app.core.clock import new_id
from app.core.db import Tx
from app.core.errors import Conflict, NotFound
from app.files import access
from app.uploads import leave, progress, queries
from app.uploads.jobs import REGISTER
from app.uploads.models import (
    DocumentFormat,
    JobPhase,
    JobStatus,
    UnitState,
    Upload,
    UploadJob,
    UploadPurpose,
    UploadUnit,
)

FILE_NAME_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a caller asks for. The document lies in our store under `document_key`."""

    folder_id: UUID
    integration_id: UUID | None
    format: DocumentFormat
    document_key: str
    file_name: str | None = None
    ignore_errors: bool = False


async def register(tx: Tx, actor: Actor, asked: Registration) -> UploadJob:
    """Start a job that registers what the document names; it goes on without the caller."""
    await leave.to_upload(tx, actor, asked.folder_id)
    if asked.integration_id is not None:
        permission = IntegrationPermission.REGISTER_DATA
        field = ("integration_id",)
        await access.integration(tx, actor, asked.integration_id, permission, field=field)
    if asked.file_name is not None:
        texts.checked(asked.file_name, field=("file_name",), most=FILE_NAME_LIMIT)
    job = UploadJob(
        id=new_id(),
        organisation_id=actor.organisation_id,
        folder_id=asked.folder_id,
        integration_id=asked.integration_id,
        created_by=actor.user_id,
        ignore_errors=asked.ignore_errors,
        file_name=asked.file_name,
        format=asked.format,
        document_key=asked.document_key,
    )
    tx.add(job)
    progress.touch(tx, job)
    await _enqueue(tx, job)
    return job


async def document_of(tx: Tx, actor: Actor, upload_id: UUID) -> Upload:
    """An uploaded registration document. Raises NotFound for any other upload."""
    found = await tx.exec(
        queries.visible_uploads(actor).where(
            Upload.id == upload_id, Upload.purpose == UploadPurpose.DOCUMENT
        )
    )
    upload = found.one_or_none()
    if upload is None:
        raise NotFound("There is no uploaded document of this id for you.", field=("source",))
    return upload


async def cancel(tx: Tx, actor: Actor, job_id: UUID) -> UploadJob:
    """Stop a job: what is registered stays, what is pending is cancelled. Again: changes nothing."""
    job = await _find(tx, actor, job_id)
    if job.status is JobStatus.CANCELLED:
        return job
    if not progress.is_running(job):
        raise Conflict(f"The job has ended with {job.status}; there is nothing to cancel.")
    await progress.cancel(tx, job)
    progress.touch(tx, job)
    return job


async def retry(tx: Tx, actor: Actor, job_id: UUID, *, include_cancelled: bool) -> UploadJob:
    """Try the failed units again, and the cancelled ones if asked; what is done stays as it is.

    Units whose text in the document is broken cannot be mended by a retry and stay failed.
    """
    job = await _find(tx, actor, job_id)
    if progress.is_running(job):
        raise Conflict("The job still runs; wait for its end, or cancel it.")
    failed = await _revive(tx, job, UnitState.ERROR)
    cancelled = await _revive(tx, job, UnitState.CANCELLED) if include_cancelled else 0
    if not failed + cancelled:
        raise Conflict("No unit of this job can be tried again.")
    job.error_count -= failed
    job.cancelled_count -= cancelled
    job.status, job.phase = JobStatus.PENDING, JobPhase.REGISTERING
    job.next_index, job.finished_at = 0, None
    progress.touch(tx, job)
    await _enqueue(tx, job)
    return job


async def _revive(tx: Tx, job: UploadJob, state: UnitState) -> int:
    statement = (
        update(UploadUnit)
        .where(
            col(UploadUnit.organisation_id) == job.organisation_id,
            col(UploadUnit.job_id) == job.id,
            col(UploadUnit.state) == state,
        )
        .values(
            state=UnitState.PENDING,
            error_code=None,
            error_message=None,
            is_retryable=None,
            attempt_count=0,
        )
    )
    if state is UnitState.ERROR:  # never attempted: broken in the document
        statement = statement.where(col(UploadUnit.attempt_count) > 0)
    revived = await tx.exec(statement)
    return int(revived.rowcount)


async def _find(tx: Tx, actor: Actor, job_id: UUID) -> UploadJob:
    found = await tx.exec(queries.visible_jobs(actor).where(UploadJob.id == job_id))
    job = found.one_or_none()
    if job is None:
        raise NotFound("There is no upload job of this id for you.", field=("id",))
    await leave.to_upload(tx, actor, job.folder_id)
    return await progress.locked(tx, job.id)


async def _enqueue(tx: Tx, job: UploadJob) -> None:
    await jobs.enqueue(
        tx,
        REGISTER,
        lock=f"{REGISTER}:{job.id}",
        organisation_id=job.organisation_id.hex,
        job_id=job.id.hex,
        user_id=job.created_by.hex,
    )
