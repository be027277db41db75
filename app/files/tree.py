"""The tree of folders as `folder_ancestor` has it: a row for each folder and each folder above it."""

from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.core.db import Tx
from app.files.models import Folder, FolderAncestor

_LOCK = text("select pg_advisory_xact_lock(hashtextextended('folders ' || :organisation_id, 0))")

_HANG = text(
    "insert into folder_ancestor (organisation_id, folder_id, ancestor_id, depth)"
    " select lower.organisation_id, lower.folder_id, upper.ancestor_id, upper.depth + lower.depth + 1"
    " from folder_ancestor upper"
    " join folder_ancestor lower on lower.organisation_id = upper.organisation_id"
    " where upper.organisation_id = :organisation_id"
    " and upper.folder_id = :parent_id and lower.ancestor_id = :folder_id"
)

# what lies above the folder is further from its descendants than the folder itself
_UNHANG = text(
    "delete from folder_ancestor above using folder_ancestor below"
    " where below.organisation_id = :organisation_id and below.ancestor_id = :folder_id"
    " and above.organisation_id = below.organisation_id"
    " and above.folder_id = below.folder_id and above.depth > below.depth"
)


async def lock(tx: Tx, organisation_id: UUID) -> None:
    """Wait for other changes of this organisation's tree, and hold off later ones until the commit."""
    await tx.execute(_LOCK, {"organisation_id": str(organisation_id)})


async def plant(tx: Tx, folder: Folder) -> None:
    """Enter a new folder, below its parent if it has one."""
    tx.add(
        FolderAncestor(
            organisation_id=folder.organisation_id,
            folder_id=folder.id,
            ancestor_id=folder.id,
            depth=0,
        )
    )
    await tx.flush()
    await hang(tx, folder)


async def hang(tx: Tx, folder: Folder) -> None:
    """Enter what now lies above a folder and everything below it."""
    if folder.parent_id is not None:
        await tx.execute(_HANG, {**_key(folder), "parent_id": folder.parent_id})


async def unhang(tx: Tx, folder: Folder) -> None:
    """Forget what lay above a folder and everything below it."""
    await tx.execute(_UNHANG, _key(folder))


async def is_below(tx: Tx, folder_id: UUID, ancestor: Folder) -> bool:
    """Whether a folder is `ancestor` itself or lies below it."""
    found = await tx.exec(below(ancestor).where(FolderAncestor.folder_id == folder_id))
    return found.one_or_none() is not None


def below(folder: Folder) -> SelectOfScalar[UUID]:
    """The ids of a folder and of everything below it."""
    return below_id(folder.organisation_id, folder.id)


def below_id(organisation_id: UUID, folder_id: UUID) -> SelectOfScalar[UUID]:
    """The same of a folder that only its id is known of."""
    return select(FolderAncestor.folder_id).where(
        FolderAncestor.organisation_id == organisation_id,
        col(FolderAncestor.ancestor_id) == folder_id,
    )


def _key(folder: Folder) -> dict[str, UUID]:
    return {"organisation_id": folder.organisation_id, "folder_id": folder.id}
