"""Making composites of files that are there: data groups, and image groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from app.accounts.actor import Actor
from app.accounts.permissions import FolderPermission
from app.core.db import Tx
from app.core.errors import Invalid
from app.files import access, documents, layouts, metadata
from app.files.layouts import Custom, LayoutType
from app.files.models import (
    File,
    FileDocument,
    FileMember,
    FileType,
    StorageLocation,
)
from app.files.service import checked_name


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The files of a data group in order, and how they are shown; a custom layout has their keys."""

    file_ids: Sequence[UUID]
    layout: LayoutType | Custom


async def create_file_group(
    tx: Tx,
    actor: Actor,
    *,
    folder_id: UUID,
    name: str,
    arrangement: Arrangement,
    client_metadata: object | None = None,
) -> File:
    """A data group: files of any type, from folders that the actor may use, shown together."""
    members = await _members(tx, actor, arrangement.file_ids)
    layout, keys = _laid_out(arrangement.layout, members)
    group = await _create(tx, actor, folder_id, name, FileType.GROUP, members, keys)
    tx.add(FileDocument(organisation_id=actor.organisation_id, file_id=group.id, layout=layout))
    await tx.flush()
    return await _described(tx, actor, group, client_metadata)


async def create_image_group(
    tx: Tx,
    actor: Actor,
    *,
    folder_id: UUID,
    name: str,
    file_ids: Sequence[UUID],
    client_metadata: object | None = None,
) -> File:
    """An image group of images that are registered already; they stay files of their own."""
    members = await _members(tx, actor, file_ids)
    for position, file in enumerate(members):
        if file.type is not FileType.IMAGE:
            raise Invalid(f"This file is {file.type}, not IMAGE.", field=("file_ids", position))
    group = await _create(tx, actor, folder_id, name, FileType.IMAGE_GROUP, members)
    return await _described(tx, actor, group, client_metadata)


async def _members(tx: Tx, actor: Actor, file_ids: Sequence[UUID]) -> list[File]:
    layouts.check_files(len(file_ids), len(set(file_ids)), at=("file_ids",))
    needs = FolderPermission.LINK_TO_DATASET
    return await access.files(tx, actor, file_ids, needs, field=("file_ids",))


def _laid_out(
    layout: LayoutType | Custom, members: Sequence[File]
) -> tuple[dict[str, Any], Sequence[str | None]]:
    """The layout as it is stored, and the key of each member."""
    if not isinstance(layout, Custom):
        return layouts.simple(layout), [None] * len(members)
    if layout.has_multilayer_labels:
        sizes = [(file.width, file.height) for file in members if file.type is FileType.IMAGE]
        layouts.check_multilayer(sizes, len(members))
    return layouts.custom(layout), layout.keys


async def _create(
    tx: Tx,
    actor: Actor,
    folder_id: UUID,
    name: str,
    kind: FileType,
    members: Sequence[File],
    keys: Sequence[str | None] | None = None,
) -> File:
    """The composite's own row, and its places."""
    await access.folder(tx, actor, folder_id, FolderPermission.UPLOAD, field=("folder_id",))
    composite = File(
        organisation_id=actor.organisation_id,
        folder_id=folder_id,
        type=kind,
        name=checked_name(name),
        storage_location=StorageLocation.OWN,
        frame_count=len(members),
        created_by=actor.user_id,
    )
    tx.add(composite)
    await tx.flush()
    places = [
        {
            "organisation_id": actor.organisation_id,
            "composite_id": composite.id,
            "position": position,
            "member_id": file.id,
            "key": keys[position] if keys else None,
        }
        for position, file in enumerate(members)
    ]
    await tx.execute(insert(FileMember), places)
    return composite


async def _described(tx: Tx, actor: Actor, group: File, client_metadata: object | None) -> File:
    """The composite with its metadata."""
    if client_metadata is not None:
        said = documents.checked(group, client_metadata)
        await metadata.replace_document(tx, actor.organisation_id, group.id, said)
    return group
