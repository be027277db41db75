"""Changes of files."""

from typing import Annotated, Any, Self
from uuid import UUID

import strawberry

from app.accounts.actor import Actor
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from app.files import documents, queries, service
from schema.context import Info
from schema.errors import UserError
from schema.files import inputs
from schema.files.comparisons import NOWHERE
from schema.files.enums import ItemStatus
from schema.files.file_requests import (
    DeleteFilesInput,
    MergeFileMetadataInput,
    MoveFilesInput,
    SetFileMetadataInput,
    UpdateFileInput,
    UpdateFilesInput,
)
from schema.files.parts import FileTypeError
from schema.files.types import File, Folder
from schema.loading import related
from schema.mutations import Payload, change

What = strawberry.argument(description="What to do.")
Answer = dict[str, Any]


@strawberry.type(description="What became of one item, in the order given.")
class UpdateFileResult:
    """One item's fate."""

    status: ItemStatus = strawberry.field(description="What became of it.")
    type_errors: list[FileTypeError] = strawberry.field(
        description="Values of the metadata just written that do not fit the metadata schema. They are kept, but"
        " count as missing in filters."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; else empty.")
    file_key: strawberry.Private[str | None]

    @strawberry.field(description="The file as it is now; null if you may not see it.")
    def file(self, info: Info) -> File | None:
        key = UUID(self.file_key) if self.file_key else None
        return related(info, queries.files_by_id, key, File.of)

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """The public form of an outcome."""
        return cls(
            status=ItemStatus(answer["status"]),
            type_errors=[FileTypeError(**warning) for warning in answer["warnings"]],
            user_errors=[UserError.told(answer["error"])] if answer["error"] else [],
            file_key=answer["file"],
        )


@strawberry.interface(description="What the answers to changes of many files have.")
class FilesPayload(Payload):
    """What became of each item."""

    @strawberry.field(
        description="What became of each item, in the order given; empty if the request was refused as a whole."
    )
    def results(self) -> list[UpdateFileResult]:
        return [UpdateFileResult.of(one) for one in self.answer.get("results", ())]


@strawberry.type(description="Answer to updateFiles.")
class UpdateFilesPayload(FilesPayload):
    """What became of each."""


@strawberry.type(description="Answer to setFileMetadata.")
class SetFileMetadataPayload(FilesPayload):
    """What became of each."""


@strawberry.type(description="Answer to mergeFileMetadata.")
class MergeFileMetadataPayload(FilesPayload):
    """What became of each."""


@strawberry.type(description="Answer to updateFile.")
class UpdateFilePayload(Payload):
    """The changed file."""

    @strawberry.field(
        description="The file; null if it was refused. After REVISION_CONFLICT the stored one."
    )
    async def file(self, info: Info) -> File | None:
        return await File.load(info, self.answer.get("file"))

    @strawberry.field(
        description="Values of the metadata just written that do not fit the metadata schema."
    )
    def type_errors(self) -> list[FileTypeError]:
        return [FileTypeError(**warning) for warning in self.answer.get("warnings", ())]


@strawberry.type(description="Answer to moveFiles.")
class MoveFilesPayload(Payload):
    """Where the files are now."""

    @strawberry.field(description="Files that were named and moved; null if it was refused.")
    def moved_file_count(self) -> int | None:
        return self.answer.get("file_count")

    @strawberry.field(description="The folder they lie in now; null if it was refused.")
    async def folder(self, info: Info) -> Folder | None:
        return await Folder.load(info, self.answer.get("folder"))


@strawberry.type(description="Answer to deleteFiles.")
class DeleteFilesPayload(Payload):
    """How much went."""

    @strawberry.field(description="Files that were named and deleted; null if it was refused.")
    def deleted_file_count(self) -> int | None:
        return self.answer.get("file_count")

    @strawberry.field(
        description="Parts of composites that went with them; null if it was refused."
    )
    def deleted_frame_count(self) -> int | None:
        return self.answer.get("frame_count")


@strawberry.type
class FileMutation:
    """The files' share of Mutation."""

    @strawberry.mutation(description="Change a file's name, description or client metadata.")
    async def update_file(
        self, info: Info, input: Annotated[UpdateFileInput, What]
    ) -> UpdateFilePayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            return await service.update(tx, actor, input.patch())

        return await change(info, UpdateFilePayload, input, work)

    @strawberry.mutation(description="Change many files, at most 1,000.")
    async def update_files(
        self, info: Info, input: Annotated[UpdateFilesInput, What]
    ) -> UpdateFilesPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            patches = [item.patch() for item in input.items]
            return await service.update_many(tx, actor, patches, input.mode)

        return await change(info, UpdateFilesPayload, input, work)

    @strawberry.mutation(
        description="Give files other client metadata, in place of what they have. Values need not fit the"
        " metadata schema: what does not is kept and told."
    )
    async def set_file_metadata(
        self, info: Info, input: Annotated[SetFileMetadataInput, What]
    ) -> SetFileMetadataPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            said = [item.said() for item in input.items]
            return await documents.put(tx, actor, said, input.mode)

        return await change(info, SetFileMetadataPayload, input, work)

    @strawberry.mutation(
        description="Merge members into the client metadata of files. The merge is shallow: a top-level member"
        " that is given takes the place of the stored one, null removes it, and the others stay."
    )
    async def merge_file_metadata(
        self, info: Info, input: Annotated[MergeFileMetadataInput, What]
    ) -> MergeFileMetadataPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            said = [item.said() for item in input.items]
            return await documents.put(tx, actor, said, input.mode, is_merged=True)

        return await change(info, MergeFileMetadataPayload, input, work)

    @strawberry.mutation(
        description="Move files from one folder to another. Parts of composites move with them."
    )
    async def move_files(
        self, info: Info, input: Annotated[MoveFilesInput, What]
    ) -> MoveFilesPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            target_id = ids.decode(Kind.FOLDER, input.target_folder_id)
            count = await service.move(
                tx,
                actor,
                keys(input.file_ids),
                source_id=ids.decode(Kind.FOLDER, input.source_folder_id),
                target_id=target_id,
            )
            return {"file_count": count, "folder": target_id.hex}

        return await change(info, MoveFilesPayload, input, work)

    @strawberry.mutation(
        description="Delete files. Refused while composites elsewhere contain one of them."
    )
    async def delete_files(
        self, info: Info, input: Annotated[DeleteFilesInput, What]
    ) -> DeleteFilesPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            deleted = await service.remove(
                tx,
                actor,
                keys(input.file_ids),
                folder_id=ids.decode(Kind.FOLDER, input.folder_id),
                removes_unused_frames=input.remove_unused_frames,
            )
            return {"file_count": deleted.file_count, "frame_count": deleted.frame_count}

        return await change(info, DeleteFilesPayload, input, work)


def keys(file_ids: list[strawberry.ID]) -> list[UUID]:
    """The keys of files. What is no file's id has one that no file has: it fares like an unknown one."""
    return [inputs.key(Kind.FILE, one) or NOWHERE for one in file_ids]
