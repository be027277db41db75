"""Inputs of what is asked of collections and done to them."""

import strawberry

from app.collections.queries import CollectionFilter as Tests
from app.core.ids import Kind
from schema.files.comparisons import NOWHERE, known, member
from schema.files.enums import BulkMode
from schema.inputs import ExpectedRevision, IdempotencyKey


@strawberry.input(description="Which collections. Members that are given must all hold.")
class CollectionFilter:
    """Tests of collections."""

    ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="One of these, at most 1,000."
    )
    folder_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Of this topmost folder."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="This text somewhere in its name, in upper or lower case; up to 1,000 characters.",
    )

    def tests(self) -> Tests:
        """The same for `app`."""
        public_ids, folder = member(self.ids, "ids"), member(self.folder_id, "folderId")
        return Tests(
            ids=None if public_ids is None else known(Kind.COLLECTION, public_ids),
            folder_id=None if folder is None else [*known(Kind.FOLDER, [folder]), NOWHERE][0],
            name=member(self.name, "name"),
        )


@strawberry.input(description="A collection to make.")
class CreateCollectionInput:
    """Input of createCollection."""

    name: str = strawberry.field(description="1 to 255 characters; need not be unique.")
    description: str = strawberry.field(default="", description="Up to 4,096 characters.")
    folder_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The topmost folder that it belongs to; left out: the oldest of those that you may edit.",
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Changes of a collection. What is left out stays as it is.")
class UpdateCollectionInput:
    """Input of updateCollection."""

    collection_id: strawberry.ID = strawberry.field(description="The collection.")
    name: strawberry.Maybe[str] = strawberry.field(description="1 to 255 characters.")
    description: strawberry.Maybe[str | None] = strawberry.field(
        description="Up to 4,096 characters; null clears it."
    )
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A collection to delete; the files in it stay.")
class DeleteCollectionInput:
    """Input of deleteCollection."""

    collection_id: strawberry.ID = strawberry.field(description="The collection.")
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


MODE = "What to do when a file is refused."


@strawberry.input(description="Files to put into a collection.")
class AddFilesToCollectionInput:
    """Input of addFilesToCollection."""

    collection_id: strawberry.ID = strawberry.field(description="The collection.")
    file_ids: list[strawberry.ID] = strawberry.field(
        description="At most 1,000. They must lie below the collection's folder; what is in already stays."
    )
    mode: BulkMode = strawberry.field(default=BulkMode.PARTIAL, description=MODE)
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Files to take out of a collection.")
class RemoveFilesFromCollectionInput:
    """Input of removeFilesFromCollection."""

    collection_id: strawberry.ID = strawberry.field(description="The collection.")
    file_ids: list[strawberry.ID] = strawberry.field(
        description="At most 1,000, also of files that you may not see. What is not in it is refused."
    )
    mode: BulkMode = strawberry.field(default=BulkMode.PARTIAL, description=MODE)
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Files to put into a collection, by their titles.")
class AddFilesToCollectionByTitleInput:
    """Input of addFilesToCollectionByTitle."""

    collection_id: strawberry.ID = strawberry.field(description="The collection.")
    titles: list[str] = strawberry.field(
        description="Names of files, exact and case-sensitive: at most 1,000, and 200,000 bytes of UTF-8 in all."
        " A title that is given twice counts once."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET
