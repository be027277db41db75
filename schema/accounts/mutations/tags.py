"""Changes of tags."""

from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import UNSET

from app.accounts import service
from app.accounts.actor import Actor
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from schema.accounts.types import Tag
from schema.context import Info
from schema.inputs import IdempotencyKey
from schema.mutations import Payload, change


@strawberry.input(description="A tag to make.")
class CreateTagInput:
    """Input of createTag."""

    name: str = strawberry.field(description="1 to 255 characters, unique in the organisation.")
    description: str = strawberry.field(
        default="", description="What it is for, up to 4,096 characters."
    )
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to createTag.")
class CreateTagPayload(Payload):
    """The new tag, or the one in the way."""

    @strawberry.field(
        description="The new tag; with ALREADY_EXISTS the one of this name; else null."
    )
    async def tag(self, info: Info) -> Tag | None:
        return await Tag.load(info, self.answer.get("tag"))


@strawberry.input(description="A tag to delete.")
class DeleteTagInput:
    """Input of deleteTag."""

    tag_id: strawberry.ID = strawberry.field(description="The tag.")
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to deleteTag.")
class DeleteTagPayload(Payload):
    """What is gone."""

    @strawberry.field(description="The id of the tag that is gone; null if it was refused.")
    def deleted_tag_id(self) -> strawberry.ID | None:
        key = self.answer.get("tag")
        return strawberry.ID(ids.encode(Kind.TAG, UUID(key))) if key else None


@strawberry.type
class TagMutation:
    """Mutations of tags."""

    @strawberry.mutation(description="Make a tag of the organisation's own.")
    async def create_tag(
        self,
        info: Info,
        input: Annotated[CreateTagInput, strawberry.argument(description="The tag.")],
    ) -> CreateTagPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            tag = await service.create_tag(
                tx, actor, name=input.name, description=input.description
            )
            return {"tag": tag.id.hex}

        return await change(info, CreateTagPayload, input, work)

    @strawberry.mutation(description="Delete a tag, and take it off everything that it marks.")
    async def delete_tag(
        self,
        info: Info,
        input: Annotated[DeleteTagInput, strawberry.argument(description="Which tag.")],
    ) -> DeleteTagPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            tag_id = ids.decode(Kind.TAG, input.tag_id)
            await service.delete_tag(tx, actor, tag_id)
            return {"tag": tag_id.hex}

        return await change(info, DeleteTagPayload, input, work)
