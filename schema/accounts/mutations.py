"""Changes of people and organisations."""

from typing import Annotated

import strawberry

from app.accounts import service
from app.accounts.actor import Actor
from app.accounts.tokens import TokenScope
from app.core.db import Tx
from schema.accounts.types import Tag
from schema.context import Info
from schema.inputs import IdempotencyKey
from schema.mutations import Payload, change


@strawberry.input(description="A tag to make.")
class CreateTagInput:
    """Input of createTag."""

    name: str = strawberry.field(description="1 to 255 characters, unique in the organisation.")
    description: str = strawberry.field(default="", description="What it is for.")
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.type(description="Answer to createTag.")
class CreateTagPayload(Payload):
    """The new tag, or why there is none."""

    @strawberry.field(description="The new tag; null if it was refused.")
    async def tag(self, info: Info) -> Tag | None:
        return await Tag.load(info, self.answer.get("tag"))


@strawberry.type
class AccountMutation:
    """The accounts' share of Mutation."""

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

        return await change(info, CreateTagPayload, input, work, TokenScope.WRITE)
