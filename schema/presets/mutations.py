"""Changes of presets, and of collections by preset."""

from typing import Annotated, Any
from uuid import UUID

import strawberry

from app.accounts.actor import Actor
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from app.presets import collecting, documents, queries, service
from app.presets.service import Patch, Written
from app.search.keys import Keys
from schema.background.mutations import BackgroundJobPayload
from schema.context import Info
from schema.files.requests import cleared
from schema.inputs import given
from schema.mutations import Payload, change
from schema.presets import reading
from schema.presets.inputs import (
    AddFilesToCollectionByPresetInput,
    CreateFilterPresetInput,
    DeleteFilterPresetInput,
    ImportFilterPresetInput,
    RemoveFilesFromCollectionByPresetInput,
    UpdateFilterPresetInput,
)
from schema.presets.types import FilterPreset
from schema.search.inputs import FileFilter

What = strawberry.argument(description="What to do.")
Answer = dict[str, Any]


@strawberry.interface(description="What the answers about one filter preset have.")
class FilterPresetPayload(Payload):
    """The preset as it is now."""

    @strawberry.field(
        description="The preset; null if it was refused. After REVISION_CONFLICT the stored one."
    )
    async def preset(self, info: Info) -> FilterPreset | None:
        return await FilterPreset.load(info, self.answer.get("preset"))


@strawberry.type(description="Answer to createFilterPreset.")
class CreateFilterPresetPayload(FilterPresetPayload):
    """The new preset."""


@strawberry.type(description="Answer to importFilterPreset.")
class ImportFilterPresetPayload(FilterPresetPayload):
    """The new preset."""


@strawberry.type(description="Answer to updateFilterPreset.")
class UpdateFilterPresetPayload(FilterPresetPayload):
    """The changed preset."""


@strawberry.type(description="Answer to deleteFilterPreset.")
class DeleteFilterPresetPayload(FilterPresetPayload):
    """What is gone."""

    @strawberry.field(description="The id of what is gone; null if it was refused.")
    def deleted_filter_preset_id(self) -> strawberry.ID | None:
        key = self.answer.get("deleted")
        return strawberry.ID(ids.encode(Kind.FILTER_PRESET, UUID(key))) if key else None


@strawberry.type(description="Answer to addFilesToCollectionByPreset.")
class AddFilesToCollectionByPresetPayload(BackgroundJobPayload):
    """The job that puts them in."""


@strawberry.type(description="Answer to removeFilesFromCollectionByPreset.")
class RemoveFilesFromCollectionByPresetPayload(BackgroundJobPayload):
    """The job that takes them out."""


@strawberry.type
class PresetMutation:
    """The presets' share of Mutation."""

    @strawberry.mutation(description="Save a filter under a name.")
    async def create_filter_preset(
        self, info: Info, input: Annotated[CreateFilterPresetInput, What]
    ) -> CreateFilterPresetPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            return await _create(tx, actor, input, _written(info, input.filter))

        return await change(info, CreateFilterPresetPayload, input, work)

    @strawberry.mutation(
        description="Save the filter that a definition document of another product means. It is read back as a"
        " filter of ours."
    )
    async def import_filter_preset(
        self, info: Info, input: Annotated[ImportFilterPresetInput, What]
    ) -> ImportFilterPresetPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            found = documents.translated(input.document)
            with documents.blamed():
                written = Written(found, reading.read(info.schema, found).tree())
                written.checked(actor, await _keys(tx, actor))
            return await _create(tx, actor, input, written)

        return await change(info, ImportFilterPresetPayload, input, work)

    @strawberry.mutation(description="Change a filter preset.")
    async def update_filter_preset(
        self, info: Info, input: Annotated[UpdateFilterPresetInput, What]
    ) -> UpdateFilterPresetPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            preset = await service.update(
                tx,
                actor,
                ids.decode(Kind.FILTER_PRESET, input.preset_id),
                await _keys(tx, actor),
                _patch(info, input),
                expected_revision=given(input.expected_revision),
            )
            return {"preset": preset.id.hex}

        return await change(info, UpdateFilterPresetPayload, input, work)

    @strawberry.mutation(description="Delete a filter preset.")
    async def delete_filter_preset(
        self, info: Info, input: Annotated[DeleteFilterPresetInput, What]
    ) -> DeleteFilterPresetPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            key = ids.decode(Kind.FILTER_PRESET, input.preset_id)
            expected = given(input.expected_revision)
            await service.remove(tx, actor, key, expected_revision=expected)
            return {"deleted": key.hex}

        return await change(info, DeleteFilterPresetPayload, input, work)

    @strawberry.mutation(
        description="Put all files that a preset lets through into a collection: those that you may see and that"
        " lie below the collection's folder. A job does it; follow it with backgroundJobProgress."
    )
    async def add_files_to_collection_by_preset(
        self, info: Info, input: Annotated[AddFilesToCollectionByPresetInput, What]
    ) -> AddFilesToCollectionByPresetPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            return await _collect(info, tx, actor, input, is_removal=False)

        return await change(info, AddFilesToCollectionByPresetPayload, input, work)

    @strawberry.mutation(
        description="Take all files that a preset lets through, and that you may see, out of a collection. A job"
        " does it; follow it with backgroundJobProgress."
    )
    async def remove_files_from_collection_by_preset(
        self, info: Info, input: Annotated[RemoveFilesFromCollectionByPresetInput, What]
    ) -> RemoveFilesFromCollectionByPresetPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            return await _collect(info, tx, actor, input, is_removal=True)

        return await change(info, RemoveFilesFromCollectionByPresetPayload, input, work)


async def _create(
    tx: Tx,
    actor: Actor,
    input: CreateFilterPresetInput | ImportFilterPresetInput,
    written: Written,
) -> Answer:
    folder = given(input.folder_id)
    preset = await service.create(
        tx,
        actor,
        await _keys(tx, actor),
        written,
        name=input.name,
        description=input.description,
        folder_id=None if folder is None else ids.decode(Kind.FOLDER, folder),
        is_shared=input.is_shared,
    )
    return {"preset": preset.id.hex}


async def _collect(
    info: Info,
    tx: Tx,
    actor: Actor,
    input: AddFilesToCollectionByPresetInput | RemoveFilesFromCollectionByPresetInput,
    *,
    is_removal: bool,
) -> Answer:
    collection_id = ids.decode(Kind.COLLECTION, input.collection_id)
    preset_id = ids.decode(Kind.FILTER_PRESET, input.preset_id)
    (preset,) = await queries.named(tx, actor, [preset_id], field=("preset_id",))
    tree = reading.read(info.schema, preset.filter).tree()
    job = await collecting.begin(tx, actor, collection_id, preset, tree, is_removal=is_removal)
    return {"job": job.id.hex}


def _patch(info: Info, input: UpdateFilterPresetInput) -> Patch:
    folder = input.folder_id.value if input.folder_id else None
    return Patch(
        name=input.name.value if input.name else None,
        description=cleared(input.description, ""),
        written=_written(info, input.filter.value) if input.filter else None,
        is_shared=input.is_shared.value if input.is_shared else None,
        places=input.folder_id is not None,
        folder_id=None if folder is None else ids.decode(Kind.FOLDER, folder),
    )


def _written(info: Info, filter: FileFilter) -> Written:
    tree = filter.tree()  # refuses null members first
    return Written(reading.written(info.schema, filter), tree)


async def _keys(tx: Tx, actor: Actor) -> Keys:
    return (await queries.declared(tx, actor, [actor.organisation_id]))[actor.organisation_id]
