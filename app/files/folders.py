"""What can be done to folders: make, change, move and delete them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.accounts.actor import Actor
from app.accounts.permissions import FolderPermission, Permission
from app.accounts.roles import EntityRole
from app.core import texts
from app.core.db import Tx
from app.core.errors import Conflict
from app.files import access, grants, metadata, removal, revisions, tree
from app.files.models import File, Folder


@dataclass(frozen=True, slots=True)
class Deleted:
    """How much a deletion took away, hidden parts of composites included."""

    folder_count: int
    file_count: int


async def create(
    tx: Tx,
    actor: Actor,
    *,
    name: str,
    description: str = "",
    client_metadata: object | None = None,
    parent_id: UUID | None = None,
) -> Folder:
    """A new folder, at the top or in another one; the actor becomes its administrator."""
    await tree.lock(tx, actor.organisation_id)
    await _must_place(tx, actor, parent_id)
    folder = Folder(
        organisation_id=actor.organisation_id,
        parent_id=parent_id,
        name=texts.name(name),
        description=texts.description(description),
        client_metadata=metadata.of_folder(client_metadata or {}),
        created_by=actor.user_id,
    )
    tx.add(folder)
    await tx.flush()
    await tree.plant(tx, folder)
    await grants.make_administrator(tx, folder, actor.user_id)
    return folder


async def update(
    tx: Tx,
    actor: Actor,
    folder_id: UUID,
    *,
    name: str | None = None,
    description: str | None = None,
    client_metadata: object | None = None,
    expected_revision: int | None = None,
) -> Folder:
    """Change what is given; None leaves a member as it is. Client metadata is replaced as a whole."""
    folder = await access.folder(tx, actor, folder_id, FolderPermission.EDIT)
    revisions.must_match(folder, expected_revision)
    if name is not None:
        folder.name = texts.name(name)
    if description is not None:
        folder.description = texts.description(description)
    if client_metadata is not None:
        folder.client_metadata = metadata.of_folder(client_metadata)
    revisions.touch(folder)
    return folder


async def move(
    tx: Tx,
    actor: Actor,
    folder_id: UUID,
    *,
    to: UUID | None,
    expected_revision: int | None = None,
) -> Folder:
    """Hang a folder and all below it under another one, or with None at the top.

    Inherited roles change with the place. An actor who would lose theirs stays administrator.
    """
    await tree.lock(tx, actor.organisation_id)
    folder = await access.folder(tx, actor, folder_id, FolderPermission.MOVE)
    revisions.must_match(folder, expected_revision)
    await _must_place(tx, actor, to)
    if to is not None and await tree.is_below(tx, to, folder):
        raise Conflict(
            "A folder cannot be moved into itself or into a folder below it.", field=("parent_id",)
        )
    folder.parent_id = to
    revisions.touch(folder)
    await tree.unhang(tx, folder)
    await tree.hang(tx, folder)
    roles = await access.folder_roles(tx, actor, [folder_id])
    if not actor.is_organisation_admin and roles.get(folder_id) is not EntityRole.ADMIN:
        await grants.make_administrator(tx, folder, actor.user_id)
    return folder


async def remove(
    tx: Tx, actor: Actor, folder_id: UUID, *, expected_revision: int | None = None
) -> Deleted:
    """Delete a folder with everything below it."""
    await tree.lock(tx, actor.organisation_id)
    folder = await access.folder(tx, actor, folder_id, FolderPermission.DELETE)
    revisions.must_match(folder, expected_revision)
    below = tree.below(folder)
    inside = select(File.id).where(
        File.organisation_id == folder.organisation_id, col(File.folder_id).in_(below)
    )
    await removal.must_be_free(tx, inside)
    await removal.forget_objects(tx, actor, inside)
    deleted = Deleted(await _count(tx, below), await _count(tx, inside))
    await tx.delete(folder)
    await tx.flush()
    return deleted


async def _must_place(tx: Tx, actor: Actor, parent_id: UUID | None) -> None:
    """Raises Forbidden or NotFound unless the actor may put a folder there."""
    if parent_id is None:
        actor.must(Permission.CREATE_FOLDER)
        return
    await access.folder(tx, actor, parent_id, FolderPermission.UPLOAD, field=("parent_id",))


async def _count(tx: Tx, statement: SelectOfScalar[UUID]) -> int:
    counted = await tx.exec(select(func.count()).select_from(statement.subquery()))
    return counted.one()
