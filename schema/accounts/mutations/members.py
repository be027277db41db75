"""Changes of who belongs to an organisation."""

from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import UNSET

from app.accounts import members
from app.accounts.actor import Actor
from app.accounts.members import Which
from app.accounts.roles import MemberType, OrganisationRole
from app.accounts.tokens import TokenScope
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from schema.accounts.types import Member
from schema.context import Info
from schema.inputs import ExpectedRevision, IdempotencyKey, given
from schema.mutations import Payload, change


@strawberry.input(description="Names a member of your organisation.", one_of=True)
class MemberReference:
    """By the membership or by the user."""

    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="The member's id.")
    email: strawberry.Maybe[str] = strawberry.field(description="The user's e-mail.")

    def which(self) -> Which:
        """The same for the service. Raises NotFound for what is no member's id."""
        return Which(
            id=ids.decode(Kind.MEMBER, self.id.value) if self.id else None,
            email=self.email.value if self.email else None,
        )


@strawberry.input(description="Somebody to make a member.")
class AddMemberInput:
    """Input of addMember."""

    email: str = strawberry.field(
        description="Whom; an e-mail that is not known here creates the account. No mail is sent."
    )
    role: OrganisationRole = strawberry.field(
        default=OrganisationRole.MEMBER, description="What they may do."
    )
    member_type: MemberType = strawberry.field(
        default=MemberType.INTERNAL, description="How they belong; EXTERNAL cannot be ADMIN."
    )
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to addMember.")
class AddMemberPayload(Payload):
    """The new member, or the one who is there already."""

    @strawberry.field(
        description="The new member; with ALREADY_EXISTS the one of this e-mail, unchanged; else null."
    )
    async def member(self, info: Info) -> Member | None:
        return await Member.load(info, self.answer.get("member"))


@strawberry.input(description="A change of what a member is. What is left out stays as it is.")
class UpdateMemberInput:
    """Input of updateMember."""

    member: MemberReference = strawberry.field(description="Whom.")
    role: strawberry.Maybe[OrganisationRole] = strawberry.field(description="What they may do.")
    member_type: strawberry.Maybe[MemberType] = strawberry.field(
        description="How they belong; EXTERNAL cannot be ADMIN."
    )
    expected_revision: ExpectedRevision = UNSET
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to updateMember.")
class UpdateMemberPayload(Payload):
    """The member as they are now."""

    @strawberry.field(description="The member; with REVISION_CONFLICT as stored; else null.")
    async def member(self, info: Info) -> Member | None:
        return await Member.load(info, self.answer.get("member"))


@strawberry.input(description="Somebody who shall not be a member any more.")
class RemoveMemberInput:
    """Input of removeMember."""

    member: MemberReference = strawberry.field(description="Whom.")
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to removeMember.")
class RemoveMemberPayload(Payload):
    """Who is gone."""

    @strawberry.field(description="The id of the membership that is gone; null if it was refused.")
    def removed_member_id(self) -> strawberry.ID | None:
        key = self.answer.get("member")
        return strawberry.ID(ids.encode(Kind.MEMBER, UUID(key))) if key else None


@strawberry.type
class MemberMutation:
    """Mutations of members."""

    @strawberry.mutation(description="Make somebody a member of your organisation, at once.")
    async def add_member(
        self,
        info: Info,
        input: Annotated[AddMemberInput, strawberry.argument(description="Who, and as what.")],
    ) -> AddMemberPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            member = await members.add_member(
                tx, actor, email=input.email, role=input.role, member_type=input.member_type
            )
            return {"member": member.id.hex}

        return await change(info, AddMemberPayload, input, work, TokenScope.ADMIN)

    @strawberry.mutation(
        description="Change what a member may do or how they belong. The only administrator stays one."
    )
    async def update_member(
        self,
        info: Info,
        input: Annotated[UpdateMemberInput, strawberry.argument(description="The change.")],
    ) -> UpdateMemberPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            member = await members.update_member(
                tx,
                actor,
                input.member.which(),
                role=input.role.value if input.role else None,
                member_type=input.member_type.value if input.member_type else None,
                expected_revision=given(input.expected_revision),
            )
            return {"member": member.id.hex}

        return await change(info, UpdateMemberPayload, input, work, TokenScope.ADMIN)

    @strawberry.mutation(
        description="End a membership at once, with its places in groups, roles on things, API tokens and"
        " signed-in browsers of this organisation. The account stays. The only administrator cannot be removed."
    )
    async def remove_member(
        self,
        info: Info,
        input: Annotated[RemoveMemberInput, strawberry.argument(description="Whom.")],
    ) -> RemoveMemberPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            removed = await members.remove_member(tx, actor, input.member.which())
            return {"member": removed.hex}

        return await change(info, RemoveMemberPayload, input, work, TokenScope.ADMIN)
