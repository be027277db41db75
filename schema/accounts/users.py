"""A user as clients see one."""

from collections.abc import Sequence
from typing import Self
from uuid import UUID

import strawberry

from app.accounts import models, queries
from app.core import ids
from app.core.ids import Kind
from schema.context import Info
from schema.loading import looked_up
from schema.node import Node


@strawberry.type(description="A person, or a program that acts for one.")
class User(Node):
    """One account."""

    email: str = strawberry.field(description="What the user is known by, in lower case.")
    name: str = strawberry.field(description="The name to show; may be empty.")

    @classmethod
    def of(cls, row: models.User) -> Self:
        """The public form of a row."""
        return cls(id=strawberry.ID(ids.encode(Kind.USER, row.id)), email=row.email, name=row.name)

    @classmethod
    def each(cls, rows: Sequence[models.User] | None) -> list[Self]:
        """The public forms of rows."""
        return [cls.of(row) for row in rows or ()]

    @classmethod
    def of_id(cls, info: Info, user_id: UUID) -> "User":
        """The user of something that was found already, and so is a colleague."""

        def of(row: models.User | None) -> "User":
            if row is None:  # removed from the organisation between two reads of one request
                return cls(id=strawberry.ID(ids.encode(Kind.USER, user_id)), email="", name="")
            return cls.of(row)

        return looked_up(info, queries.users_by_id, user_id, of)
