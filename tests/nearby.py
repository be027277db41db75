"""Files with vectors, thousands at once, and who is really near to whom."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
from numpy.typing import NDArray

from app.core import halfvec
from app.core.clock import new_id
from app.core.halfvec import Floats
from app.core.runtime import Runtime
from app.embeddings import building
from app.files.models import Folder
from app.metadata import service as metadata
from tests.world import Person

KEY = "clip"
WHOLE = -1
_FILES = """
insert into file (organisation_id, id, folder_id, type, name, description, storage_location, byte_size, width,
    is_component, is_tombstone, revision, created_by, created_at, updated_at)
select $1, id, folder_id, 'IMAGE', 'near ' || number, '', 'OWN', number, width, false, false, 1, $2, now(), now()
from unnest($3::uuid[], $4::uuid[], $5::int[]) with ordinality as given(id, folder_id, width, number)
"""


@dataclass(frozen=True)
class Nearby:
    """Files of one organisation: file i has vector i, `byte_size` i + 1 and the `width` that was given."""

    runtime: Runtime
    owner: Person
    table: str
    ids: list[UUID]
    vectors: Floats

    @cached_property
    def singles(self) -> Floats:
        """The vectors as they are compared."""
        return single(self.vectors)

    def nearest(self, vector: Any, among: NDArray[np.bool_], k: int) -> list[int]:
        """The numbers of the k files that are nearest, of those that are among these; ties by number."""
        similarity = self.singles @ single(np.asarray(vector, dtype=np.float32))
        order = np.argsort(-np.where(among, similarity, -2), kind="stable")
        return [int(number) for number in order[: min(k, int(among.sum()))]]

    async def remove(self, *numbers: int) -> None:
        """Delete files."""
        gone = [self.ids[number] for number in numbers]
        async with bare(self.runtime, self.owner) as owning:
            await owning.execute("delete from file where id = any($1)", gone)

    async def add(self, folder: Folder, vector: Any) -> UUID:
        """One more file with this vector."""
        file_id, who = new_id(), (self.owner.organisation_id, self.owner.user_id)
        async with bare(self.runtime, self.owner) as owning:
            await owning.execute(_FILES, *who, [file_id], [folder.id], [1])
            await owning.execute(
                f"insert into {self.table} values ($1, -1, false, $2)", file_id, vector
            )
        return file_id

    def numbers(self, ids: Sequence[UUID]) -> list[int]:
        """The numbers of files."""
        known = {one: number for number, one in enumerate(self.ids)}
        return [known[one] for one in ids]


def single(vectors: Floats) -> Floats:
    """At length 1, as the database keeps them: in half precision."""
    rounded = vectors.astype(np.float16).astype(np.float32)
    found: Floats = rounded / np.linalg.norm(rounded, axis=-1, keepdims=True)
    return found


def clustered(count: int, dimensions: int, clusters: int, *, seed: int = 4) -> tuple[Floats, Any]:
    """Vectors around centres, and the number of each one's centre."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(clusters, dimensions))
    which = random.integers(0, clusters, count)
    vectors = centres[which] + random.normal(size=(count, dimensions)) * 0.5
    return vectors.astype(np.float32), which


async def filled(
    runtime: Runtime,
    owner: Person,
    vectors: Floats,
    folders: Sequence[Folder],
    *,
    widths: Sequence[int] | None = None,
    frames: Sequence[tuple[int, int]] | None = None,
    is_indexed: bool = False,
) -> Nearby:
    """Files in these folders, one each; a key whose table holds a vector for each, or for `frames` of them.

    A frame is the number of its file, and its own.
    """
    dimensions = vectors.shape[1]
    async with runtime.db.transaction(owner.actor.scope) as tx:
        key = await metadata.add_embedding(tx, owner.actor, key=KEY, dimensions=dimensions)
        number = key.number
    ids = [new_id() for _ in folders]
    places = frames or [(number, WHOLE) for number in range(len(ids))]
    rows = [
        (ids[file], frame, vector) for (file, frame), vector in zip(places, vectors, strict=True)
    ]
    async with bare(runtime, owner) as owning:
        where, wide = [folder.id for folder in folders], list(widths or [1] * len(ids))
        await owning.execute(_FILES, owner.organisation_id, owner.user_id, ids, where, wide)
        table = await owning.fetchval("select create_vector_table($1, $2)", number, dimensions)
        columns = ["file_id", "frame", "vector"]
        await owning.copy_records_to_table(table, records=rows, columns=columns)
        if is_indexed:
            await owning.execute("set maintenance_work_mem = '512MB'")
            await owning.execute(building.creation(table, dimensions))
        await owning.execute(
            "insert into vector_table (organisation_id, key_number, name, dimensions, vector_count, indexed_count,"
            " change_count, index_state, done_count, message, updated_at)"
            " values ($1, $2, $3, $4, $5, $6, 0, $7, 0, '', now())",
            *(owner.organisation_id, number, table, dimensions, len(rows)),
            *(len(rows) if is_indexed else 0, "READY" if is_indexed else "NONE"),
        )
        await owning.execute("analyze file")
        await owning.execute(f"analyze {table}")
    return Nearby(runtime, owner, table, ids, vectors)


@asynccontextmanager
async def bare(runtime: Runtime, owner: Person) -> AsyncGenerator[Any]:
    """A connection as the owner of the database, past row security, for this person's organisation."""
    connection = await asyncpg.connect(runtime.settings.database_url)
    try:
        await halfvec.register(connection)
        said = "select set_config('app.organisation_id', $1, false)"
        await connection.execute(said, str(owner.organisation_id))
        yield connection
    finally:
        await connection.close()
