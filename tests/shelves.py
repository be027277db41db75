"""Folders of files with vectors, made without the API, and the jobs that look at them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from app.background.models import BackgroundJob
from app.core import ids
from app.core.clock import new_id
from app.core.halfvec import pack
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.embeddings import plotting, tables
from app.embeddings.projection import Matrix
from app.files import vectors
from app.files.models import File, FileType, Folder, StorageLocation
from app.metadata import service as metadata
from app.metadata.queries import pin
from app.presets import hunts
from schema.presets import reading
from tests.client import Api
from tests.world import Person, World

KEY = "clip"
MOVING = {"QUEUED", "RUNNING"}
JOB = """
query ($id: ID!) {
  node(id: $id) {
    ... on BackgroundJob {
      id kind state message doneCount totalCount
      plot { id method pointCount folder { id } extent { xMin yMin xMax yMax } }
      nearDuplicates {
        pairCount isComplete isExact vectorCount fileCount groupCount groupSizes
      }
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of somebody's, and an embedding key."""

    api: Api
    world: World
    owner: Person
    folder: Folder

    @classmethod
    async def of(cls, api: Api, world: World, owner: Person | None = None) -> "Shelf":
        """A new folder; the key is there already, or made."""
        person = owner or api.person
        assert person is not None
        return cls(api, world, person, await world.folder(person))

    @property
    def runtime(self) -> Runtime:
        """The server's."""
        return self.world.runtime

    @property
    def folder_id(self) -> str:
        """As clients say it."""
        return ids.encode(Kind.FOLDER, self.folder.id)

    async def key(self, dimensions: int, name: str = KEY) -> None:
        """Declare the key."""
        async with self.runtime.db.transaction(self.owner.actor.scope) as tx:
            await metadata.add_embedding(tx, self.owner.actor, key=name, dimensions=dimensions)

    async def put(
        self,
        rows: Matrix,
        *,
        frames: Sequence[tuple[int, int]] | None = None,
        folder: Folder | None = None,
        name: str = KEY,
    ) -> list[str]:
        """A file for each row, or for each number in `frames`: of each row the file's number and the frame.

        The files' ids.
        """
        places = frames or [(number, -1) for number in range(len(rows))]
        count = max(file for file, _ in places) + 1
        where, actor = folder or self.folder, self.owner.actor
        files = [
            File(
                id=new_id(),
                organisation_id=actor.organisation_id,
                folder_id=where.id,
                name=f"{number}.png",
                type=FileType.IMAGE,
                storage_location=StorageLocation.OWN,
                created_by=actor.user_id,
            )
            for number in range(count)
        ]
        written = vectors.Vectors.none()
        for (file, frame), row in zip(places, rows, strict=True):
            written.add(files[file].id, frame, pack(row))
        async with self.runtime.db.transaction(actor.scope) as tx:
            tx.add_all(files)
            await tx.flush()
            await pin(tx, actor.organisation_id)
            table = await tables.table_of(tx, actor, name)
            shape = {table.number: table.dimensions}
            names = await vectors.names_of(tx, actor.organisation_id, shape)
            await vectors.write(tx, names[table.number], written, is_from_document=False)
        return [ids.encode(Kind.FILE, file.id) for file in files]

    async def start(self, mutation: str, **given: Any) -> str:
        """The id of a job, for the whole key of this folder unless something else is given."""
        kind = mutation[0].upper() + mutation[1:] + "Input"
        document = (
            f"mutation ($input: {kind}!) {{ {mutation}(input: $input)"
            " { job { id } userErrors { code message field } } }"
        )
        whole = {"key": KEY, "folderId": self.folder_id, **given}
        started = await self.api.change(document, input=whole)
        found: str = started["job"]["id"]
        return found

    async def run(self, job_id: str) -> dict[str, Any]:
        """Do a job here and now, as the worker would."""
        job = await self.row(job_id)
        tasks = {**plotting.TASKS, **hunts.tasks(reading.tree_of)}
        task = tasks["draw_embedding_plot" if "plot_id" in job.input else "find_near_duplicates"]
        assert job.created_by is not None
        named = {"job_id": job.id.hex, "user_id": job.created_by.hex}
        await task(self.runtime, organisation_id=job.organisation_id.hex, **named)
        return await self.look(job_id)

    async def done(self, mutation: str, **given: Any) -> dict[str, Any]:
        """A job that was done."""
        job = await self.run(await self.start(mutation, **given))
        assert job["state"] == "DONE", job
        return job

    async def look(self, job_id: str) -> dict[str, Any]:
        """The job as it is."""
        found: dict[str, Any] = (await self.api(JOB, id=job_id))["node"]
        return found

    async def ended(self, job_id: str) -> dict[str, Any]:
        """The job once a worker is through with it."""
        async with asyncio.timeout(60):
            while (job := await self.look(job_id))["state"] in MOVING:  # noqa: ASYNC110  the worker
                await asyncio.sleep(0.05)
        return job

    async def row(self, job_id: str) -> BackgroundJob:
        """The job's row."""
        key: UUID = ids.decode(Kind.BACKGROUND_JOB, job_id)
        async with self.runtime.db.read(self.owner.actor.scope) as session:
            job = await session.get(BackgroundJob, (self.owner.organisation_id, key))
        assert job is not None
        return job


def noise(count: int, dimensions: int = 8, seed: int = 0) -> Matrix:
    """Rows that are far from each other."""
    return np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)
