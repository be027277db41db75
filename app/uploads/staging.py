"""Reads a job's document from our store and lays its units down, in batches, each in its own transaction."""

from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO
from uuid import UUID

import anyio.to_thread

from app.core import bulk, texts
from app.core.clock import now
from app.core.db import Scope, Tx
from app.core.runtime import Runtime
from app.uploads import documents, payload, progress
from app.uploads.documents import DocumentError, Options, Summary, Unit
from app.uploads.models import DocumentFormat, JobPhase, UnitState, UploadJob, UploadUnit

BATCH = 2_000
READERS = {
    DocumentFormat.JSON: (documents.inspect_json, documents.read_json),
    DocumentFormat.CSV: (documents.inspect_csv, documents.read_csv),
}
COLUMNS = (
    "organisation_id",
    "job_id",
    "index",
    "kind",
    "location",
    "payload",
    "state",
    "attempt_count",
    "name",
    "error_code",
    "error_message",
    "is_retryable",
)


async def stage(runtime: Runtime, scope: Scope, job: UploadJob) -> None:
    """Read the whole document; go on behind the units that are there already.

    A document that cannot be read ends the job with ERROR.
    """
    inspect, read = READERS[job.format]
    chunks = runtime.storage.stream(job.document_key)
    async with documents.spooled(chunks) as document:
        try:
            summary = await anyio.to_thread.run_sync(inspect, document)
        except DocumentError as error:
            await _refuse(runtime, scope, job.id, error)
            return
        await _begin(runtime, scope, job.id, summary)
        await _lay_down(runtime, scope, job, document, read(document))
    await _end(runtime, scope, job.id)


async def _begin(runtime: Runtime, scope: Scope, job_id: UUID, summary: Summary) -> None:
    """The flags may stand at the end of the document, so they are known only now."""
    async with runtime.db.transaction(scope) as tx:
        job = await progress.locked(tx, job_id)
        options: Options = summary.options
        job.phase = JobPhase.READING
        job.skip_duplicate_urls |= options.skip_duplicate_urls
        job.upsert_metadata |= options.upsert_metadata
        progress.touch(tx, job)


async def _lay_down(
    runtime: Runtime, scope: Scope, job: UploadJob, document: BinaryIO, units: Iterator[Unit]
) -> None:
    del document  # read through `units`; named to show that it must stay open
    present = job.unit_count
    while batch := await anyio.to_thread.run_sync(lambda: list(islice(units, BATCH))):
        fresh = [unit for unit in batch if unit.index >= present]
        if not fresh:
            continue
        async with runtime.db.transaction(scope) as tx:
            if not await _write(tx, job.id, fresh):
                return


async def _write(tx: Tx, job_id: UUID, units: list[Unit]) -> bool:
    """Write a batch; False if the job was cancelled meanwhile."""
    job = await progress.locked(tx, job_id)
    if not progress.is_running(job):
        return False
    rows = [_row(job, unit) for unit in units]
    await bulk.insert(tx, UploadUnit.__table__, COLUMNS, rows)  # type: ignore[attr-defined]
    job.unit_count += len(units)
    job.error_count += sum(unit.error is not None for unit in units)
    progress.touch(tx, job)
    return True


def _row(job: UploadJob, unit: Unit) -> tuple[object, ...]:
    error = unit.error
    return (
        job.organisation_id,
        job.id,
        unit.index,
        unit.kind.value,
        unit.location,
        payload.dump(unit),
        (UnitState.PENDING if error is None else UnitState.ERROR).value,
        0,
        unit.title,
        error and error.code.value,
        error and texts.storable(error.message),
        error and error.is_retryable,
    )


async def _end(runtime: Runtime, scope: Scope, job_id: UUID) -> None:
    """All units are known. Without `ignore_errors` one broken unit ends the job before it registers any."""
    async with runtime.db.transaction(scope) as tx:
        job = await progress.locked(tx, job_id)
        if not progress.is_running(job):
            return
        job.phase = JobPhase.REGISTERING
        if job.error_count and not job.ignore_errors:
            await progress.fail(tx, job)
        progress.touch(tx, job)


async def _refuse(runtime: Runtime, scope: Scope, job_id: UUID, error: DocumentError) -> None:
    async with runtime.db.transaction(scope) as tx:
        job = await progress.locked(tx, job_id)
        if not progress.is_running(job):
            return
        told = {"message": texts.storable(error.message), "place": texts.storable(error.place)}
        job.errors = [{"code": error.reason.value, **told}]
        job.finished_at = now()
        await progress.fail(tx, job)
        progress.touch(tx, job)
