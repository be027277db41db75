"""The files of a bulk change: locked together, judged one by one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from app.accounts.actor import Actor
from app.accounts.permissions import FolderPermission
from app.core.db import Tx
from app.core.errors import Forbidden, Invalid, NotFound
from app.files import access, revisions
from app.files.models import File


@dataclass(slots=True)
class Chosen:
    """Those of the named files that the actor may see, and the folders where they may change them."""

    rows: dict[UUID, File]
    open_folders: Collection[UUID]
    taken: set[UUID] = field(default_factory=set)

    @classmethod
    async def lock(cls, tx: Tx, actor: Actor, ids: Sequence[UUID]) -> Self:
        """Lock the files until the commit."""
        rows = await access.locked_files(tx, actor, ids)
        folder_ids = {row.folder_id for row in rows.values()}
        needs = FolderPermission.EDIT
        return cls(rows, await access.allowing(tx, actor, folder_ids, needs))

    def take(self, file_id: UUID, expected_revision: int | None) -> File:
        """The file for one item. Raises Refused if it is out of reach, named before, or has changed."""
        row = self.rows.get(file_id)
        if row is None:
            raise NotFound("There is no such file for you.", field=("file_id",))
        if row.folder_id not in self.open_folders:
            raise Forbidden("Your role on its folder does not allow to edit.", field=("file_id",))
        if file_id in self.taken:
            raise Invalid("An item before this one names the same file.", field=("file_id",))
        revisions.must_match(row, expected_revision)
        self.taken.add(file_id)
        return row
