"""Small types that folders, files and integrations are made of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

import orjson
import strawberry

from app.accounts import queries as accounts
from app.files import metadata, models, summaries
from schema.accounts.types import Group
from schema.accounts.users import User
from schema.context import Info
from schema.files.enums import EntityRole, FileType
from schema.loading import related
from schema.scalars import Json, SafeInt


def user_of(info: Info, key: UUID | None) -> User | None:
    """The user of this key; None if they are no colleague of the caller."""
    return related(info, accounts.users_by_id, key, User.of)


@strawberry.type(description="How many files of one type.")
class FileTypeCount:
    """A figure of a folder's summary."""

    type: FileType = strawberry.field(description="The type.")
    count: int = strawberry.field(description="Files of this type, at least 1.")


@strawberry.type(
    description="What a folder holds, in figures. Parts of composites are not counted."
)
class FolderSummary:
    """Figures of one folder."""

    file_count: int = strawberry.field(description="Files.")
    folder_count: int = strawberry.field(description="Folders below, this one not included.")
    upload_job_count: int = strawberry.field(description="Registration jobs, finished ones too.")
    tombstone_count: int = strawberry.field(description="Files that are gone at their source.")
    byte_size: SafeInt = strawberry.field(description="Bytes of all files whose size is known.")
    types: list[FileTypeCount] = strawberry.field(description="The files by type.")

    @classmethod
    def of(cls, found: summaries.Summary | None) -> Self:
        """The public form; of nothing found, noughts."""
        summary = found or summaries.Summary()
        return cls(
            file_count=summary.file_count,
            folder_count=summary.folder_count,
            upload_job_count=summary.upload_job_count,
            tombstone_count=summary.tombstone_count,
            byte_size=SafeInt(summary.byte_size),
            types=[
                FileTypeCount(type=kind, count=count)
                for kind, count in sorted(summary.counts.items())
            ],
        )


@strawberry.type(description="A role on a folder or an integration, given to a user or to a group.")
class Grant:
    """One role. Either the user or the group is set."""

    role: EntityRole = strawberry.field(description="What they may do.")
    created_at: datetime = strawberry.field(description="When it was given.")
    row: strawberry.Private[models.FolderGrant | models.IntegrationGrant]

    @strawberry.field(description="The user, if it is one's.")
    def user(self, info: Info) -> User | None:
        return user_of(info, self.row.user_id)

    @strawberry.field(description="The group, if it is one's.")
    def group(self, info: Info) -> Group | None:
        return related(info, accounts.groups_by_id, self.row.group_id, Group.of)

    @classmethod
    def of(cls, row: models.FolderGrant | models.IntegrationGrant) -> Self:
        """The public form of a row."""
        return cls(role=row.role, created_at=row.created_at, row=row)


@strawberry.type(description="A frame of a video that its metadata marks.")
class KeyFrame:
    """One frame."""

    frame: int = strawberry.field(description="Its number, from 0.")
    metadata: Json = strawberry.field(description="What the metadata says of this frame.")

    @classmethod
    def each(cls, document: bytes | None, fps: float | None) -> list[Self]:
        """The frames that a file's client metadata marks."""
        found = metadata.key_frames(orjson.loads(document or b"{}"), fps)
        return [cls(frame=frame, metadata=Json(said)) for frame, said in found]


@strawberry.type(
    description="A value of client metadata that does not fit the type of its key. It is kept, but counts as"
    " missing in filters."
)
class FileTypeError:
    """One value."""

    key: str = strawberry.field(description="The key.")
    found: str = strawberry.field(description="What was expected and what was found.")
    frame: int | None = strawberry.field(
        description="The first frame with such a value, from 0; null if it is the file's own."
    )

    @classmethod
    def each(cls, rows: Sequence[tuple[str, models.FileTypeError]] | None) -> list[Self]:
        """The public forms of rows, each with its key's name."""
        return [
            cls(key=key, found=row.found, frame=None if row.frame < 0 else row.frame)
            for key, row in rows or ()
        ]
