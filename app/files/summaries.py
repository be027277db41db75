"""What a folder holds, in figures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    and_,
    column,
    func,
    select,
    table,
)
from sqlmodel import col

from app.accounts.actor import Actor
from app.core.db import Session
from app.files import queries
from app.files.models import File, FileType, FolderAncestor

Asked = tuple[UUID, bool]
"""A folder, and whether what lies below it counts too."""

# uploads stand above files and know them; here only the table's name is known
_UPLOAD_JOB = table("upload_job", column("organisation_id"), column("folder_id"))


@dataclass(slots=True)
class Summary:
    """Counts leave hidden parts of composites out; their bytes are in the composites'."""

    folder_count: int = 0
    """Folders below, not the folder itself."""
    byte_size: int = 0
    """Of the files whose size is known."""
    tombstone_count: int = 0
    upload_job_count: int = 0
    counts: dict[FileType, int] = field(default_factory=dict)

    @property
    def file_count(self) -> int:
        """Files of every type."""
        return sum(self.counts.values())


async def of_folders(
    session: Session, actor: Actor, asked: Sequence[Asked]
) -> dict[Asked, Summary]:
    """Three statements for those asked with what lies below them, and three for the others."""
    found = {one: Summary() for one in asked}
    for is_recursive in {flag for _, flag in asked}:
        places = _places(actor, [key for key, flag in asked if flag is is_recursive])
        inside = places if is_recursive else places.where(col(FolderAncestor.depth) == 0)
        near = places if is_recursive else places.where(col(FolderAncestor.depth) <= 1)
        for folder_id, count in await session.execute(_folder_counts(near)):
            found[folder_id, is_recursive].folder_count = count
        for folder_id, count in await session.execute(_job_counts(inside)):
            found[folder_id, is_recursive].upload_job_count = count
        for folder_id, kind, *figures in await session.execute(_file_figures(inside)):
            _add(found[folder_id, is_recursive], kind, *figures)
    return found


def _add(summary: Summary, kind: FileType, count: int, byte_size: int, tombstones: int) -> None:
    summary.counts[kind] = count
    summary.byte_size += byte_size
    summary.tombstone_count += tombstones


def _places(actor: Actor, ids: Sequence[UUID]) -> Select[Any]:
    """Each visible folder that was asked about, with itself and everything below it."""
    columns: list[Any] = [
        col(FolderAncestor.ancestor_id).label("asked_id"),
        col(FolderAncestor.folder_id),
        col(FolderAncestor.organisation_id),
        col(FolderAncestor.depth),
    ]
    return select(*columns).where(
        col(FolderAncestor.organisation_id) == actor.organisation_id,
        col(FolderAncestor.ancestor_id).in_(queries.visible_folder_ids(actor, ids)),
    )


def _folder_counts(places: Select[Any]) -> Select[Any]:
    place = places.where(col(FolderAncestor.depth) > 0).subquery()
    return select(place.c.asked_id, func.count()).group_by(place.c.asked_id)


def _job_counts(places: Select[Any]) -> Select[Any]:
    place = places.subquery()
    joined = place.join(_UPLOAD_JOB, _is_in(place, _UPLOAD_JOB.c))
    return select(place.c.asked_id, func.count()).select_from(joined).group_by(place.c.asked_id)


def _file_figures(places: Select[Any]) -> Select[Any]:
    place = places.subquery()
    return (
        select(
            place.c.asked_id,
            col(File.type),
            func.count(),
            func.coalesce(func.sum(File.byte_size), 0).cast(BigInteger),
            func.count().filter(col(File.is_tombstone)),
        )
        .join_from(place, File, _is_in(place, File))
        .where(col(File.is_component).is_(False))
        .group_by(place.c.asked_id, col(File.type))
    )


def _is_in(place: Subquery, thing: Any) -> ColumnElement[bool]:
    return and_(
        thing.organisation_id == place.c.organisation_id, thing.folder_id == place.c.folder_id
    )
