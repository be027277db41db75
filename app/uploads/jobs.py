"""What the worker does for uploads."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

from app.core.db import Scope
from app.core.errors import Refused
from app.core.runtime import Runtime
from app.files import stores
from app.media import sandbox
from app.uploads import progress, queries, registration, staging
from app.uploads.models import JobPhase, UploadJob
from app.uploads.places import Reach
from app.uploads.registration import Work

REGISTER = "register_files"


async def register_files(runtime: Runtime, *, organisation_id: str, job_id: str, user_id: str) -> None:
    """Read the document of a job and register its units; goes on where a killed worker left off."""
    scope = Scope(UUID(organisation_id), UUID(user_id))
    job = await _load(runtime, scope, UUID(job_id))
    if job is None or not progress.is_running(job):
        return
    if job.phase in {JobPhase.QUEUED, JobPhase.READING}:
        await staging.stage(runtime, scope, job)
        job = await _load(runtime, scope, job.id)
    if job is None or not progress.is_running(job):
        return
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(sandbox.opened())
        reach = await _reach(runtime, scope, job)
        work = Work(runtime=runtime, scope=scope, job=job, reach=reach, sandbox=box)
        await registration.register(work)


async def _load(runtime: Runtime, scope: Scope, job_id: UUID) -> UploadJob | None:
    async with runtime.db.read(scope) as session:
        return await session.get(UploadJob, (scope.organisation_id, job_id))


TASKS: dict[str, Callable[..., Awaitable[None]]] = {REGISTER: register_files}
"""By name, for the worker."""
