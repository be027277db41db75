"""Changes of folders."""

from typing import Annotated, Any

import strawberry

from app.accounts.actor import Actor
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from app.files import folders, models, sharing, tags
from schema.context import Info
from schema.files.requests import (
    AttachFolderTagsInput,
    ChangeFolderRoleInput,
    CreateFolderInput,
    DeleteFolderInput,
    DetachFolderTagsInput,
    MoveFolderInput,
    ShareFolderInput,
    UnshareFolderInput,
    UpdateFolderInput,
    cleared,
    people,
)
from schema.files.types import Folder
from schema.inputs import given
from schema.mutations import Payload, change
from schema.scalars import Json

What = strawberry.argument(description="What to do.")
Answer = dict[str, Any]


@strawberry.interface(description="What the answers about one folder have.")
class FolderPayload(Payload):
    """The folder as it is now."""

    @strawberry.field(
        description="The folder; null if it was refused. After REVISION_CONFLICT the stored one."
    )
    async def folder(self, info: Info) -> Folder | None:
        return await Folder.load(info, self.answer.get("folder"))


@strawberry.type(description="Answer to createFolder.")
class CreateFolderPayload(FolderPayload):
    """The new folder."""


@strawberry.type(description="Answer to updateFolder.")
class UpdateFolderPayload(FolderPayload):
    """The changed folder."""


@strawberry.type(description="Answer to moveFolder.")
class MoveFolderPayload(FolderPayload):
    """The moved folder."""


@strawberry.type(description="Answer to attachFolderTags.")
class AttachFolderTagsPayload(FolderPayload):
    """The folder with its tags."""


@strawberry.type(description="Answer to detachFolderTags.")
class DetachFolderTagsPayload(FolderPayload):
    """The folder with its tags."""


@strawberry.type(description="Answer to shareFolder.")
class ShareFolderPayload(FolderPayload):
    """The folder with its grants."""


@strawberry.type(description="Answer to changeFolderRole.")
class ChangeFolderRolePayload(FolderPayload):
    """The folder with its grants."""


@strawberry.type(description="Answer to unshareFolder.")
class UnshareFolderPayload(FolderPayload):
    """The folder with its grants."""


@strawberry.type(description="Answer to deleteFolder.")
class DeleteFolderPayload(Payload):
    """How much went."""

    @strawberry.field(description="Folders that were deleted, this one included; null if refused.")
    def deleted_folder_count(self) -> int | None:
        return self.answer.get("folder_count")

    @strawberry.field(
        description="Files that were deleted, hidden parts of composites included; null if refused."
    )
    def deleted_file_count(self) -> int | None:
        return self.answer.get("file_count")

    @strawberry.field(description="After REVISION_CONFLICT the folder as it is stored; else null.")
    async def folder(self, info: Info) -> Folder | None:
        return await Folder.load(info, self.answer.get("folder"))


@strawberry.type
class FolderMutation:
    """The folders' share of Mutation."""

    @strawberry.mutation(
        description="Make a folder. You become its administrator. At the top this takes a role in the organisation"
        " that may; below another folder, the role ADMIN there."
    )
    async def create_folder(
        self, info: Info, input: Annotated[CreateFolderInput, What]
    ) -> CreateFolderPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            parent = given(input.parent_id)
            folder = await folders.create(
                tx,
                actor,
                name=input.name,
                description=input.description,
                client_metadata=given(input.client_metadata),
                parent_id=None if parent is None else ids.decode(Kind.FOLDER, parent),
            )
            return {"folder": folder.id.hex}

        return await change(info, CreateFolderPayload, input, work)

    @strawberry.mutation(description="Change a folder's name, description or metadata.")
    async def update_folder(
        self, info: Info, input: Annotated[UpdateFolderInput, What]
    ) -> UpdateFolderPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            folder = await folders.update(
                tx,
                actor,
                ids.decode(Kind.FOLDER, input.folder_id),
                name=input.name.value if input.name else None,
                description=cleared(input.description, ""),
                client_metadata=cleared(input.client_metadata, Json({})),
                expected_revision=given(input.expected_revision),
            )
            return {"folder": folder.id.hex}

        return await change(info, UpdateFolderPayload, input, work)

    @strawberry.mutation(
        description="Move a folder and everything below it. Roles that it inherits change with the place."
    )
    async def move_folder(
        self, info: Info, input: Annotated[MoveFolderInput, What]
    ) -> MoveFolderPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            folder = await folders.move(
                tx,
                actor,
                ids.decode(Kind.FOLDER, input.folder_id),
                to=input.target(),
                expected_revision=given(input.expected_revision),
            )
            return {"folder": folder.id.hex}

        return await change(info, MoveFolderPayload, input, work)

    @strawberry.mutation(
        description="Delete a folder with everything below it, files and all. Refused while composites elsewhere"
        " contain some of the files."
    )
    async def delete_folder(
        self, info: Info, input: Annotated[DeleteFolderInput, What]
    ) -> DeleteFolderPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            deleted = await folders.remove(
                tx,
                actor,
                ids.decode(Kind.FOLDER, input.folder_id),
                expected_revision=given(input.expected_revision),
            )
            return {"folder_count": deleted.folder_count, "file_count": deleted.file_count}

        return await change(info, DeleteFolderPayload, input, work)

    @strawberry.mutation(description="Put tags on a folder; those that are there already stay.")
    async def attach_folder_tags(
        self, info: Info, input: Annotated[AttachFolderTagsInput, What]
    ) -> AttachFolderTagsPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            folder_id = ids.decode(Kind.FOLDER, input.folder_id)
            folder = await tags.attach(tx, actor, folder_id, input.tags)
            return {"folder": folder.id.hex}

        return await change(info, AttachFolderTagsPayload, input, work)

    @strawberry.mutation(
        description="Take tags off a folder; those that are not there are passed over."
    )
    async def detach_folder_tags(
        self, info: Info, input: Annotated[DetachFolderTagsInput, What]
    ) -> DetachFolderTagsPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            folder_id = ids.decode(Kind.FOLDER, input.folder_id)
            folder = await tags.detach(tx, actor, folder_id, input.tags)
            return {"folder": folder.id.hex}

        return await change(info, DetachFolderTagsPayload, input, work)

    @strawberry.mutation(
        description="Give people a role on a folder and everything below it. Who has a role there already keeps"
        " it: see changeFolderRole."
    )
    async def share_folder(
        self, info: Info, input: Annotated[ShareFolderInput, What]
    ) -> ShareFolderPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            key = ids.decode(Kind.FOLDER, input.folder_id)
            await sharing.share(tx, actor, models.Folder, key, people(input.to), input.role)
            return {"folder": key.hex}

        return await change(info, ShareFolderPayload, input, work)

    @strawberry.mutation(description="Change roles that were given on a folder.")
    async def change_folder_role(
        self, info: Info, input: Annotated[ChangeFolderRoleInput, What]
    ) -> ChangeFolderRolePayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            key = ids.decode(Kind.FOLDER, input.folder_id)
            await sharing.change_role(tx, actor, models.Folder, key, people(input.of), input.role)
            return {"folder": key.hex}

        return await change(info, ChangeFolderRolePayload, input, work)

    @strawberry.mutation(
        description="Take away roles that were given on this very folder; inherited ones stay."
    )
    async def unshare_folder(
        self, info: Info, input: Annotated[UnshareFolderInput, What]
    ) -> UnshareFolderPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            key = ids.decode(Kind.FOLDER, input.folder_id)
            await sharing.unshare(tx, actor, models.Folder, key, people(input.from_))
            return {"folder": key.hex}

        return await change(info, UnshareFolderPayload, input, work)
