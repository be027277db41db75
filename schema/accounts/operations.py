"""What can be asked and changed about people and organisations."""

import strawberry

from app.accounts import queries
from schema.accounts.types import User
from schema.context import Info


@strawberry.type
class AccountQuery:
    """The accounts' share of Query."""

    @strawberry.field(description="The user whose credentials this request carries.")
    async def me(self, info: Info) -> User | None:
        actor = info.context.actor
        row = await info.context.load(queries.users_by_id, actor.user_id)
        return User.of(row) if row else None
