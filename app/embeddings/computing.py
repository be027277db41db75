"""A job that gives images the vectors that they lack, made by the key's encoder.

It goes through the images by id, some at a time, and writes down how far it came together with their vectors: a
worker that takes over goes on from there. A file that cannot be encoded is left out and told of.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import anyio

from app.accounts.actor import Actor
from app.accounts.permissions import FolderPermission
from app.background import service as background
from app.background.models import BackgroundJob, JobKind
from app.core.db import Scope, Session, Tx
from app.core.errors import RateLimited, Refused, Unavailable
from app.core.runtime import Runtime
from app.embeddings import encoder_queries, encoders, writing
from app.embeddings.encoder_errors import (
    EncoderAway,
    EncoderMissing,
    EncoderRefuses,
    EncoderUnable,
    EncoderWrong,
    ModelMissing,
)
from app.embeddings.encoders import KeyEncoder
from app.embeddings.lacking import Found, Lacking
from app.embeddings.pictures import Pictures
from app.embeddings.writing import Said
from app.files import access
from app.files.models import File, Integration

COMPUTE = "compute_embeddings"
IMAGES_AT_ONCE = 20
"""Between two looks at whether the job was cancelled."""
MOST_TOLD = 100
"""Files that were left out, with the reason."""
TRIES = 5
LONGEST_PAUSE_SECONDS = 30
_ENDING = (EncoderRefuses, EncoderUnable, EncoderWrong, ModelMissing)
"""With these the next picture would fare no better."""


async def ask(tx: Tx, actor: Actor, key_name: str, folder_id: UUID | None) -> BackgroundJob:
    """Have vectors made of the images in a folder and all below it; None: of all that the actor may edit.

    Raises NotFound for what is no embedding or no folder, EncoderMissing, and Forbidden for a folder that the
    actor may not edit.
    """
    found = await encoder_queries.encoded_key(tx, actor, key_name)
    if found.encoder is None:
        raise EncoderMissing(key_name)
    if folder_id is not None:
        await access.folder(tx, actor, folder_id, FolderPermission.EDIT)
    asked = {"key": key_name, "folder": folder_id.hex if folder_id else None}
    return await background.begin(tx, actor, JobKind.COMPUTE_EMBEDDINGS, asked, COMPUTE)


async def compute_embeddings(
    runtime: Runtime, *, organisation_id: str, job_id: str, user_id: str
) -> None:
    """The worker's task."""

    async def work(job: BackgroundJob) -> None:
        try:
            await _work(runtime, job)
        except Unavailable as error:
            await _note(runtime, job, f"Waits, and tries again: {error}")
            raise

    await background.run(runtime, organisation_id, job_id, user_id, work)


async def _work(runtime: Runtime, job: BackgroundJob) -> None:
    actor = await background.actor_of(runtime, job)
    key_name, folder = job.input["key"], job.input["folder"]
    encoder = await encoders.encoder_of(runtime, actor, key_name)
    if not encoder.takes_images:
        raise EncoderUnable(f"The encoder of {key_name!r} knows texts only, and no pictures.")
    async with Pictures.reached(runtime) as pictures:
        images = Lacking(actor, key_name, UUID(folder) if folder else None)
        run = _Run(runtime, job, actor, encoder, pictures, images)
        while await run.step():
            pass


@dataclass(slots=True)
class _Run:
    """A job at work."""

    runtime: Runtime
    job: BackgroundJob
    actor: Actor
    encoder: KeyEncoder
    pictures: Pictures
    images: Lacking

    async def step(self) -> bool:
        """Encode some images and write their vectors; False when there are none left, or nobody wants them."""
        result = dict(self.job.result or {"after": None, "encoded": 0, "skipped": 0, "reasons": []})
        async with self.runtime.db.read(self.actor.scope) as session:
            rows = await self.images.page(session, result["after"], IMAGES_AT_ONCE)
            editable = await _editable(session, self.actor, rows)
            if self.job.total_count is None:
                self.job.total_count = await self.images.count(session)
        said: list[Said] = []
        for file, through in rows:
            reason = "Your role on its folder does not allow to edit."
            if file.folder_id in editable:
                reason = await self._encode(file, through, said)
            if reason:
                _skip(result, file.id, reason)
        if rows:
            result["after"] = rows[-1][0].id.hex
        return await self._write(said, result, is_last=not rows)

    async def _encode(self, file: File, through: Integration | None, said: list[Said]) -> str:
        """Add the vector of an image; why there is none, else empty."""
        try:
            async with self.pictures.on_disk(file, through) as path:
                vector = await self._patiently(
                    lambda: self.encoder.of_file(self.runtime, path, file.name)
                )
        except _ENDING:
            raise
        except Refused as refused:
            return refused.message
        said.append(Said(file_id=file.id, vector=vector))
        return ""

    async def _patiently(self, encode: Callable[[], Awaitable[list[float]]]) -> list[float]:
        """Wait as long as an encoder that is asked too often wishes, some times over."""
        for _ in range(TRIES):
            try:
                return await encode()
            except RateLimited as limited:
                await anyio.sleep(min(limited.retry_after_seconds, LONGEST_PAUSE_SECONDS))
        raise EncoderAway(f"The encoder of {self.encoder.key_name!r} is asked too often.")

    async def _write(self, said: list[Said], result: dict[str, Any], *, is_last: bool) -> bool:
        async with self.runtime.db.transaction(self.actor.scope) as tx:
            job = await background.locked(tx, self.job.id)
            if not background.is_running(job):
                return False
            held_in = await writing.pinned(tx, self.actor, self.encoder.key_name)
            outcomes = await writing.judged(tx, self.actor, held_in, said)
            for item, outcome in zip(said, outcomes, strict=True):
                if outcome.refused is not None:
                    _skip(result, item.file_id, outcome.refused.message)
                else:
                    result["encoded"] += 1
            job.result, job.message = result, ""
            done = result["encoded"] + result["skipped"]
            background.progressed(tx, job, done, max(done, self.job.total_count or 0))
            if is_last:
                background.finish(tx, job, result)
            self.job = job
        return not is_last


async def _editable(session: Session, actor: Actor, rows: Sequence[Found]) -> Collection[UUID]:
    folder_ids = {file.folder_id for file, _ in rows}
    return await access.allowing(session, actor, folder_ids, FolderPermission.EDIT)


def _skip(result: dict[str, Any], file_id: UUID, reason: str) -> None:
    result["skipped"] += 1
    if len(result["reasons"]) < MOST_TOLD:
        result["reasons"] = [*result["reasons"], {"file": file_id.hex, "message": reason}]


async def _note(runtime: Runtime, job: BackgroundJob, message: str) -> None:
    """Tell who looks at the job what it waits for."""
    async with runtime.db.transaction(Scope(job.organisation_id, job.created_by)) as tx:
        held = await background.locked(tx, job.id)
        if background.is_running(held):
            held.message = message
            background.progressed(tx, held, held.done_count)


TASKS: dict[str, Callable[..., Awaitable[None]]] = {COMPUTE: compute_embeddings}
"""By name, for the worker."""
