"""The caller, as the credentials of the request say."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry
from strawberry import UNSET

from app.accounts import models, queries
from app.accounts.actor import Actor
from app.accounts.roles import MemberType, OrganisationRole
from app.accounts.tokens import TokenScope
from app.core import ids
from app.core.ids import Kind
from app.core.paging import Listing
from schema.accounts.types import Organisation
from schema.context import Info
from schema.loading import related
from schema.paging import After, Before, Connection, First, Last, listed, page


@strawberry.type(description="What you are in one of your organisations.")
class Membership:
    """A member row of the caller's own, in whatever organisation."""

    role: OrganisationRole = strawberry.field(description="What you may do there.")
    member_type: MemberType = strawberry.field(description="How you belong there.")
    created_at: datetime = strawberry.field(description="When you became a member.")
    organisation_id: strawberry.Private[UUID]

    @strawberry.field(description="Where; null if you were removed while this was read.")
    def organisation(self, info: Info) -> Organisation | None:
        key = self.organisation_id
        return related(info, queries.organisations_by_id, key, Organisation.of)

    @classmethod
    def of(cls, row: models.Member) -> Self:
        """The public form of a row."""
        return cls(
            role=row.role,
            member_type=row.member_type,
            created_at=row.created_at,
            organisation_id=row.organisation_id,
        )


@strawberry.type(description="You: the user whose credentials this request carries.")
class Me:
    """The caller's account, place and credentials."""

    id: strawberry.ID = strawberry.field(description="The id of your user.")
    email: str = strawberry.field(description="What you are known by, in lower case.")
    name: str = strawberry.field(description="The name that others see; may be empty.")
    role: OrganisationRole = strawberry.field(
        description="What you may do in the current organisation."
    )
    scopes: list[TokenScope] = strawberry.field(
        description="What the credentials of this request may be used for, everything included."
    )
    expires_at: datetime | None = strawberry.field(
        description="When these credentials end; null: not by themselves."
    )

    @strawberry.field(
        description="The organisation that this request acts for: a token's own, or else your current one."
    )
    async def organisation(self, info: Info) -> Organisation | None:
        return await Organisation.load(info, info.context.actor.organisation_id.hex)

    @strawberry.field(description="What you are in each of your organisations, first come first.")
    async def memberships(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[Membership]:
        statement = queries.own_memberships(info.context.actor)
        asked = page(first, after, last, before)
        return await listed(info, Listing(statement, queries.MEMBERSHIPS), asked, Membership.of)

    @classmethod
    def of(cls, row: models.User, actor: Actor) -> Self:
        """The public form of the actor and their row."""
        return cls(
            id=strawberry.ID(ids.encode(Kind.USER, row.id)),
            email=row.email,
            name=row.name,
            role=actor.role,
            scopes=sorted(actor.scopes),
            expires_at=actor.expires_at,
        )

    @classmethod
    async def load(cls, info: Info) -> Self | None:
        """Whoever asks."""
        actor = info.context.actor
        row = await info.context.load(queries.users_by_id, actor.user_id)
        return cls.of(row, actor) if row else None
