"""The images that have no vector of a key, in the order of their ids."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, column, exists, func, select, table
from sqlmodel import col

from app.accounts.actor import Actor
from app.core.db import Session
from app.embeddings import tables
from app.embeddings.tables import WHOLE_FILE
from app.files import access
from app.files.models import File, FileType, FolderAncestor, Integration

_THROUGH = and_(
    col(Integration.organisation_id) == col(File.organisation_id),
    col(Integration.id) == col(File.integration_id),
)

Found = tuple[File, Integration | None]
"""A file, and through what it is read; None: it lies in our own store."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """Those that the actor may see, in a folder and all below it; None: everywhere."""

    actor: Actor
    key_name: str
    folder_id: UUID | None

    async def page(self, session: Session, after: str | None, size: int) -> list[Found]:
        """The next images after this id, parts of composites too."""
        statement = (
            select(File, Integration)
            .outerjoin(Integration, _THROUGH)
            .where(col(File.organisation_id) == self.actor.organisation_id)
            .where(col(File.id).in_(await self._ids(session, after)))
            .order_by(col(File.id))
            .limit(size)
        )
        return [(file, through) for file, through in await session.execute(statement)]

    async def count(self, session: Session) -> int:
        """How many there are."""
        ids = (await self._ids(session, None)).subquery()
        return (await session.execute(select(func.count()).select_from(ids))).scalar_one()

    async def _ids(self, session: Session, after: str | None) -> Select[Any]:
        wanted = [col(File.type) == FileType.IMAGE, col(File.is_tombstone).is_(False)]
        if after is not None:
            wanted.append(col(File.id) > UUID(after))
        if self.folder_id is not None:
            wanted.append(_is_below(self.actor, self.folder_id))
        held_in = await tables.table_of(session, self.actor, self.key_name)
        if held_in.name is not None:
            wanted.append(~_has_vector(held_in.name))
        return access.visible_files(self.actor).where(*wanted).with_only_columns(col(File.id))


def _is_below(actor: Actor, folder_id: UUID) -> ColumnElement[bool]:
    below = select(col(FolderAncestor.folder_id)).where(
        col(FolderAncestor.organisation_id) == actor.organisation_id,
        col(FolderAncestor.ancestor_id) == folder_id,
    )
    return col(File.folder_id).in_(below)


def _has_vector(name: str) -> ColumnElement[bool]:
    """Whether this table of vectors has one of the file as a whole."""
    vectors = table(name, column("file_id"), column("frame"))
    return exists().where(vectors.c.file_id == col(File.id), vectors.c.frame == WHOLE_FILE)
