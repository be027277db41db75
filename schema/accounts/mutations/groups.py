"""Changes of groups."""

from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import UNSET

from app.accounts import groups
from app.accounts.actor import Actor
from app.accounts.tokens import TokenScope
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from schema.accounts.types import Group
from schema.context import Info
from schema.inputs import ExpectedRevision, IdempotencyKey, given
from schema.mutations import Payload, change


@strawberry.input(description="A group to make.")
class CreateGroupInput:
    """Input of createGroup."""

    name: str = strawberry.field(description="1 to 255 characters; need not be unique.")
    description: str = strawberry.field(
        default="", description="What it is for, up to 4,096 characters."
    )
    idempotency_key: IdempotencyKey = UNSET


@strawberry.input(description="A change of a group. What is left out stays as it is.")
class UpdateGroupInput:
    """Input of updateGroup."""

    group_id: strawberry.ID = strawberry.field(description="The group.")
    name: strawberry.Maybe[str] = strawberry.field(description="1 to 255 characters.")
    description: strawberry.Maybe[str] = strawberry.field(description="Up to 4,096 characters.")
    expected_revision: ExpectedRevision = UNSET
    idempotency_key: IdempotencyKey = UNSET


@strawberry.input(description="A group to delete.")
class DeleteGroupInput:
    """Input of deleteGroup."""

    group_id: strawberry.ID = strawberry.field(description="The group.")
    expected_revision: ExpectedRevision = UNSET
    idempotency_key: IdempotencyKey = UNSET


@strawberry.input(description="Users to put into a group.")
class AddGroupMembersInput:
    """Input of addGroupMembers."""

    group_id: strawberry.ID = strawberry.field(description="The group.")
    emails: list[str] = strawberry.field(
        description="Members of your organisation, at most 1,000. Others, and who is in it, are passed over."
    )
    idempotency_key: IdempotencyKey = UNSET


@strawberry.input(description="Users to take out of a group.")
class RemoveGroupMembersInput:
    """Input of removeGroupMembers."""

    group_id: strawberry.ID = strawberry.field(description="The group.")
    emails: list[str] = strawberry.field(
        description="At most 1,000. Who is not in the group is passed over."
    )
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to createGroup.")
class CreateGroupPayload(Payload):
    """The new group."""

    @strawberry.field(description="The new group; null if it was refused.")
    async def group(self, info: Info) -> Group | None:
        return await Group.load(info, self.answer.get("group"))


@strawberry.type(description="Answer to updateGroup.")
class UpdateGroupPayload(Payload):
    """The group as it is now."""

    @strawberry.field(description="The group; with REVISION_CONFLICT as it is stored; else null.")
    async def group(self, info: Info) -> Group | None:
        return await Group.load(info, self.answer.get("group"))


@strawberry.type(description="Answer to deleteGroup.")
class DeleteGroupPayload(Payload):
    """What is gone."""

    @strawberry.field(description="The id of the group that is gone; null if it was refused.")
    def deleted_group_id(self) -> strawberry.ID | None:
        key = self.answer.get("deleted")
        return strawberry.ID(ids.encode(Kind.GROUP, UUID(key))) if key else None

    @strawberry.field(description="With REVISION_CONFLICT the group as it is stored; else null.")
    async def group(self, info: Info) -> Group | None:
        return await Group.load(info, self.answer.get("group"))


@strawberry.type(description="Answer to addGroupMembers.")
class AddGroupMembersPayload(Payload):
    """The group with its users."""

    @strawberry.field(description="The group as it is now; null if it was refused.")
    async def group(self, info: Info) -> Group | None:
        return await Group.load(info, self.answer.get("group"))


@strawberry.type(description="Answer to removeGroupMembers.")
class RemoveGroupMembersPayload(Payload):
    """The group with its users."""

    @strawberry.field(description="The group as it is now; null if it was refused.")
    async def group(self, info: Info) -> Group | None:
        return await Group.load(info, self.answer.get("group"))


@strawberry.type
class GroupMutation:
    """Mutations of groups."""

    @strawberry.mutation(description="Make an empty group.")
    async def create_group(
        self,
        info: Info,
        input: Annotated[CreateGroupInput, strawberry.argument(description="The group.")],
    ) -> CreateGroupPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            group = await groups.create_group(
                tx, actor, name=input.name, description=input.description
            )
            return {"group": group.id.hex}

        return await change(info, CreateGroupPayload, input, work, TokenScope.ADMIN)

    @strawberry.mutation(description="Change a group's name or description.")
    async def update_group(
        self,
        info: Info,
        input: Annotated[UpdateGroupInput, strawberry.argument(description="The change.")],
    ) -> UpdateGroupPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            group = await groups.update_group(
                tx,
                actor,
                ids.decode(Kind.GROUP, input.group_id),
                name=input.name.value if input.name else None,
                description=input.description.value if input.description else None,
                expected_revision=given(input.expected_revision),
            )
            return {"group": group.id.hex}

        return await change(info, UpdateGroupPayload, input, work, TokenScope.ADMIN)

    @strawberry.mutation(description="Delete a group, and with it all access that it gave.")
    async def delete_group(
        self,
        info: Info,
        input: Annotated[DeleteGroupInput, strawberry.argument(description="Which group.")],
    ) -> DeleteGroupPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            group_id = ids.decode(Kind.GROUP, input.group_id)
            expected = given(input.expected_revision)
            await groups.delete_group(tx, actor, group_id, expected_revision=expected)
            return {"deleted": group_id.hex}

        return await change(info, DeleteGroupPayload, input, work, TokenScope.ADMIN)

    @strawberry.mutation(description="Put members of your organisation into a group.")
    async def add_group_members(
        self,
        info: Info,
        input: Annotated[AddGroupMembersInput, strawberry.argument(description="Who, where.")],
    ) -> AddGroupMembersPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            group_id = ids.decode(Kind.GROUP, input.group_id)
            group = await groups.add_users(tx, actor, group_id, input.emails)
            return {"group": group.id.hex}

        return await change(info, AddGroupMembersPayload, input, work, TokenScope.ADMIN)

    @strawberry.mutation(description="Take users out of a group, and from what it gave them.")
    async def remove_group_members(
        self,
        info: Info,
        input: Annotated[RemoveGroupMembersInput, strawberry.argument(description="Who, where.")],
    ) -> RemoveGroupMembersPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            group_id = ids.decode(Kind.GROUP, input.group_id)
            group = await groups.remove_users(tx, actor, group_id, input.emails)
            return {"group": group.id.hex}

        return await change(info, RemoveGroupMembersPayload, input, work, TokenScope.ADMIN)
