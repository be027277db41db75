"""Folders and files as clients see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import orjson
import strawberry

from app.accounts.actor import Actor
from app.core.ids import Kind
from app.core.paging import Listing
from app.embeddings import reading
from app.files import access, listings, metadata, models, queries, summaries
from app.files.downloads import Downloads, Link
from app.files.queries import Wanted
from app.search.listings import of_folders
from schema.accounts.types import Tag
from schema.accounts.users import User
from schema.context import Info
from schema.embeddings.file_types import FileEmbedding
from schema.files import inputs
from schema.files.enums import EntityRole, FileType, StorageLocation
from schema.files.inputs import IncludeBelow
from schema.files.parts import FileTypeError, FolderSummary, Grant, KeyFrame, user_of
from schema.inputs import given
from schema.loading import looked_up, reads, related
from schema.node import Node, Source, Sources, Stored
from schema.paging import After, Before, Connection, First, Last, nested, page
from schema.scalars import Json, SafeInt, Url
from schema.search import inputs as search
from schema.search.inputs import Filter, Sorts

if TYPE_CHECKING:
    from schema.files.integrations import Integration

Keys = Annotated[
    list[str] | None,
    strawberry.argument(description="Only these top-level keys, at most 1,000; left out: all."),
]

EmbeddingKeys = Annotated[
    list[str] | None,
    strawberry.argument(description="Only of these embedding keys, at most 1,000; left out: all."),
]


@strawberry.type(
    description="A place for files and further folders. Names need not be unique. A role on a folder holds for"
    " everything below it."
)
class Folder(Stored, Node):
    """One folder."""

    KIND = Kind.FOLDER
    MODEL = models.Folder

    name: str = strawberry.field(description="1 to 255 characters.")
    description: str = strawberry.field(description="May be empty.")
    client_metadata: Json = strawberry.field(description="A JSON object of your own; may be empty.")
    revision: int = strawberry.field(
        description="Counts changes; send it back as expectedRevision."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @strawberry.field(description="Who made it; null if they have left.")
    @reads("created_by")
    def created_by(self, info: Info) -> User | None:
        return user_of(info, self.row.created_by)

    @strawberry.field(description="The folder above; null at the top, and where you may not look.")
    @reads("parent_id")
    def parent(self, info: Info) -> "Folder | None":
        return related(info, queries.folders_by_id, self.row.parent_id, Folder.of)

    @strawberry.field(
        description="The folders from the topmost that you may see down to this one, which is the last."
    )
    @reads("id")
    def path_to_root(self, info: Info) -> "list[Folder]":
        return looked_up(info, queries.paths_to_root, self.row.id, Folder.each)

    @strawberry.field(
        description="Your own role, inherited ones included; null for an administrator of the organisation"
        " without one."
    )
    @reads("id")
    def user_role(self, info: Info) -> EntityRole | None:
        return related(info, access.folder_roles, self.row.id, EntityRole)

    @strawberry.field(description="Its tags, by name.")
    @reads("id")
    def tags(self, info: Info) -> list[Tag]:
        return looked_up(info, queries.tags_of_folders, self.row.id, Tag.each)

    @strawberry.field(description="What it holds, in figures.")
    @reads("id")
    def summary(self, info: Info, recursive: IncludeBelow = False) -> FolderSummary:
        asked = (self.row.id, recursive)
        return looked_up(info, summaries.of_folders, asked, FolderSummary.of)

    @strawberry.field(description="The folders right below.")
    @reads("id")
    def subfolders(
        self,
        info: Info,
        sort: Sorts = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> "Connection[Folder]":
        order = search.folder_sort_of(sort)

        def listing(actor: Actor, parent: UUID) -> Listing[models.Folder]:
            return listings.subfolders(actor, parent, order)

        asked = page(first, after, last, before)
        return nested(info, ("subfolders", order), self.row.id, listing, asked, Folder.of)

    @strawberry.field(
        description="The files in it. Parts of composites are hidden unless filtered for."
    )
    @reads("id")
    def files(
        self,
        info: Info,
        recursive: IncludeBelow = False,
        filter: Filter = strawberry.UNSET,
        sort: Sorts = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> "Connection[File]":
        tree, order = search.tree_of(filter), search.sort_of(sort)
        lists = of_folders(tree, order, is_recursive=recursive)
        kind, asked = ("files", recursive, repr(tree), order), page(first, after, last, before)
        return nested(info, kind, self.row.id, lists, asked, File.of)

    @strawberry.field(description="The roles that were given on this very folder.")
    @reads("id")
    def grants(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Grant]:
        asked = page(first, after, last, before)
        return nested(info, "grants", self.row.id, listings.folder_grants, asked, Grant.of)

    @classmethod
    def each(cls, rows: Sequence[models.Folder] | None) -> list[Self]:
        """The public forms of rows."""
        return [cls.of(row) for row in rows or ()]

    @classmethod
    async def load(cls, info: Info, key: UUID | str | None) -> Self | None:
        """The folder of this key, if the caller may see it."""
        if key is None:
            return None
        key = key if isinstance(key, UUID) else UUID(key)
        row = await info.context.load(queries.folders_by_id, key)
        return cls.of(row) if row else None


@strawberry.type(description="A place in a composite.")
class FileMember:
    """One place."""

    position: int = strawberry.field(description="Its order, from 0.")
    key: str | None = strawberry.field(description="The tile's name in a custom layout; else null.")
    member_id: strawberry.Private[UUID]

    @strawberry.field(description="The file there; null if you may not see it.")
    def file(self, info: Info) -> "File | None":
        return related(info, queries.files_by_id, self.member_id, File.of)

    @classmethod
    def of(cls, row: models.FileMember) -> Self:
        """The public form of a row."""
        return cls(position=row.position, key=row.key, member_id=row.member_id)


@strawberry.type(
    description="Where a file is used. Counts include what you may not see; lists do not."
)
class FileUsage:
    """Uses of one file."""

    file_key: strawberry.Private[UUID]

    @strawberry.field(description="How many composites contain it, those you may not see included.")
    def frame_in_groups_count(self, info: Info) -> int:
        return looked_up(info, queries.composite_counts, self.file_key, lambda count: count or 0)

    @strawberry.field(description="The composites that contain it, as far as you may see them.")
    def composites(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> "Connection[File]":
        asked = page(first, after, last, before)
        return nested(info, "composites", self.file_key, listings.composites, asked, File.of)


@strawberry.type(
    description="One file that people label, or a composite of several. It lies in exactly one folder; its bytes"
    " may lie in a store of yours."
)
class File(Stored, Node):
    """One file."""

    KIND = Kind.FILE
    MODEL = models.File

    name: str = strawberry.field(description="1 to 300 characters.")
    description: str = strawberry.field(description="May be empty.")
    type: FileType = strawberry.field(description="What it is.")
    storage_location: StorageLocation = strawberry.field(description="Whose store holds the bytes.")
    url: str | None = strawberry.field(
        description="Where the bytes lie, as it was registered; null if they were uploaded or made here."
    )
    byte_size: SafeInt | None = strawberry.field(description="Bytes; null while unknown.")
    mime_type: str | None = strawberry.field(description="Media type, such as video/mp4.")
    width: int | None = strawberry.field(description="Pixels; null where it means nothing.")
    height: int | None = strawberry.field(description="Pixels; null where it means nothing.")
    fps: float | None = strawberry.field(description="Frames per second of a video.")
    duration_seconds: float | None = strawberry.field(description="Of video and sound.")
    frame_count: SafeInt | None = strawberry.field(description="Frames, images or slices.")
    page_count: int | None = strawberry.field(description="Pages of a PDF.")
    audio_sample_rate: int | None = strawberry.field(description="Samples per second.")
    audio_bit_depth: int | None = strawberry.field(description="Bits of a sample.")
    audio_channel_count: int | None = strawberry.field(description="Channels of sound.")
    audio_codec: str | None = strawberry.field(description="How the sound is encoded.")
    dicom_study_uid: str | None = strawberry.field(description="StudyInstanceUID.")
    dicom_series_uid: str | None = strawberry.field(description="SeriesInstanceUID.")
    dicom_instance_uid: str | None = strawberry.field(description="SOPInstanceUID.")
    can_render_3d: bool | None = strawberry.field(
        name="canRender3d", description="Whether a DICOM file has the tags for a volume."
    )
    is_component: bool = strawberry.field(
        description="Whether it was made as a part of a composite, and is not listed by itself."
    )
    is_tombstone: bool = strawberry.field(description="Whether it is gone at its source.")
    revision: int = strawberry.field(
        description="Counts changes; send it back as expectedRevision."
    )
    created_at: datetime = strawberry.field(description="When it was registered.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @strawberry.field(description="The folder that it lies in.")
    @reads("folder_id")
    def folder(self, info: Info) -> Folder | None:
        return related(info, queries.folders_by_id, self.row.folder_id, Folder.of)

    @strawberry.field(
        description="The connection to the store; null if there is none or it is not yours."
    )
    @reads("integration_id")
    def integration(
        self, info: Info
    ) -> Annotated["Integration", strawberry.lazy("schema.files.integrations")] | None:
        from schema.files.integrations import Integration  # noqa: PLC0415  it stands above files

        key = self.row.integration_id
        return related(info, queries.integrations_by_id, key, Integration.of)

    @strawberry.field(description="Who registered it; null if they have left.")
    @reads("created_by")
    def created_by(self, info: Info) -> User | None:
        return user_of(info, self.row.created_by)

    @strawberry.field(
        description="A link to the bytes that works for 15 minutes for whoever has it. Null for composites other"
        " than IMAGE_SEQUENCE, whose members have links, and for what is gone at its source."
    )
    @reads("id")
    def download_url(self, info: Info) -> Url | None:
        downloads = Downloads.of(info.context.runtime)
        return related(info, downloads, self.row.id, _link)

    @strawberry.field(
        description="What you said of the file, a JSON object of at most 10 MiB. The order of its members is not"
        " kept; numbers keep their digits."
    )
    @reads("id")
    def metadata(self, info: Info, keys: Keys = strawberry.UNSET) -> Json:
        wanted: Wanted = (self.row.id, inputs.checked_keys(given(keys)))
        return looked_up(info, queries.documents, wanted, _document)

    @strawberry.field(description="The frames of a video that its metadata marks, in order.")
    @reads("id", "fps")
    def key_frames(self, info: Info) -> list[KeyFrame]:
        wanted: Wanted = (self.row.id, metadata.KEY_FRAME_MEMBERS)
        fps = self.row.fps
        return looked_up(
            info, queries.documents, wanted, lambda document: KeyFrame.each(document, fps)
        )

    @strawberry.field(
        description="Values of its metadata that do not fit the metadata schema, at most two for each key."
    )
    @reads("id")
    def type_errors(self, info: Info) -> list[FileTypeError]:
        return looked_up(info, queries.type_errors, self.row.id, FileTypeError.each)

    @strawberry.field(
        description="The vectors that it and its frames have, by the name of the embedding key."
    )
    @reads("id")
    def embeddings(self, info: Info, keys: EmbeddingKeys = strawberry.UNSET) -> list[FileEmbedding]:
        wanted = (self.row.id, inputs.checked_keys(given(keys)))
        return looked_up(info, reading.of_files, wanted, FileEmbedding.each)

    @strawberry.field(description="The places of a composite, in order; empty for other files.")
    @reads("id")
    def members(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[FileMember]:
        asked = page(first, after, last, before)
        return nested(info, "members", self.row.id, listings.members, asked, FileMember.of)

    @strawberry.field(
        description="How a data group shows its files: an object with layout_type (default-grid, default-list or"
        " custom) and, for custom, layout, timeline and settings. Null for other files."
    )
    @reads("id")
    def layout(self, info: Info) -> Json | None:
        return related(info, queries.layouts, self.row.id, Json)

    @strawberry.field(description="Where it is used.")
    @reads("id")
    def usage(self) -> FileUsage:
        return FileUsage(file_key=self.row.id)

    @classmethod
    async def load(cls, info: Info, key: UUID | str | None) -> Self | None:
        """The file of this key, if the caller may see it."""
        if key is None:
            return None
        key = key if isinstance(key, UUID) else UUID(key)
        row = await info.context.load(queries.files_by_id, key)
        return cls.of(row) if row else None


def _link(link: Link) -> Url | None:
    return Url(link) if isinstance(link, str) else None


def _document(document: bytes | None) -> Json:
    return Json(orjson.Fragment(document or b"{}"))


NODES: Sources = {
    Kind.FILE: Source(queries.files_by_id, File.of),
    Kind.FOLDER: Source(queries.folders_by_id, Folder.of),
}
