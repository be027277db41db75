"""What may be read of folders, files and integrations: batches by id."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy
from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, text
from sqlmodel import col, select

from app.accounts.actor import Actor
from app.accounts.by_id import ById
from app.accounts.models import Tag
from app.accounts.queries import visible_tags
from app.core.db import Session
from app.core.errors import NotFound, Path, TooLarge
from app.core.texts import is_storable
from app.files import access
from app.files.models import (
    File,
    FileDocument,
    FileMember,
    FileTypeError,
    Folder,
    FolderAncestor,
    FolderTag,
    Integration,
)
from app.metadata.models import MetadataKey

MOST_TAGS = 1_000


folders_by_id = ById(Folder, access.visible_folders)
"""Folders by id; what the actor may not see is left out."""


files_by_id = ById(File, access.visible_files)
"""Files by id, parts of composites too."""


integrations_by_id = ById(Integration, access.visible_integrations)
"""Integrations by id."""


async def tags_of_folders(
    session: Session, actor: Actor, folder_ids: Sequence[UUID]
) -> dict[UUID, list[Tag]]:
    """The tags of each folder, by name."""
    statement = (
        select(FolderTag.folder_id, Tag)
        .join(Tag, _same(FolderTag, Tag, col(FolderTag.tag_id) == col(Tag.id)))
        .where(FolderTag.organisation_id == actor.organisation_id)
        .where(col(FolderTag.folder_id).in_(visible_folder_ids(actor, folder_ids)))
        .order_by(col(Tag.name))
    )
    found: dict[UUID, list[Tag]] = {folder_id: [] for folder_id in folder_ids}
    for folder_id, tag in await session.exec(statement):
        found[folder_id].append(tag)
    return found


async def tags_by_name(
    session: Session, actor: Actor, names: Sequence[str], *, field: Path
) -> dict[str, UUID]:
    """The tags of these exact names. Raises NotFound that lists every unknown one."""
    wanted = set(names)
    if len(wanted) > MOST_TAGS:
        raise TooLarge(f"{len(wanted):,} tags; at most {MOST_TAGS:,} at once.", field=field)
    storable = filter(is_storable, wanted)
    rows = await session.exec(visible_tags(actor).where(col(Tag.name).in_(list(storable))))
    tags = {tag.name: tag.id for tag in rows}
    if unknown := sorted(wanted - tags.keys()):
        listed = ", ".join(repr(name[:255]) for name in unknown)
        raise NotFound(f"There are no tags with these names: {listed}.", field=field)
    return tags


async def paths_to_root(
    session: Session, actor: Actor, folder_ids: Sequence[UUID]
) -> dict[UUID, list[Folder]]:
    """Each folder with those above it: the topmost that the actor may see first, itself last."""
    above = _same(FolderAncestor, Folder, col(FolderAncestor.ancestor_id) == col(Folder.id))
    statement = (
        access.visible_folders(actor)
        .join(FolderAncestor, above)
        .add_columns(col(FolderAncestor.folder_id))
        .where(col(FolderAncestor.folder_id).in_(folder_ids))
        .order_by(col(FolderAncestor.depth).desc())
    )
    found: dict[UUID, list[Folder]] = {folder_id: [] for folder_id in folder_ids}
    for folder, folder_id in await session.execute(statement):
        found[folder_id].append(folder)
    return found


async def composite_counts(
    session: Session, actor: Actor, file_ids: Sequence[UUID]
) -> dict[UUID, int]:
    """How many composites contain each file, those that the actor may not see included."""
    statement = (
        select(FileMember.member_id, func.count(func.distinct(col(FileMember.composite_id))))
        .where(FileMember.organisation_id == actor.organisation_id)
        .where(col(FileMember.member_id).in_(visible_file_ids(actor, file_ids)))
        .group_by(col(FileMember.member_id))
    )
    return dict.fromkeys(file_ids, 0) | dict((await session.exec(statement)).all())


async def type_errors(
    session: Session, actor: Actor, file_ids: Sequence[UUID]
) -> dict[UUID, list[tuple[str, FileTypeError]]]:
    """Of each file, the values that do not fit their key, with the key's name."""
    numbered = _same(
        FileTypeError, MetadataKey, col(FileTypeError.key_number) == col(MetadataKey.number)
    )
    statement = (
        select(MetadataKey.name, FileTypeError)
        .join(FileTypeError, numbered)
        .where(col(FileTypeError.file_id).in_(visible_file_ids(actor, file_ids)))
        .order_by(col(MetadataKey.name), col(FileTypeError.frame))
    )
    found: dict[UUID, list[tuple[str, FileTypeError]]] = {file_id: [] for file_id in file_ids}
    for key, error in await session.exec(statement):
        found[error.file_id].append((key, error))
    return found


def visible_file_ids(actor: Actor, ids: Sequence[UUID]) -> Select[Any]:
    """Those of the ids whose files the actor may see, as a subquery."""
    files = access.visible_files(actor).where(col(File.id).in_(ids))
    return files.with_only_columns(col(File.id))


def visible_folder_ids(actor: Actor, ids: Sequence[UUID]) -> Select[Any]:
    """Those of the ids whose folders the actor may see, as a subquery."""
    folders = access.visible_folders(actor).where(col(Folder.id).in_(ids))
    return folders.with_only_columns(col(Folder.id))


def _same(one: Any, other: Any, condition: Any) -> ColumnElement[bool]:
    """A join of two tables within the organisation."""
    return and_(one.organisation_id == other.organisation_id, condition)


Wanted = tuple[UUID, tuple[str, ...] | None]
"""A file, and which top-level keys of its document; None: all."""

_PICKED = (
    "(select cast(jsonb_object_agg(key, value) as text)"
    " from jsonb_each(file_document.document) where key = any(cast(:names as text[])))"
)


async def documents(
    session: Session, actor: Actor, wanted: Sequence[Wanted]
) -> dict[Wanted, bytes]:
    """Client metadata as JSON text, digits as they were sent; `{}` for a file without any.

    One statement for each different choice of keys.
    """
    found: dict[Wanted, bytes] = {}
    for names in {names for _, names in wanted}:
        ids = [file_id for file_id, keys in wanted if keys == names]
        rows = await session.execute(_documents(actor, ids, names))
        read = {file_id: document for file_id, document in rows.all() if document is not None}
        found |= {(file_id, names): read.get(file_id, "{}").encode() for file_id in ids}
    return found


def _documents(actor: Actor, ids: Sequence[UUID], names: tuple[str, ...] | None) -> Select[Any]:
    picked: Any = cast(col(FileDocument.document), Text)
    if names is not None:
        storable = [name for name in names if is_storable(name)]
        picked = text(_PICKED).bindparams(names=storable)
    visible = visible_file_ids(actor, ids)
    return sqlalchemy.select(col(FileDocument.file_id), picked).where(
        col(FileDocument.organisation_id) == actor.organisation_id,
        col(FileDocument.file_id).in_(visible),
    )


async def layouts(session: Session, actor: Actor, file_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """How data groups show their files, as JSON."""
    statement = select(FileDocument.file_id, FileDocument.layout).where(
        FileDocument.organisation_id == actor.organisation_id,
        col(FileDocument.layout).is_not(None),
        col(FileDocument.file_id).in_(visible_file_ids(actor, file_ids)),
    )
    return dict((await session.exec(statement)).all())
