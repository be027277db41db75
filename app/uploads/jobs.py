"""What the worker does for uploads."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import UUID

import structlog
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core import db
from app.core.db import Scope
from app.core.errors import Refused, Unavailable
from app.core.runtime import Runtime
from app.core.storage.integrations import Allowances
from app.files import stores
from app.files.models import Integration
from app.files.stores import Terms
from app.media import sandbox
from app.uploads import progress, registration, staging
from app.uploads.models import JobPhase, UploadJob
from app.uploads.places import Reach
from app.uploads.registration import Work

REGISTER = "register_files"


async def register_files(
    runtime: Runtime, *, organisation_id: str, job_id: str, user_id: str
) -> None:
    """Read the document of a job and register its units; goes on where a killed worker left off.

    Passing faults of the database are raised, so that the job is tried again. Any other fault ends the job
    with ERROR, and is logged.
    """
    scope = Scope(UUID(organisation_id), UUID(user_id))
    try:
        await _work(runtime, scope, UUID(job_id))
    except Exception as error:
        # what is refused stays so, whatever was the cause: a document that is gone does not come back
        is_refused = isinstance(error, Refused)
        passes = db.is_passing(error) or isinstance(error, Unavailable | PoolTimeoutError)
        if passes and not is_refused:
            raise
        structlog.get_logger("uploads").exception("an upload job failed", job_id=job_id)
        await _give_up(runtime, scope, UUID(job_id))


async def _work(runtime: Runtime, scope: Scope, job_id: UUID) -> None:
    job = await _load(runtime, scope, job_id)
    if job is None or not progress.is_running(job):
        return
    if job.phase in {JobPhase.QUEUED, JobPhase.READING}:
        await staging.stage(runtime, scope, job)
        job = await _load(runtime, scope, job_id)
    if job is None or not progress.is_running(job):
        return
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(sandbox.opened())
        allowances = await stack.enter_async_context(Terms.of(runtime.settings).in_force())
        reach = await _reach(runtime, scope, job, allowances)
        work = Work(runtime=runtime, scope=scope, job=job, reach=reach, sandbox=box)
        await registration.register(work)


async def _give_up(runtime: Runtime, scope: Scope, job_id: UUID) -> None:
    async with runtime.db.transaction(scope) as tx:
        job = await progress.locked(tx, job_id)
        if not progress.is_running(job):
            return
        message = "The server failed; what is registered stays. Retry the job, or ask its operator."
        job.errors = [*job.errors, {"code": "INTERNAL", "message": message, "place": ""}]
        await progress.fail(tx, job)
        progress.touch(tx, job)


async def _load(runtime: Runtime, scope: Scope, job_id: UUID) -> UploadJob | None:
    async with runtime.db.read(scope) as session:
        return await session.get(UploadJob, (scope.organisation_id, job_id))


async def _reach(runtime: Runtime, scope: Scope, job: UploadJob, allowances: Allowances) -> Reach:
    """What the job can reach; without its integration, which may have been deleted, only our own store."""
    row = None
    if job.integration_id is not None:
        async with runtime.db.read(scope) as session:
            row = await session.get(Integration, (job.organisation_id, job.integration_id))
    if row is None:
        return Reach(own=runtime.storage, allowances=allowances)
    return Reach(
        own=runtime.storage,
        allowances=allowances,
        integration=stores.integration_of(row, runtime.secret),
        location=row.provider,
        is_strict=row.is_strict_client_only,
    )


TASKS: dict[str, Callable[..., Awaitable[None]]] = {REGISTER: register_files}
"""By name, for the worker."""
