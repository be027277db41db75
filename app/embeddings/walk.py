"""All vectors of a key in the order of file and frame, a window at a time.

Memory is that of one window, time is linear, and no transaction lives longer than a window: so a walk may take
hours, and goes on from any place.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    TableClause,
    Uuid,
    column,
    select,
    table,
    text,
    tuple_,
)
from sqlmodel import col

from app.accounts.actor import Actor
from app.accounts.permissions import FolderPermission, Permission
from app.background import service
from app.background.models import BackgroundJob
from app.core.db import Session, Tx
from app.core.errors import Conflict
from app.core.runtime import Runtime
from app.embeddings.models import VectorTable
from app.embeddings.projection import Matrix
from app.files import access, tree
from app.files.models import File, Folder

Key = tuple[UUID, int]
"""A file and a frame of it; the frame is -1 for the file as a whole."""
Narrowing = Callable[[Session, Actor, BackgroundJob], Awaitable[ColumnElement[bool] | None]]
"""Which files a job is about besides those that its input names here; known to features above this one."""
START: Key = (UUID(int=0), -2)
"""Before every vector."""
WINDOW_BYTES = 2**24
MOST_IN_WINDOW = 5_000

_HELD = text(
    "select id, folder_id from file where organisation_id = :organisation_id and id = any(:ids)"
    " order by id for share"
)


@dataclass(frozen=True, slots=True)
class Window:
    """Some vectors: n keys, and n x dimensions numbers. `row_count` rows of the table were walked for them."""

    keys: list[Key]
    vectors: Matrix
    row_count: int
    end: Key
    """The last key that was walked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The vectors that a job is about: those of a key, of a folder with everything below it or of all files."""

    runtime: Runtime
    actor: Actor
    name: str
    dimensions: int
    count: int
    """Rows of the table, as last counted."""
    is_indexed: bool
    folder: Folder | None
    narrowed: ColumnElement[bool] | None = None
    """What else holds of the files, as SQL on `file`."""

    @classmethod
    async def of(
        cls, runtime: Runtime, job: BackgroundJob, narrowing: Narrowing | None = None
    ) -> Self | None:
        """What the job's input names, as its asker sees it today; None if there are no vectors."""
        actor = await service.actor_of(runtime, job)
        async with runtime.db.read(actor.scope) as session:
            number = job.input["key_number"]
            kept = await session.get(VectorTable, (actor.organisation_id, number))
            if kept is None:
                return None
            return cls(
                runtime=runtime,
                actor=actor,
                name=kept.name,
                dimensions=kept.dimensions,
                count=kept.vector_count,
                is_indexed=kept.indexed_count > 0,
                folder=await _folder(session, actor, job.input["folder_id"]),
                narrowed=await narrowing(session, actor, job) if narrowing else None,
            )

    @property
    def window_size(self) -> int:
        """Rows of a window: what fits into WINDOW_BYTES in single precision."""
        return min(MOST_IN_WINDOW, max(1, WINDOW_BYTES // (4 * self.dimensions)))

    def vectors(self, alias: str) -> Any:
        """Their table."""
        return _clause(self.name).alias(alias)

    def holds(self, file_id: ColumnElement[UUID]) -> ColumnElement[bool]:
        """Whether a file is one of those that the job is about."""
        files = access.visible_files(self.actor).with_only_columns(col(File.id))
        if self.folder is not None:
            files = files.where(col(File.folder_id).in_(tree.below(self.folder)))
        if self.narrowed is not None:
            files = files.where(self.narrowed)
        return file_id.in_(files)

    async def windows(self, after: Key = START) -> AsyncIterator[Window]:
        """All windows behind a key; those without a vector of the job's files come, too."""
        is_last = False
        while not is_last:
            async with self.runtime.db.read(self.actor.scope) as session:
                end = (await session.execute(self._end(after))).one_or_none()
                is_last = end is None
                last = None if end is None else (end.file_id, end.frame)
                rows = (await session.execute(self._between(after, last))).all()
            yield self._window(rows, last, after)
            after = last or after

    def _window(self, rows: Sequence[Any], last: Key | None, after: Key) -> Window:
        keys = [(row.file_id, row.frame) for row in rows]
        vectors = np.empty((len(rows), self.dimensions), dtype=np.float32)
        for number, row in enumerate(rows):
            vectors[number] = row.vector
        size = self.window_size if last else len(keys)
        return Window(keys, vectors, size, last or (keys[-1] if keys else after))

    def _end(self, after: Key) -> Select[Any]:
        """The last key of the next window, if that is a full one."""
        vectors = self.vectors("v")
        key = tuple_(vectors.c.file_id, vectors.c.frame)
        rows = select(vectors.c.file_id, vectors.c.frame).where(key > _said(after))
        order = rows.order_by(vectors.c.file_id, vectors.c.frame)
        return order.offset(self.window_size - 1).limit(1)

    def _between(self, after: Key, last: Key | None) -> Select[Any]:
        vectors = self.vectors("v")
        key = tuple_(vectors.c.file_id, vectors.c.frame)
        rows = select(vectors.c.file_id, vectors.c.frame, vectors.c.vector)
        rows = rows.where(key > _said(after), self.holds(vectors.c.file_id))
        if last is not None:
            rows = rows.where(key <= _said(last))
        return rows.order_by(vectors.c.file_id, vectors.c.frame)


async def may_look(tx: Tx, actor: Actor, folder_id: UUID | None) -> None:
    """Raises unless the actor sees the folder; or everything, where there is none."""
    if folder_id is None:
        actor.must(Permission.SEE_ALL)
    else:
        await access.folder(tx, actor, folder_id, FolderPermission.READ)


async def held(tx: Tx, organisation_id: UUID, ids: set[UUID]) -> dict[UUID, UUID]:
    """The folders of those files that are still there; they stay as they are until the transaction ends."""
    found = await tx.execute(_HELD, {"organisation_id": organisation_id, "ids": sorted(ids)})
    return {row.id: row.folder_id for row in found}


async def _folder(session: Session, actor: Actor, folder_id: str | None) -> Folder | None:
    if folder_id is None:
        return None
    statement = access.visible_folders(actor).where(Folder.id == UUID(folder_id))
    folder = (await session.exec(statement)).one_or_none()
    if folder is None:
        raise Conflict("The folder is gone, or whoever started this job sees it no more.")
    return folder


def _clause(name: str) -> TableClause:
    return table(name, column("file_id", Uuid), column("frame", Integer), column("vector"))


def _said(key: Key) -> Any:
    return tuple_(*key)
