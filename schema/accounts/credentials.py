"""API tokens and public keys as clients see them."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from app.accounts import models, queries
from app.accounts.tokens import TokenScope
from app.core import ids
from app.core.ids import Kind
from schema.accounts.users import User
from schema.context import Info
from schema.node import Node, Source, Sources


@strawberry.type(
    description="A secret with which a program speaks for a user in one organisation:"
    " `Authorization: Bearer lg_…`. Its text is shown once, when it is made."
)
class ApiToken(Node):
    """One token, without its text."""

    name: str = strawberry.field(description="What its owner calls it.")
    scopes: list[TokenScope] = strawberry.field(description="What it may be used for.")
    expires_at: datetime | None = strawberry.field(description="When it ends; null: never.")
    last_used_at: datetime | None = strawberry.field(
        description="When it was last used, to the minute; null: never."
    )
    revoked_at: datetime | None = strawberry.field(
        description="When it was revoked; null: it was not."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    user_id: strawberry.Private[UUID]

    @strawberry.field(description="For whom it speaks.")
    def user(self, info: Info) -> User:
        return User.of_id(info, self.user_id)

    @classmethod
    def of(cls, row: models.ApiToken) -> Self:
        """The public form of a row."""
        return cls(
            id=strawberry.ID(ids.encode(Kind.API_TOKEN, row.id)),
            name=row.name,
            scopes=[TokenScope(scope) for scope in row.scopes],
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            revoked_at=row.revoked_at,
            created_at=row.created_at,
            user_id=row.user_id,
        )

    @classmethod
    async def load(cls, info: Info, key: str | None) -> Self | None:
        """The token that a change answered with."""
        row = await info.context.load(queries.tokens_by_id, UUID(key)) if key else None
        return cls.of(row) if row else None


@strawberry.type(description="An Ed25519 key of yours, with which a program signs its requests.")
class PublicKey(Node):
    """One key."""

    title: str = strawberry.field(description="What you call it.")
    key_id: str = strawberry.field(
        description="The raw 32 bytes in lower-case hex: the `keyid` of the requests that it signs."
    )
    created_at: datetime = strawberry.field(description="When it was registered.")

    @classmethod
    def of(cls, row: models.PublicKey) -> Self:
        """The public form of a row."""
        return cls(
            id=strawberry.ID(ids.encode(Kind.PUBLIC_KEY, row.id)),
            title=row.title,
            key_id=row.key_id,
            created_at=row.created_at,
        )

    @classmethod
    async def load(cls, info: Info, key: str | None) -> Self | None:
        """The key that a change answered with."""
        row = await info.context.load(queries.keys_by_id, UUID(key)) if key else None
        return cls.of(row) if row else None


NODES: Sources = {
    Kind.API_TOKEN: Source(queries.tokens_by_id, ApiToken.of),
    Kind.PUBLIC_KEY: Source(queries.keys_by_id, PublicKey.of),
}
