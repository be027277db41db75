"""Tags on folders. Attaching what is there and taking off what is not there change nothing."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.accounts.actor import Actor
from app.accounts.permissions import FolderPermission
from app.core.db import Tx
from app.files import access, queries
from app.files.models import Folder, FolderTag


async def attach(tx: Tx, actor: Actor, folder_id: UUID, names: Sequence[str]) -> Folder:
    """Put tags of these exact names on a folder."""
    folder = await access.folder(tx, actor, folder_id, FolderPermission.EDIT)
    tag_ids = await queries.tags_by_name(tx, actor, names, field=("tags",))
    rows = [
        {"organisation_id": actor.organisation_id, "folder_id": folder.id, "tag_id": tag_id}
        for tag_id in tag_ids.values()
    ]
    if rows:
        await tx.execute(insert(FolderTag).values(rows).on_conflict_do_nothing())
    return folder


async def detach(tx: Tx, actor: Actor, folder_id: UUID, names: Sequence[str]) -> Folder:
    """Take tags of these exact names off a folder."""
    folder = await access.folder(tx, actor, folder_id, FolderPermission.EDIT)
    tag_ids = await queries.tags_by_name(tx, actor, names, field=("tags",))
    await tx.execute(
        delete(FolderTag).where(
            col(FolderTag.organisation_id) == actor.organisation_id,
            col(FolderTag.folder_id) == folder.id,
            col(FolderTag.tag_id).in_(tag_ids.values()),
        )
    )
    return folder
