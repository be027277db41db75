"""What can be done to collections: make, change and delete them. For what is in them see `contents`.

Changing one takes what changing files takes: the role ADMIN on its folder.
"""

from uuid import UUID

from sqlmodel import col

from app.accounts.actor import Actor
from app.accounts.permissions import FolderPermission
from app.collections import queries
from app.collections.models import Collection
from app.core import clock, texts
from app.core.db import Tx
from app.core.errors import Forbidden, Invalid, NotFound, RevisionConflict
from app.files import access
from app.files.models import Folder

MOST_FOLDERS = 1_000
"""Topmost folders that are looked through for one to put a collection into."""


async def create(
    tx: Tx, actor: Actor, *, name: str, description: str = "", folder_id: UUID | None = None
) -> Collection:
    """A new, empty collection of a topmost folder; of the oldest that the actor may edit, if none is named."""
    if folder_id is None:
        folder_id = await _oldest_folder(tx, actor)
    else:
        await _must_be_topmost(tx, actor, folder_id)
    collection = Collection(
        organisation_id=actor.organisation_id,
        folder_id=folder_id,
        name=texts.name(name),
        description=texts.description(description),
        created_by=actor.user_id,
    )
    tx.add(collection)
    await tx.flush()
    return collection


async def update(
    tx: Tx,
    actor: Actor,
    collection_id: UUID,
    *,
    name: str | None = None,
    description: str | None = None,
    expected_revision: int | None = None,
) -> Collection:
    """Change what is given; None leaves a member as it is."""
    collection = await changeable(tx, actor, collection_id)
    must_match(collection, expected_revision)
    if name is not None:
        collection.name = texts.name(name)
    if description is not None:
        collection.description = texts.description(description)
    touch(collection)
    return collection


async def remove(
    tx: Tx, actor: Actor, collection_id: UUID, *, expected_revision: int | None = None
) -> None:
    """Delete a collection; the files that are in it stay."""
    collection = await changeable(tx, actor, collection_id)
    must_match(collection, expected_revision)
    await tx.delete(collection)
    await tx.flush()


async def changeable(tx: Tx, actor: Actor, collection_id: UUID) -> Collection:
    """The collection, locked for a change. Raises NotFound if invisible, Forbidden if not allowed."""
    wanted = queries.visible(actor).where(col(Collection.id) == collection_id)
    # what is put in holds on to the collection's key, and need not wait for this
    locked = wanted.with_for_update(key_share=True)
    collection = (await tx.exec(locked)).one_or_none()
    field = ("collection_id",)
    if collection is None:
        raise NotFound("There is no such collection for you.", field=field)
    folder_ids = [collection.folder_id]
    await access.must_allow(tx, actor, folder_ids, FolderPermission.EDIT, field=field)
    return collection


def must_match(collection: Collection, expected_revision: int | None) -> None:
    """Raises RevisionConflict if the caller has read another revision than the stored one."""
    if expected_revision is None or collection.revision == expected_revision:
        return
    raise RevisionConflict(
        f"The collection is at revision {collection.revision}; read it again, then decide.",
        field=("expected_revision",),
        answer={"collection": collection.id.hex},
    )


def touch(collection: Collection) -> None:
    """The collection, or what is in it, is about to change."""
    collection.revision += 1
    collection.updated_at = clock.now()


async def _must_be_topmost(tx: Tx, actor: Actor, folder_id: UUID) -> None:
    """Raises NotFound, Forbidden, or Invalid if the actor sees a folder above it."""
    wanted = access.visible_folders(actor).where(col(Folder.id) == folder_id)
    is_top = access.is_at_the_top(actor, whole_organisation=actor.is_organisation_admin)
    found = (await tx.execute(wanted.add_columns(is_top))).one_or_none()
    field = ("folder_id",)
    if found is None:
        raise NotFound("There is no such folder for you.", field=field)
    await access.must_allow(tx, actor, [folder_id], FolderPermission.EDIT, field=field)
    if not found[1]:
        message = "A collection belongs to a topmost folder; this one lies in another."
        raise Invalid(message, field=field)


async def _oldest_folder(tx: Tx, actor: Actor) -> UUID:
    """The oldest of the topmost folders that the actor may edit."""
    is_top = access.is_at_the_top(actor, whole_organisation=actor.is_organisation_admin)
    wanted = access.visible_folders(actor).where(is_top).order_by(col(Folder.id))
    ids = wanted.with_only_columns(col(Folder.id)).limit(MOST_FOLDERS)
    folder_ids = (await tx.execute(ids)).scalars().all()
    allowed = await access.allowing(tx, actor, folder_ids, FolderPermission.EDIT)
    for folder_id in folder_ids:
        if folder_id in allowed:
            return folder_id
    raise Forbidden(
        "You may not edit any topmost folder, and a collection needs one.", field=("folder_id",)
    )
