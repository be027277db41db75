"""Inputs of the mutations of files."""

import strawberry

from app.core.ids import Kind
from app.files.documents import Said
from app.files.service import Patch
from schema.files.comparisons import NOWHERE
from schema.files.enums import BulkMode
from schema.files.inputs import key
from schema.files.requests import cleared
from schema.inputs import ExpectedRevision, IdempotencyKey, given
from schema.scalars import Json

METADATA = (
    "A JSON object of at most 10 MiB, or a string that holds the JSON text of one: then numbers keep their"
    " digits. Of the keys that begin with `$` only `$encord` is allowed, and only for videos."
)
MERGED = (
    "A JSON object whose top-level members take the place of the stored ones; null removes a member. Members"
    " that it does not name stay; nested objects are replaced, not merged."
)


@strawberry.input(description="Changes of a file. What is left out stays as it is.")
class UpdateFileItem:
    """One item of updateFiles."""

    file_id: strawberry.ID = strawberry.field(description="The file.")
    name: strawberry.Maybe[str] = strawberry.field(description="1 to 300 characters.")
    description: strawberry.Maybe[str | None] = strawberry.field(
        description="Up to 4,096 characters; null clears it."
    )
    client_metadata: strawberry.Maybe[Json | None] = strawberry.field(
        description=f"{METADATA} It takes the place of the stored one; null clears it."
    )
    expected_revision: ExpectedRevision = strawberry.UNSET

    def patch(self) -> Patch:
        """The same for `app`."""
        return Patch(
            file_id=key(Kind.FILE, self.file_id) or NOWHERE,
            name=self.name.value if self.name else None,
            description=cleared(self.description, ""),
            client_metadata=cleared(self.client_metadata, Json({})),
            expected_revision=given(self.expected_revision),
        )


@strawberry.input(description="Changes of a file. What is left out stays as it is.")
class UpdateFileInput(UpdateFileItem):
    """Input of updateFile."""

    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Changes of many files.")
class UpdateFilesInput:
    """Input of updateFiles."""

    items: list[UpdateFileItem] = strawberry.field(description="At most 1,000, each file once.")
    mode: BulkMode = strawberry.field(
        default=BulkMode.ATOMIC, description="What to do when an item is refused."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Files to move.")
class MoveFilesInput:
    """Input of moveFiles."""

    file_ids: list[strawberry.ID] = strawberry.field(
        description="At most 1,000. All must lie right in the source folder, or nothing moves."
    )
    source_folder_id: strawberry.ID = strawberry.field(description="The folder they lie in.")
    target_folder_id: strawberry.ID = strawberry.field(description="The folder to put them into.")
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Files to delete.")
class DeleteFilesInput:
    """Input of deleteFiles."""

    file_ids: list[strawberry.ID] = strawberry.field(
        description="At most 1,000. All must lie right in the folder, or nothing is deleted."
    )
    folder_id: strawberry.ID = strawberry.field(description="The folder they lie in.")
    remove_unused_frames: bool = strawberry.field(
        default=True,
        description="Whether parts of deleted composites go, too, if no other composite uses them. Otherwise"
        " they become files of their own.",
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Client metadata for one file.")
class FileMetadataItem:
    """One item of setFileMetadata."""

    file_id: strawberry.ID = strawberry.field(description="The file.")
    metadata: Json = strawberry.field(description=METADATA)
    expected_revision: ExpectedRevision = strawberry.UNSET

    def said(self) -> Said:
        """The same for `app`."""
        return Said(
            file_id=key(Kind.FILE, self.file_id) or NOWHERE,
            client_metadata=self.metadata,
            expected_revision=given(self.expected_revision),
        )


@strawberry.input(description="Client metadata for files, in place of what they have.")
class SetFileMetadataInput:
    """Input of setFileMetadata."""

    items: list[FileMetadataItem] = strawberry.field(description="At most 1,000, each file once.")
    mode: BulkMode = strawberry.field(
        default=BulkMode.ATOMIC, description="What to do when an item is refused."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Members to merge into the client metadata of files.")
class MergeFileMetadataInput:
    """Input of mergeFileMetadata."""

    items: list[FileMetadataItem] = strawberry.field(
        description=f"At most 1,000, each file once. {MERGED}"
    )
    mode: BulkMode = strawberry.field(
        default=BulkMode.ATOMIC, description="What to do when an item is refused."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET
