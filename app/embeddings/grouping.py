"""Writes the groups of near duplicates that a job found, some thousand files at a time.

Whoever takes over from a killed worker begins anew: the ids of groups follow from what is in them.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid5

from sqlalchemy import text

from app.accounts.actor import Actor
from app.background import service
from app.background.models import BackgroundJob
from app.core.db import Tx
from app.core.runtime import Runtime
from app.embeddings import walk

WRITTEN = 20_000
"""Rows that one transaction writes."""

_FORGET = text(
    "delete from near_duplicate_group where organisation_id = :organisation_id and job_id = :job_id"
)
_GROUPS = text(
    "insert into near_duplicate_group (organisation_id, job_id, id, file_count)"
    " select :organisation_id, :job_id, given.* from unnest("
    "cast(:ids as uuid[]), cast(:counts as int[])) as given on conflict do nothing"
)
_MEMBERS = text(
    "insert into near_duplicate_member (organisation_id, group_id, file_id)"
    " select :organisation_id, given.* from unnest("
    "cast(:groups as uuid[]), cast(:files as uuid[])) as given on conflict do nothing"
)


class Stopped(Exception):
    """The job was cancelled, or another worker has it."""


async def write(
    runtime: Runtime, actor: Actor, job: BackgroundJob, groups: Sequence[Sequence[UUID]]
) -> None:
    """Write groups of files, the lowest id of each first. Raises Stopped if the job has ended."""
    whose = {"organisation_id": job.organisation_id}
    of_job = {**whose, "job_id": job.id}
    async with _moving(runtime, actor, job) as tx:
        await tx.execute(_FORGET, of_job)
    ids = [uuid5(job.id, files[0].hex) for files in groups]
    for start in range(0, len(ids), WRITTEN):
        part = slice(start, start + WRITTEN)
        counts = [len(files) for files in groups[part]]
        async with _moving(runtime, actor, job) as tx:
            await tx.execute(_GROUPS, {**of_job, "ids": ids[part], "counts": counts})
    for pairs in _parts(ids, groups):
        async with _moving(runtime, actor, job) as tx:
            there = await walk.held(tx, job.organisation_id, {file for _, file in pairs})
            kept = [(group, file) for group, file in pairs if file in there]
            given = {"groups": [one[0] for one in kept], "files": [one[1] for one in kept]}
            await tx.execute(_MEMBERS, {**whose, **given})


@asynccontextmanager
async def _moving(runtime: Runtime, actor: Actor, job: BackgroundJob) -> AsyncGenerator[Tx]:
    """A transaction that holds the job. Raises Stopped if it has ended."""
    async with runtime.db.transaction(actor.scope) as tx:
        if not service.is_running(await service.locked(tx, job.id)):
            raise Stopped
        yield tx


def _parts(
    ids: Sequence[UUID], groups: Sequence[Sequence[UUID]]
) -> Iterator[list[tuple[UUID, UUID]]]:
    """Groups and files, WRITTEN at a time."""
    part = list[tuple[UUID, UUID]]()
    for group, files in zip(ids, groups, strict=True):
        for file in files:
            part.append((group, file))
            if len(part) == WRITTEN:
                yield part
                part = []
    if part:
        yield part
