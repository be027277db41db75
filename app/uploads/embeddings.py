"""Vectors from an uploaded file: a background job of bounded memory that goes on where it was killed.

A batch of lines is written in one transaction, together with how many lines are done.
"""

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import anyio.to_thread
from sqlmodel import col

from app.accounts.actor import Actor
from app.background import service as background
from app.background.models import BackgroundJob, JobKind
from app.core import texts
from app.core.db import Tx
from app.core.errors import Invalid, NotFound, Refused
from app.core.runtime import Runtime
from app.embeddings import indexing, tables, writing
from app.embeddings.writing import Said
from app.files import access
from app.files.models import File
from app.files.outcomes import Outcome
from app.uploads import documents, embedding_lines, service
from app.uploads.embedding_lines import Line

SET_EMBEDDINGS = "set_embeddings"
"""The job."""

LEAST = 20
"""Lines of a batch."""
PACE_SECONDS = 1.0
MOST_ERRORS = 100
"""Told of one job; all are counted."""


@dataclass(slots=True)
class Pace:
    """How many lines are written at once: as many as take a second, since an index over many vectors is slow."""

    batch: int = 100

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Around the writing of a batch."""
        begin = time.monotonic()
        yield
        taken = time.monotonic() - begin
        if taken < PACE_SECONDS / 2:
            self.batch = min(self.batch * 2, embedding_lines.MOST)
        elif taken > PACE_SECONDS * 2:
            self.batch = max(self.batch // 2, LEAST)


async def start(tx: Tx, actor: Actor, key: str, upload_id: UUID) -> BackgroundJob:
    """A new job over an uploaded document. Raises Refused if there is no such key or upload."""
    await tables.table_of(tx, actor, key)
    try:
        upload = await service.document_of(tx, actor, upload_id)
    except NotFound as refused:
        refused.field = ("upload_id",)
        raise
    given = {"key": key, "object_key": upload.object_key, "folder_id": upload.folder_id.hex}
    return await background.begin(tx, actor, JobKind.SET_EMBEDDINGS, given, SET_EMBEDDINGS)


async def set_embeddings(
    runtime: Runtime, *, organisation_id: str, job_id: str, user_id: str
) -> None:
    """The job."""

    async def work(job: BackgroundJob) -> None:
        await _write_all(runtime, job)

    await background.run(runtime, organisation_id, job_id, user_id, work)


async def _write_all(runtime: Runtime, job: BackgroundJob) -> None:
    actor = await background.actor_of(runtime, job)
    try:
        await runtime.storage.head(job.input["object_key"])
    except NotFound as refused:
        raise NotFound(
            "The bytes of the upload have not come; send them, then begin anew."
        ) from refused
    async with documents.spooled(runtime.storage.stream(job.input["object_key"])) as document:
        total = await anyio.to_thread.run_sync(embedding_lines.count_lines, document)
        if not await _begin(runtime, actor, job, total):
            return
        await _make_room(runtime, actor, job, total)
        done = await anyio.to_thread.run_sync(embedding_lines.skip_lines, document, job.done_count)
        pace = Pace()
        while lines := await anyio.to_thread.run_sync(
            embedding_lines.read_lines, document, done, pace.batch
        ):
            with pace.kept():
                async with runtime.db.transaction(actor.scope) as tx:
                    if not await _write(tx, actor, job.id, done, lines):
                        return
            done = lines[-1].number
    await _end(runtime, actor, job.id)


async def _begin(runtime: Runtime, actor: Actor, job: BackgroundJob, total: int) -> bool:
    async with runtime.db.transaction(actor.scope) as tx:
        row = await background.locked(tx, job.id)
        if not background.is_running(row):
            return False
        background.progressed(tx, row, row.done_count, total)
        return True


async def _make_room(runtime: Runtime, actor: Actor, job: BackgroundJob, total: int) -> None:
    async with runtime.db.read(actor.scope) as session:
        table = await tables.table_of(session, actor, job.input["key"])
    if table.name is not None:
        load = total - job.done_count
        await indexing.suspend(runtime, actor.scope, table.name, load)


async def _write(tx: Tx, actor: Actor, job_id: UUID, done: int, lines: Sequence[Line]) -> bool:
    """Write a batch behind `done` lines; False if the job was stopped, or somebody else is further."""
    job = await background.locked(tx, job_id)
    if not background.is_running(job) or job.done_count != done:
        return False
    table = await writing.pinned(tx, actor, job.input["key"])
    await _find_names(tx, actor, UUID(job.input["folder_id"]), lines)
    good = [line for line in lines if line.refused is None and not line.is_blank]
    said = [Said(file_id=one.file_id, frame=one.frame, vector=one.vector) for one in good]
    outcomes = await writing.judged(tx, actor, table, said, last_counts=True)
    for line, outcome in zip(good, outcomes, strict=True):
        line.refused = _told(line, outcome)
    job.result = _tally(job.result, lines)
    background.progressed(tx, job, lines[-1].number)
    return True


async def _end(runtime: Runtime, actor: Actor, job_id: UUID) -> None:
    async with runtime.db.transaction(actor.scope) as tx:
        job = await background.locked(tx, job_id)
        if background.is_running(job):
            background.finish(tx, job, _tally(job.result, ()))


def _told(line: Line, outcome: Outcome) -> Refused | None:
    if (
        outcome.refused is not None
        and line.name is not None
        and outcome.refused.field[:1] == ("file_id",)
    ):
        outcome.refused.field = ("name",)
    return outcome.refused


def _tally(so_far: dict[str, Any] | None, lines: Sequence[Line]) -> dict[str, Any]:
    tally = so_far or {"written_count": 0, "rejected_count": 0, "errors": []}
    bad = [(line.number, line.refused) for line in lines if line.refused is not None]
    told = [
        {
            "line": number,
            "code": one.code,
            "message": texts.storable(one.message),
            "field": [texts.storable(str(part)) for part in one.field],
        }
        for number, one in bad[: MOST_ERRORS - len(tally["errors"])]
    ]
    return {
        "written_count": tally["written_count"] + sum(not one.is_blank for one in lines) - len(bad),
        "rejected_count": tally["rejected_count"] + len(bad),
        "errors": [*tally["errors"], *told],
    }


async def _find_names(tx: Tx, actor: Actor, folder_id: UUID, lines: Sequence[Line]) -> None:
    """Put the files in the place of their names. Parts of composites are not called by name."""
    names = {line.name for line in lines if line.name is not None}
    if not names:
        return
    statement = (
        access.visible_files(actor)
        .where(File.folder_id == folder_id, col(File.name).in_(names), ~col(File.is_component))
        .with_only_columns(col(File.name), col(File.id))
    )
    found: dict[str, list[UUID]] = {}
    for name, file_id in await tx.execute(statement):
        found.setdefault(name, []).append(file_id)
    for line in lines:
        if line.name is not None and line.refused is None:
            _name(line, found.get(line.name, []))


def _name(line: Line, found: Sequence[UUID]) -> None:
    if len(found) > 1:
        line.refused = Invalid(
            f"{len(found)} files of this name lie in the folder; say `fileId`.", field=("name",)
        )
    elif found:
        line.file_id = found[0]


TASKS: dict[str, Callable[..., Awaitable[None]]] = {SET_EMBEDDINGS: set_embeddings}
"""By name, for the worker."""
