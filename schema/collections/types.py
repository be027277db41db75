"""Collections as clients see them."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from app.collections import models, queries
from app.core import ids
from app.core.ids import Kind
from app.files import queries as files
from schema.accounts.users import User
from schema.context import Info
from schema.errors import UserError
from schema.files.enums import ItemStatus
from schema.files.parts import user_of
from schema.files.types import File, Folder
from schema.loading import looked_up, reads, related
from schema.node import Node, Source, Sources, Stored
from schema.paging import After, Before, Connection, First, Last, nested, page
from schema.scalars import SafeInt


@strawberry.type(description="A file's place in a collection.")
class CollectionPlace(Stored):
    """One place, also of a file that the caller may not see."""

    KIND = Kind.FILE
    MODEL = models.CollectionFile

    added_at: datetime = strawberry.field(description="When the file was put in.")

    @strawberry.field(description="The file's id.")
    @reads("file_id")
    def file_id(self) -> strawberry.ID:
        return strawberry.ID(ids.encode(Kind.FILE, self.row.file_id))

    @strawberry.field(description="The file; null if you may not see it.")
    @reads("file_id")
    def file(self, info: Info) -> File | None:
        return related(info, files.files_by_id, self.row.file_id, File.of)


@strawberry.type(
    description="Files that belong together for some purpose, wherever they lie below its folder. Whoever sees the"
    " folder sees the collection; to change it takes the role ADMIN there."
)
class Collection(Stored, Node):
    """One collection."""

    KIND = Kind.COLLECTION
    MODEL = models.Collection

    name: str = strawberry.field(description="1 to 255 characters; need not be unique.")
    description: str = strawberry.field(description="May be empty.")
    revision: int = strawberry.field(
        description="Counts changes, those of what is in it included; send it back as expectedRevision."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(
        description="When it, or what is in it, last changed. Files that are deleted leave without a trace."
    )

    @strawberry.field(description="The topmost folder that it belongs to.")
    @reads("folder_id")
    def folder(self, info: Info) -> Folder | None:
        return related(info, files.folders_by_id, self.row.folder_id, Folder.of)

    @strawberry.field(description="Who made it; null if they have left.")
    @reads("created_by")
    def created_by(self, info: Info) -> User | None:
        return user_of(info, self.row.created_by)

    @strawberry.field(description="How many files are in it, those that you may not see included.")
    @reads("id")
    def file_count(self, info: Info) -> SafeInt:
        return looked_up(info, queries.file_counts, self.row.id, lambda count: SafeInt(count or 0))

    @strawberry.field(
        description="The files in it that you may see, parts of composites too, the oldest first. To search among"
        " them, filter files by collection."
    )
    @reads("id")
    def files(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[File]:
        kind, asked = "collection files", page(first, after, last, before)
        return nested(info, kind, self.row.id, queries.files_in, asked, File.of)

    @strawberry.field(
        description="All that is in it, the oldest file first; of files that you may not see, the id alone."
    )
    @reads("id")
    def all_files(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[CollectionPlace]:
        kind, asked = "collection places", page(first, after, last, before)
        return nested(info, kind, self.row.id, queries.places_in, asked, CollectionPlace.of)

    @classmethod
    async def load(cls, info: Info, key: UUID | str | None) -> Self | None:
        """The collection of this key, if the caller may see it."""
        if key is None:
            return None
        key = key if isinstance(key, UUID) else UUID(key)
        row = await info.context.load(queries.by_id, key)
        return cls.of(row) if row else None


@strawberry.type(description="What became of one file that was to be put in or taken out.")
class CollectionFileResult:
    """One item's fate."""

    file_id: strawberry.ID = strawberry.field(description="The file's id, as it was given.")
    status: ItemStatus = strawberry.field(description="What became of it.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; else empty.")
    file_key: strawberry.Private[UUID]

    @strawberry.field(description="The file; null if you may not see it.")
    def file(self, info: Info) -> File | None:
        return related(info, files.files_by_id, self.file_key, File.of)

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Self:
        """The public form of an outcome, which names its file."""
        error, key = answer["error"], UUID(answer["file"])
        return cls(
            file_id=strawberry.ID(ids.encode(Kind.FILE, key)),
            status=ItemStatus(answer["status"]),
            user_errors=[UserError.told(error)] if error else [],
            file_key=key,
        )


NODES: Sources = {Kind.COLLECTION: Source(queries.by_id, Collection.of)}
