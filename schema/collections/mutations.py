"""Changes of collections."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from app.accounts.actor import Actor
from app.collections import contents, service, titles
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from app.files import outcomes
from app.files.outcomes import BulkMode, ItemStatus, Outcome
from schema.collections.inputs import (
    AddFilesToCollectionByTitleInput,
    AddFilesToCollectionInput,
    CreateCollectionInput,
    DeleteCollectionInput,
    RemoveFilesFromCollectionInput,
    UpdateCollectionInput,
)
from schema.collections.types import Collection, CollectionFileResult
from schema.context import Info
from schema.files.file_mutations import keys
from schema.files.requests import cleared
from schema.inputs import given
from schema.mutations import Payload, change

What = strawberry.argument(description="What to do.")
Answer = dict[str, Any]


@strawberry.interface(description="What the answers about one collection have.")
class CollectionPayload(Payload):
    """The collection as it is now."""

    @strawberry.field(
        description="The collection; null if it was refused. After REVISION_CONFLICT the stored one."
    )
    async def collection(self, info: Info) -> Collection | None:
        return await Collection.load(info, self.answer.get("collection"))


@strawberry.type(description="Answer to createCollection.")
class CreateCollectionPayload(CollectionPayload):
    """The new collection."""


@strawberry.type(description="Answer to updateCollection.")
class UpdateCollectionPayload(CollectionPayload):
    """The changed collection."""


@strawberry.type(description="Answer to deleteCollection.")
class DeleteCollectionPayload(CollectionPayload):
    """What is gone."""

    @strawberry.field(description="The id of what is gone; null if it was refused.")
    def deleted_collection_id(self) -> strawberry.ID | None:
        key = self.answer.get("deleted")
        return strawberry.ID(ids.encode(Kind.COLLECTION, UUID(key))) if key else None


@strawberry.interface(description="What the answers to changes of what is in a collection have.")
class CollectionFilesPayload(CollectionPayload):
    """What became of each file."""

    @strawberry.field(
        description="What became of each file, in the order given; empty if the request was refused as a whole."
    )
    def results(self) -> list[CollectionFileResult]:
        return [CollectionFileResult.of(one) for one in self.answer.get("results", ())]

    @strawberry.field(description="Those of the results that are REJECTED.")
    def failed(self) -> list[CollectionFileResult]:
        rejected = ItemStatus.REJECTED
        found = [one for one in self.answer.get("results", ()) if one["status"] == rejected]
        return [CollectionFileResult.of(one) for one in found]


@strawberry.type(description="Answer to addFilesToCollection.")
class AddFilesToCollectionPayload(CollectionFilesPayload):
    """What was put in."""

    @strawberry.field(description="Files that are new in it; null if it was refused.")
    def added_count(self) -> int | None:
        return self.answer.get("count")


@strawberry.type(description="Answer to removeFilesFromCollection.")
class RemoveFilesFromCollectionPayload(CollectionFilesPayload):
    """What was taken out."""

    @strawberry.field(description="Files that were taken out; null if it was refused.")
    def removed_count(self) -> int | None:
        return self.answer.get("count")


@strawberry.type(
    description="Answer to addFilesToCollectionByTitle. Each title is matched, ambiguous or unmatched:"
    " requestedCount is their sum."
)
class AddFilesToCollectionByTitlePayload(CollectionPayload):
    """An account of every title."""

    @strawberry.field(description="How many different titles were given; null if it was refused.")
    def requested_count(self) -> int | None:
        return self.answer.get("requested")

    @strawberry.field(
        description="Titles that one file has, which is in the collection now unless it failed."
    )
    def matched_titles(self) -> list[str]:
        return list(self.answer.get("matched", ()))

    @strawberry.field(description="Titles that several files have; none of those was put in.")
    def ambiguous_titles(self) -> list[str]:
        return list(self.answer.get("ambiguous", ()))

    @strawberry.field(
        description="Titles that no file has which you may see and which lies below the collection's folder."
    )
    def unmatched_titles(self) -> list[str]:
        return list(self.answer.get("unmatched", ()))

    @strawberry.field(description="Files that are new in it; null if it was refused.")
    def added_count(self) -> int | None:
        return self.answer.get("count")

    @strawberry.field(
        description="Files that were found and could not be put in, as they went meanwhile."
    )
    def failed(self) -> list[CollectionFileResult]:
        return [CollectionFileResult.of(one) for one in self.answer.get("failed", ())]


@strawberry.type
class CollectionMutation:
    """The collections' share of Mutation."""

    @strawberry.mutation(
        description="Make a collection, empty at first. This takes the role ADMIN on its folder."
    )
    async def create_collection(
        self, info: Info, input: Annotated[CreateCollectionInput, What]
    ) -> CreateCollectionPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            folder = given(input.folder_id)
            collection = await service.create(
                tx,
                actor,
                name=input.name,
                description=input.description,
                folder_id=None if folder is None else ids.decode(Kind.FOLDER, folder),
            )
            return {"collection": collection.id.hex}

        return await change(info, CreateCollectionPayload, input, work)

    @strawberry.mutation(description="Change a collection's name or description.")
    async def update_collection(
        self, info: Info, input: Annotated[UpdateCollectionInput, What]
    ) -> UpdateCollectionPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            collection = await service.update(
                tx,
                actor,
                ids.decode(Kind.COLLECTION, input.collection_id),
                name=input.name.value if input.name else None,
                description=cleared(input.description, ""),
                expected_revision=given(input.expected_revision),
            )
            return {"collection": collection.id.hex}

        return await change(info, UpdateCollectionPayload, input, work)

    @strawberry.mutation(description="Delete a collection. The files in it stay where they are.")
    async def delete_collection(
        self, info: Info, input: Annotated[DeleteCollectionInput, What]
    ) -> DeleteCollectionPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            key = ids.decode(Kind.COLLECTION, input.collection_id)
            expected = given(input.expected_revision)
            await service.remove(tx, actor, key, expected_revision=expected)
            return {"deleted": key.hex}

        return await change(info, DeleteCollectionPayload, input, work)

    @strawberry.mutation(
        description="Put files into a collection, at most 1,000; those that are in it already stay."
    )
    async def add_files_to_collection(
        self, info: Info, input: Annotated[AddFilesToCollectionInput, What]
    ) -> AddFilesToCollectionPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            key = ids.decode(Kind.COLLECTION, input.collection_id)
            results = await contents.add(tx, actor, key, keys(input.file_ids))
            return {"collection": key.hex, **_settled(results, input.mode)}

        return await change(info, AddFilesToCollectionPayload, input, work)

    @strawberry.mutation(description="Take files out of a collection, at most 1,000.")
    async def remove_files_from_collection(
        self, info: Info, input: Annotated[RemoveFilesFromCollectionInput, What]
    ) -> RemoveFilesFromCollectionPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            key = ids.decode(Kind.COLLECTION, input.collection_id)
            results = await contents.remove(tx, actor, key, keys(input.file_ids))
            return {"collection": key.hex, **_settled(results, input.mode)}

        return await change(info, RemoveFilesFromCollectionPayload, input, work)

    @strawberry.mutation(
        description="Put files into a collection by their titles, with an account of every title. Looked for are"
        " the files below the collection's folder that you may see, parts of composites aside."
    )
    async def add_files_to_collection_by_title(
        self, info: Info, input: Annotated[AddFilesToCollectionByTitleInput, What]
    ) -> AddFilesToCollectionByTitlePayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            key = ids.decode(Kind.COLLECTION, input.collection_id)
            found = await titles.add(tx, actor, key, input.titles)
            return {"collection": key.hex, **_account(found)}

        return await change(info, AddFilesToCollectionByTitlePayload, input, work)


def _settled(results: Sequence[Outcome], mode: BulkMode) -> Answer:
    answer = outcomes.settle(results, mode, field=("file_ids",))
    return {**answer, "count": sum(one.status is ItemStatus.UPDATED for one in results)}


def _account(found: titles.Account) -> Answer:
    report = found.report
    return {
        "requested": report.requested_count,
        "matched": report.matched,
        "ambiguous": report.ambiguous,
        "unmatched": report.unmatched,
        "count": found.added_count,
        "failed": [one.answer() for one in found.failed],
    }
