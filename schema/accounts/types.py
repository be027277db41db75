"""People and organisations as clients see them."""

from typing import Self
from uuid import UUID

import strawberry

from app.accounts import models, queries
from app.core import ids
from app.core.ids import Kind
from schema.context import Info
from schema.node import Node, Source, Sources


@strawberry.type(description="A person, or a program that acts for one.")
class User(Node):
    """One account."""

    email: str = strawberry.field(description="What the user is known by, in lower case.")
    name: str = strawberry.field(description="The name to show; may be empty.")

    @classmethod
    def of(cls, row: models.User) -> Self:
        """The public form of a row."""
        return cls(id=strawberry.ID(ids.encode(Kind.USER, row.id)), email=row.email, name=row.name)


@strawberry.type(description="A word of the organisation's own, for folders and projects.")
class Tag(Node):
    """One tag."""

    name: str = strawberry.field(description="Unique in the organisation; case-sensitive.")
    description: str = strawberry.field(description="What it is for; may be empty.")

    @classmethod
    def of(cls, row: models.Tag) -> Self:
        """The public form of a row."""
        return cls(
            id=strawberry.ID(ids.encode(Kind.TAG, row.id)),
            name=row.name,
            description=row.description,
        )

    @classmethod
    async def load(cls, info: Info, key: str | None) -> Self | None:
        """The tag that a change answered with."""
        row = await info.context.load(queries.tags_by_id, UUID(key)) if key else None
        return cls.of(row) if row else None


NODES: Sources = {
    Kind.TAG: Source(queries.tags_by_id, Tag.of),
    Kind.USER: Source(queries.users_by_id, User.of),
}
