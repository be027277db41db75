"""Writes what became of some units: files, documents, duplicates, unit states and the job's counts, at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from app.core import texts
from app.core.db import Scope, Session, Tx
from app.core.errors import Refused
from app.core.runtime import Runtime
from app.files import bulk
from app.files import metadata as file_metadata
from app.uploads import leave, progress
from app.uploads.documents import KINDS_OF_ERROR, UnitErrorCode
from app.uploads.models import (
    UnitResult,
    UnitState,
    Upload,
    UploadJob,
    UploadPurpose,
    UploadState,
)
from app.uploads.payload import Pending
from app.uploads.rows import Prepared

_STILL_PENDING = text(
    'select "index" from upload_unit where organisation_id = :organisation_id and job_id = :job_id'
    " and \"index\" = any(:indexes) and state = 'PENDING'"
)
_LOCK_FOLDER = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
_PRESENT = text(
    "select source_key, min(id::text)::uuid from file where organisation_id = :organisation_id"
    " and folder_id = :folder_id and source_key = any(:keys) group by source_key"
)
_TAKE_UPLOADS = text(
    "update upload set state = 'REGISTERED', revision = revision + 1, updated_at = now()"
    " where organisation_id = :organisation_id and id = any(:ids) and state <> 'REGISTERED'"
    " returning id"
)
_UNITS = text(
    "update upload_unit as unit set state = told.state, result = told.result,"
    " file_id = told.file_id, name = told.name, error_code = told.error_code,"
    " error_message = told.error_message, is_retryable = told.is_retryable,"
    " attempt_count = greatest(unit.attempt_count, 1)"
    " from unnest(cast(:indexes as int[]), cast(:states as text[]), cast(:results as text[]),"
    " cast(:files as uuid[]), cast(:names as text[]), cast(:codes as text[]),"
    " cast(:messages as text[]), cast(:retryables as bool[]))"
    ' as told("index", state, result, file_id, name, error_code, error_message, is_retryable)'
    " where unit.organisation_id = :organisation_id and unit.job_id = :job_id"
    ' and unit."index" = told."index"'
)


@dataclass(frozen=True, slots=True)
class Failed:
    """A unit that will not be registered, and why."""

    unit: Pending
    code: UnitErrorCode
    message: str
    name: str | None = None
    """Of its first object, if it has no title."""


@dataclass(frozen=True, slots=True)
class Done:
    """A unit that is registered: what it did, and the file that stands for it."""

    unit: Pending
    result: UnitResult
    file_id: UUID
    name: str


Told = Done | Failed


async def write(
    runtime: Runtime, scope: Scope, job_id: UUID, outcomes: Sequence[Prepared | Failed]
) -> bool:
    """Write the outcomes of units that are still pending. False if the job does not go on."""
    async with runtime.db.transaction(scope) as tx:
        job = await progress.locked(tx, job_id)
        if not progress.is_running(job):
            return False
        if not await _may_still(tx, job):
            await progress.fail(tx, job)
            progress.touch(tx, job)
            return False
        pending = await _still_pending(tx, job, [outcome.unit.index for outcome in outcomes])
        fresh = [outcome for outcome in outcomes if outcome.unit.index in pending]
        told = await _store(tx, job, fresh)
        await _note(tx, job, told)
        if job.error_count and not job.ignore_errors:
            await progress.fail(tx, job)
        progress.touch(tx, job)
        return progress.is_running(job)


async def advance(runtime: Runtime, scope: Scope, job_id: UUID, next_index: int) -> None:
    """No unit before `next_index` is pending any more."""
    async with runtime.db.transaction(scope) as tx:
        job = await progress.locked(tx, job_id)
        if progress.is_running(job):
            job.next_index = next_index
            tx.add(job)


async def close(runtime: Runtime, scope: Scope, job_id: UUID) -> None:
    """End the job if nothing is pending."""
    async with runtime.db.transaction(scope) as tx:
        job = await progress.locked(tx, job_id)
        if progress.is_running(job) and not job.pending_count:
            progress.finish(job)
            progress.touch(tx, job)


async def open_uploads(session: Session, job: UploadJob, ids: Sequence[UUID]) -> dict[UUID, Upload]:
    """The uploads of these ids that lie in the job's folder and were not registered yet."""
    rows = await session.exec(
        select(Upload).where(
            Upload.organisation_id == job.organisation_id,
            Upload.folder_id == job.folder_id,
            Upload.purpose == UploadPurpose.FILE,
            Upload.state != UploadState.REGISTERED,
            col(Upload.id).in_(ids),
        )
    )
    return {upload.id: upload for upload in rows}


async def _may_still(tx: Tx, job: UploadJob) -> bool:
    """Whether whoever asked for the job may still upload into the folder; if not, the job says so."""
    actor = await leave.of_owner(tx, job.created_by, job.organisation_id)
    try:
        if actor is not None:
            await leave.to_upload(tx, actor, job.folder_id)
            return True
    except Refused:
        pass
    message = "Whoever started this job may not upload into the folder any more."
    job.errors = [*job.errors, {"code": "FORBIDDEN", "message": message, "place": ""}]
    return False


async def _still_pending(tx: Tx, job: UploadJob, indexes: list[int]) -> set[int]:
    found = await tx.execute(
        _STILL_PENDING,
        {"organisation_id": job.organisation_id, "job_id": job.id, "indexes": indexes},
    )
    return set(found.scalars())


async def _store(tx: Tx, job: UploadJob, outcomes: Sequence[Prepared | Failed]) -> list[Told]:
    """Write the files of the units that bring any; what became of each unit."""
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    prepared = [outcome for outcome in outcomes if isinstance(outcome, Prepared)]
    prepared, gone = await _take_uploads(tx, job, prepared)
    prepared, skipped = await _skip_present(tx, job, prepared)
    files = [file for outcome in prepared for file in outcome.files]
    members = [member for outcome in prepared for member in outcome.members]
    tags = [tag for outcome in prepared for tag in outcome.dicom_tags]
    documents = [
        (outcome.main.id, outcome.unit.client_metadata)
        for outcome in prepared
        if outcome.unit.client_metadata is not None
    ]
    created = [
        Done(outcome.unit, UnitResult.CREATED, outcome.main.id, outcome.main.name)
        for outcome in prepared
    ]
    rates = {outcome.main.id: outcome.main.fps for outcome in prepared}
    indexed = await file_metadata.index_documents(tx, job.organisation_id, documents, rates)
    attrs = indexed.attrs
    for outcome in prepared:
        outcome.main.attrs = attrs.get(outcome.main.id, outcome.main.attrs)
    await bulk.insert_files(tx, files, members)
    await bulk.insert_documents(tx, job.organisation_id, documents, tags)
    await file_metadata.write_indexed(tx, job.organisation_id, indexed)
    return [*failed, *gone, *skipped, *created]


async def _take_uploads(
    tx: Tx, job: UploadJob, prepared: list[Prepared]
) -> tuple[list[Prepared], list[Failed]]:
    """Each upload becomes a file once: units whose uploads another job has taken meanwhile fail."""
    wanted = [upload_id for outcome in prepared for upload_id in outcome.unit.upload_ids]
    if not wanted:
        return prepared, []
    found = await tx.execute(_TAKE_UPLOADS, {"organisation_id": job.organisation_id, "ids": wanted})
    taken = set(found.scalars())
    code = UnitErrorCode.UPLOAD_NOT_FOUND
    gone = [
        Failed(outcome.unit, code, KINDS_OF_ERROR[code].description)
        for outcome in prepared
        if not taken.issuperset(outcome.unit.upload_ids)
    ]
    left = {id(failed.unit) for failed in gone}
    return [outcome for outcome in prepared if id(outcome.unit) not in left], gone


async def _skip_present(
    tx: Tx, job: UploadJob, prepared: list[Prepared]
) -> tuple[list[Prepared], list[Done]]:
    """With `skip_duplicate_urls`: leave out what the folder has, and what stands twice in this chunk.

    The folder is locked until the commit, so that two jobs at once cannot both find nothing.
    """
    if not job.skip_duplicate_urls:
        return prepared, []
    present = await _present(tx, job, prepared)
    fresh: list[Prepared] = []
    skipped: list[Done] = []
    for outcome in prepared:
        key = outcome.main.source_key
        if key is not None and key in present:
            result = await _upsert(tx, job, outcome, present[key])
            skipped.append(Done(outcome.unit, result, present[key], outcome.main.name))
            continue
        if key is not None:
            present[key] = outcome.main.id
        fresh.append(outcome)
    return fresh, skipped


async def _present(tx: Tx, job: UploadJob, prepared: list[Prepared]) -> dict[UUID, UUID]:
    await tx.execute(_LOCK_FOLDER, {"name": f"register:{job.folder_id}"})
    keys = [outcome.main.source_key for outcome in prepared if outcome.main.source_key]
    found = await tx.execute(
        _PRESENT,
        {"organisation_id": job.organisation_id, "folder_id": job.folder_id, "keys": keys},
    )
    return {key: file_id for key, file_id in found.all()}  # noqa: C416  rows are not pairs


async def _upsert(tx: Tx, job: UploadJob, outcome: Prepared, file_id: UUID) -> UnitResult:
    document = outcome.unit.client_metadata
    if not job.upsert_metadata or document is None or file_id == outcome.main.id:
        return UnitResult.SKIPPED
    await file_metadata.replace_document(tx, job.organisation_id, file_id, document)
    return UnitResult.UPDATED


async def _note(tx: Tx, job: UploadJob, told: Sequence[Told]) -> None:
    """Write down what became of each unit, and count it."""
    done = [outcome if isinstance(outcome, Done) else None for outcome in told]
    failed = [outcome if isinstance(outcome, Failed) else None for outcome in told]
    await tx.execute(
        _UNITS,
        {
            "organisation_id": job.organisation_id,
            "job_id": job.id,
            "indexes": [outcome.unit.index for outcome in told],
            "states": [(UnitState.ERROR if one else UnitState.DONE).value for one in failed],
            "results": [one and one.result.value for one in done],
            "files": [one and one.file_id for one in done],
            "names": [_name(outcome) for outcome in told],
            "codes": [one and one.code.value for one in failed],
            "messages": [one and texts.storable(one.message) for one in failed],
            "retryables": [one and KINDS_OF_ERROR[one.code].is_retryable for one in failed],
        },
    )
    job.error_count += sum(one is not None for one in failed)
    job.done_count += sum(one is not None for one in done)


def _name(outcome: Told) -> str | None:
    return outcome.name if isinstance(outcome, Done) else outcome.unit.title or outcome.name
