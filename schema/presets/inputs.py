"""Inputs of what is asked of presets and done to them."""

import strawberry

from app.core.ids import Kind
from app.presets.queries import PresetFilter
from schema.files.comparisons import NOWHERE, known, member
from schema.inputs import ExpectedRevision, IdempotencyKey
from schema.scalars import Json
from schema.search.inputs import FileFilter


@strawberry.input(description="Which presets. Members that are given must all hold.")
class FilterPresetFilter:
    """Tests of presets."""

    ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="One of these, at most 1,000."
    )
    folder_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="For the files of this very folder and below."
    )
    is_mine: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether you made it."
    )
    is_shared: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether it is shared."
    )

    def tests(self) -> PresetFilter:
        """The same for `app`."""
        public_ids, folder = member(self.ids, "ids"), member(self.folder_id, "folderId")
        return PresetFilter(
            ids=None if public_ids is None else known(Kind.FILTER_PRESET, public_ids),
            folder_id=None if folder is None else [*known(Kind.FOLDER, [folder]), NOWHERE][0],
            is_mine=member(self.is_mine, "isMine"),
            is_shared=member(self.is_shared, "isShared"),
        )


@strawberry.input(description="A filter to save.")
class CreateFilterPresetInput:
    """Input of createFilterPreset."""

    name: str = strawberry.field(description="1 to 255 characters; need not be unique.")
    description: str = strawberry.field(default="", description="Up to 4,096 characters.")
    filter: FileFilter = strawberry.field(
        description="The filter. It needs at least one comparison, and must fit the metadata schema."
    )
    folder_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="For the files in this folder and below it; left out: wherever they lie.",
    )
    is_shared: bool = strawberry.field(
        default=False, description="Whether other members of the organisation see it."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Changes of a preset. What is left out stays as it is.")
class UpdateFilterPresetInput:
    """Input of updateFilterPreset."""

    preset_id: strawberry.ID = strawberry.field(description="The preset.")
    name: strawberry.Maybe[str] = strawberry.field(description="1 to 255 characters.")
    description: strawberry.Maybe[str | None] = strawberry.field(
        description="Up to 4,096 characters; null clears it."
    )
    filter: strawberry.Maybe[FileFilter] = strawberry.field(
        description="A filter that takes the place of the stored one."
    )
    folder_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="For the files in this folder and below it; null: wherever they lie."
    )
    is_shared: strawberry.Maybe[bool] = strawberry.field(
        description="Whether other members of the organisation see it."
    )
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A preset to delete.")
class DeleteFilterPresetInput:
    """Input of deleteFilterPreset."""

    preset_id: strawberry.ID = strawberry.field(description="The preset.")
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A filter of another product to save.")
class ImportFilterPresetInput:
    """Input of importFilterPreset."""

    name: str = strawberry.field(description="1 to 255 characters; need not be unique.")
    description: str = strawberry.field(default="", description="Up to 4,096 characters.")
    document: Json = strawberry.field(
        description="An object with local_filters (by the UUID of a folder; the nil UUID stands for none) and"
        " global_filters, each with a list of filters: key, type, include, values. Every key must be declared."
    )
    folder_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="For the files in this folder and below it; left out: wherever they lie.",
    )
    is_shared: bool = strawberry.field(
        default=False, description="Whether other members of the organisation see it."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A collection, and a preset whose files are to be put into it.")
class AddFilesToCollectionByPresetInput:
    """Input of addFilesToCollectionByPreset."""

    collection_id: strawberry.ID = strawberry.field(description="The collection.")
    preset_id: strawberry.ID = strawberry.field(
        description="The preset; what it says now is what counts, whatever becomes of it."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A collection, and a preset whose files are to be taken out of it.")
class RemoveFilesFromCollectionByPresetInput:
    """Input of removeFilesFromCollectionByPreset."""

    collection_id: strawberry.ID = strawberry.field(description="The collection.")
    preset_id: strawberry.ID = strawberry.field(
        description="The preset; what it says now is what counts, whatever becomes of it."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET
