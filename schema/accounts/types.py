"""People and organisations as clients see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry
from strawberry import UNSET

from app.accounts import models, queries
from app.accounts.roles import MemberType, OrganisationRole
from app.core import ids
from app.core.ids import Kind
from app.core.paging import Listing
from schema.accounts.users import User
from schema.context import Info
from schema.inputs import given
from schema.loading import looked_up
from schema.node import Node, Source, Sources
from schema.paging import After, Before, Connection, First, Last, listed, page


@strawberry.type(description="A word of the organisation's own, for folders and projects.")
class Tag(Node):
    """One tag."""

    name: str = strawberry.field(description="Unique in the organisation; case-sensitive.")
    description: str = strawberry.field(description="What it is for; may be empty.")
    created_at: datetime = strawberry.field(description="When it was made.")

    @classmethod
    def of(cls, row: models.Tag) -> Self:
        """The public form of a row."""
        return cls(
            id=strawberry.ID(ids.encode(Kind.TAG, row.id)),
            name=row.name,
            description=row.description,
            created_at=row.created_at,
        )

    @classmethod
    def each(cls, rows: Sequence[models.Tag] | None) -> list[Self]:
        """The public forms of rows."""
        return [cls.of(row) for row in rows or ()]

    @classmethod
    async def load(cls, info: Info, key: str | None) -> Self | None:
        """The tag that a change answered with."""
        row = await info.context.load(queries.tags_by_id, UUID(key)) if key else None
        return cls.of(row) if row else None


@strawberry.type(description="A user's place in your current organisation.")
class Member(Node):
    """One membership."""

    role: OrganisationRole = strawberry.field(description="What the member may do.")
    member_type: MemberType = strawberry.field(description="How the member belongs here.")
    revision: int = strawberry.field(
        description="Counts changes; send it back as expectedRevision."
    )
    created_at: datetime = strawberry.field(description="When the user became a member.")
    updated_at: datetime = strawberry.field(description="When role or type last changed.")
    user_id: strawberry.Private[UUID]

    @strawberry.field(description="Who it is.")
    def user(self, info: Info) -> User:
        return User.of_id(info, self.user_id)

    @classmethod
    def of(cls, row: models.Member) -> Self:
        """The public form of a row."""
        return cls(
            id=strawberry.ID(ids.encode(Kind.MEMBER, row.id)),
            role=row.role,
            member_type=row.member_type,
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
            user_id=row.user_id,
        )

    @classmethod
    async def load(cls, info: Info, key: str | None) -> Self | None:
        """The member that a change answered with."""
        row = await info.context.load(queries.members_by_id, UUID(key)) if key else None
        return cls.of(row) if row else None


@strawberry.type(description="Users who are given access together.")
class Group(Node):
    """One group."""

    name: str = strawberry.field(description="What it is called; need not be unique.")
    description: str = strawberry.field(description="What it is for; may be empty.")
    revision: int = strawberry.field(
        description="Counts changes, also of its users; send it back as expectedRevision."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    row_id: strawberry.Private[UUID]

    @strawberry.field(description="Who is in it, by e-mail; at most 1,000.")
    def users(self, info: Info) -> list[User]:
        return looked_up(info, queries.members_of_groups, self.row_id, User.each)

    @classmethod
    def of(cls, row: models.Group) -> Self:
        """The public form of a row."""
        return cls(
            id=strawberry.ID(ids.encode(Kind.GROUP, row.id)),
            name=row.name,
            description=row.description,
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
            row_id=row.id,
        )

    @classmethod
    async def load(cls, info: Info, key: str | None) -> Self | None:
        """The group that a change answered with."""
        row = await info.context.load(queries.groups_by_id, UUID(key)) if key else None
        return cls.of(row) if row else None


@strawberry.input(description="Which members. What is given must all hold.")
class MemberFilter:
    """A filter of members."""

    email_contains: str | None = strawberry.field(
        default=UNSET, description="Part of the e-mail, whatever its case."
    )
    roles: list[OrganisationRole] | None = strawberry.field(
        default=UNSET, description="Members with one of these roles; an empty list is nobody."
    )


@strawberry.type(description="An organisation that you are a member of; everything belongs to one.")
class Organisation(Node):
    """One organisation. Its lists are shown for the current one only: requests act for one at a time."""

    name: str = strawberry.field(description="What it is called; need not be unique.")
    revision: int = strawberry.field(
        description="Counts changes; send it back as expectedRevision."
    )
    created_at: datetime = strawberry.field(description="When it was founded.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    row_id: strawberry.Private[UUID]

    @strawberry.field(
        description="Whether this request acts for it: its members, groups and tags can be read."
    )
    def is_current(self, info: Info) -> bool:
        return info.context.actor.organisation_id == self.row_id

    @strawberry.field(
        description="Everyone in it, first come first; null unless it is your current organisation."
    )
    async def members(
        self,
        info: Info,
        filter: Annotated[
            MemberFilter | None, strawberry.argument(description="Which members.")
        ] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[Member] | None:
        if not self.is_current(info):
            return None
        email, roles = (
            (given(filter.email_contains), given(filter.roles)) if filter else (None, None)
        )
        statement = queries.members_matching(info.context.actor, email, roles)
        asked = page(first, after, last, before)
        listing = Listing(statement, queries.MEMBERS, [email, roles])
        return await listed(info, listing, asked, Member.of)

    @strawberry.field(
        description="Its groups, by name; null unless it is your current organisation."
    )
    async def groups(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[Group] | None:
        if not self.is_current(info):
            return None
        statement = queries.visible_groups(info.context.actor)
        asked = page(first, after, last, before)
        return await listed(info, Listing(statement, queries.GROUPS), asked, Group.of)

    @strawberry.field(description="Its tags, by name; null unless it is your current organisation.")
    async def tags(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[Tag] | None:
        if not self.is_current(info):
            return None
        statement = queries.visible_tags(info.context.actor)
        asked = page(first, after, last, before)
        return await listed(info, Listing(statement, queries.TAGS), asked, Tag.of)

    @classmethod
    def of(cls, row: models.Organisation) -> Self:
        """The public form of a row."""
        return cls(
            id=strawberry.ID(ids.encode(Kind.ORGANISATION, row.id)),
            name=row.name,
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
            row_id=row.id,
        )

    @classmethod
    async def load(cls, info: Info, key: str | None) -> Self | None:
        """The organisation that a change answered with."""
        row = await info.context.load(queries.organisations_by_id, UUID(key)) if key else None
        return cls.of(row) if row else None


NODES: Sources = {
    Kind.GROUP: Source(queries.groups_by_id, Group.of),
    Kind.MEMBER: Source(queries.members_by_id, Member.of),
    Kind.ORGANISATION: Source(queries.organisations_by_id, Organisation.of),
    Kind.TAG: Source(queries.tags_by_id, Tag.of),
    Kind.USER: Source(queries.users_by_id, User.of),
}
