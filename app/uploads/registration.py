"""Registers the units of a job, chunk by chunk, each chunk in one transaction.

A killed worker loses the chunk that it was in, and repeats none that it finished: whoever writes holds the
job's row, and takes only units that are still pending.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import anyio
import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core import db, tasks
from app.core.clock import now
from app.core.db import Scope
from app.core.runtime import Runtime
from app.media.sandbox import Sandbox
from app.uploads import payload, reading, rows, writing
from app.uploads.documents import KINDS_OF_ERROR, UnitErrorCode
from app.uploads.models import Upload, UploadJob
from app.uploads.payload import Pending
from app.uploads.places import Place, Reach, UnitFailed
from app.uploads.rows import Prepared, Target
from app.uploads.writing import Failed

CHUNK = 2_000
SLOW_CHUNK = 16
"""Units whose objects must be read are written in small chunks, so that progress shows."""
READERS = 4
MOST_ATTEMPTS = 3

_PENDING = text(
    'select "index", kind, payload, attempt_count from upload_unit'
    ' where organisation_id = :organisation_id and job_id = :job_id and "index" >= :start'
    " and state = 'PENDING' order by \"index\" limit :limit"
)
_ATTEMPT = text(
    "update upload_unit set attempt_count = attempt_count + 1"
    ' where organisation_id = :organisation_id and job_id = :job_id and "index" = any(:indexes)'
    " and state = 'PENDING'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One run of one job."""

    runtime: Runtime
    scope: Scope
    job: UploadJob
    reach: Reach
    sandbox: Sandbox

    @property
    def target(self) -> Target:
        """Where the files go; made for each chunk, since it carries the time."""
        return Target(
            organisation_id=self.job.organisation_id,
            folder_id=self.job.folder_id,
            integration_id=self.job.integration_id,
            created_by=self.job.created_by,
            created_at=now(),
        )


Outcome = Prepared | Failed
Chunk = list[tuple[Pending, list[Place], Outcome | None]]
"""Units with their places, and with their outcome if that needs no look at the objects."""


async def register(work: Work) -> None:
    """Work until no unit is pending, or the job is stopped. While a chunk is written the next is prepared."""
    chunk = await _prepare(work, work.job.next_index)
    while chunk:
        start = chunk[-1][0].index + 1
        ahead = asyncio.create_task(_prepare(work, start))
        try:
            goes_on = await _settle(work, chunk)
        except BaseException:
            await tasks.ended(ahead)
            raise
        chunk = await ahead
        if not goes_on:
            return
        await writing.advance(work.runtime, work.scope, work.job.id, start)
    await writing.close(work.runtime, work.scope, work.job.id)


async def _prepare(work: Work, start: int) -> Chunk:
    units = await _next(work, start)
    return await _by_word(work, units) if units else []


async def _settle(work: Work, chunk: Chunk) -> bool:
    """Write a chunk: first what needs no look, then the rest as it is read. False if the job stopped."""
    quick = [outcome for _, _, outcome in chunk if outcome is not None]
    if quick and not await _write(work, quick):
        return False
    slow = [(unit, places) for unit, places, outcome in chunk if outcome is None]
    for first in range(0, len(slow), SLOW_CHUNK):
        part = slow[first : first + SLOW_CHUNK]
        if not await _write(work, await _read_all(work, part)):
            return False
    return True


async def _next(work: Work, start: int) -> list[Pending]:
    async with work.runtime.db.read(work.scope) as session:
        found = await session.execute(
            _PENDING,
            {
                "organisation_id": work.job.organisation_id,
                "job_id": work.job.id,
                "start": start,
                "limit": CHUNK,
            },
        )
        return [payload.load(*row) for row in found.all()]


async def _by_word(work: Work, units: Sequence[Pending]) -> Chunk:
    uploads = await _uploads(work, units)
    target = work.target
    return [(unit, *_told(work, target, unit, uploads)) for unit in units]


def _told(
    work: Work, target: Target, unit: Pending, uploads: dict[UUID, Upload]
) -> tuple[list[Place], Outcome | None]:
    places: list[Place] = []
    try:
        places = work.reach.places(unit, uploads)
        read = reading.by_word(unit, places)
    except UnitFailed as error:
        return places, _failed(unit, places, error)
    return places, None if read is None else rows.prepare(target, unit, read)


async def _uploads(work: Work, units: Sequence[Pending]) -> dict[UUID, Upload]:
    wanted = [upload_id for unit in units for upload_id in unit.upload_ids]
    if not wanted:
        return {}
    async with work.runtime.db.read(work.scope) as session:
        return await writing.open_uploads(session, work.job, wanted)


async def _read_all(work: Work, units: list[tuple[Pending, list[Place]]]) -> list[Outcome]:
    """Read the objects of some units, a few at a time; no database connection is held meanwhile."""
    await _count_attempt(work, [unit.index for unit, _ in units])
    outcomes: list[Outcome | None] = [None] * len(units)
    limiter = anyio.CapacityLimiter(READERS)

    async def one(position: int, unit: Pending, places: list[Place]) -> None:
        async with limiter:
            outcomes[position] = await _read(work, unit, places)

    async with anyio.create_task_group() as group:
        for position, (unit, places) in enumerate(units):
            group.start_soon(one, position, unit, places)
    return [outcome for outcome in outcomes if outcome is not None]


async def _count_attempt(work: Work, indexes: list[int]) -> None:
    """Written before the attempt: a file that kills the worker is not tried for ever."""
    async with work.runtime.db.transaction(work.scope) as tx:
        await tx.execute(
            _ATTEMPT,
            {
                "organisation_id": work.job.organisation_id,
                "job_id": work.job.id,
                "indexes": indexes,
            },
        )


async def _read(work: Work, unit: Pending, places: list[Place]) -> Outcome:
    if unit.attempt_count >= MOST_ATTEMPTS:
        message = f"The worker stopped {MOST_ATTEMPTS} times while it read this; look at the file."
        return Failed(unit, UnitErrorCode.INTERNAL, message)
    video_key = f"sequences/{work.job.organisation_id.hex}/{work.job.id.hex}-{unit.index}.mp4"
    try:
        read = await reading.by_reading(unit, places, work.reach, work.sandbox, video_key)
    except UnitFailed as error:
        return _failed(unit, places, error)
    except Exception:
        structlog.get_logger("uploads").exception("a unit could not be read", index=unit.index)
        return _internal(unit)
    return rows.prepare(work.target, unit, read)


async def _write(work: Work, outcomes: list[Outcome]) -> bool:
    """Write outcomes in one transaction; if the database refuses them, find the one that it refuses.

    False if the job was stopped meanwhile, or stopped by a failure among these.
    """
    try:
        return await writing.write(work.runtime, work.scope, work.job.id, outcomes)
    except (DBAPIError, asyncpg.PostgresError) as error:
        if db.is_passing(error):
            raise
        if len(outcomes) > 1:
            half = len(outcomes) // 2
            return await _write(work, outcomes[:half]) and await _write(work, outcomes[half:])
        if isinstance(outcomes[0], Failed):
            raise
        structlog.get_logger("uploads").exception("the database refused a unit")
        return await _write(work, [_internal(outcomes[0].unit)])


def _failed(unit: Pending, places: list[Place], error: UnitFailed) -> Failed:
    return Failed(unit, error.code, error.message, places[0].name if places else None)


def _internal(unit: Pending) -> Failed:
    code = UnitErrorCode.INTERNAL
    return Failed(unit, code, KINDS_OF_ERROR[code].description)
