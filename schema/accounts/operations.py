"""What can be asked about people and organisations."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from app.accounts import queries
from app.accounts.tokens import TokenScope
from app.core import ids
from app.core.ids import Kind
from app.core.paging import Listing
from schema.accounts.credentials import ApiToken, PublicKey
from schema.accounts.me import Me
from schema.accounts.types import Organisation
from schema.context import Info
from schema.inputs import given
from schema.paging import After, Before, Connection, First, Last, listed, page


@strawberry.input(
    description="Whose API tokens. An administrator sees all; others their own alone."
)
class ApiTokenFilter:
    """A filter of tokens."""

    user_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Tokens of this user."
    )
    everyone: bool = strawberry.field(
        default=False, description="Tokens of all members, instead of your own."
    )


@strawberry.type
class AccountQuery:
    """The accounts' share of Query."""

    @strawberry.field(description="The user whose credentials this request carries.")
    async def me(self, info: Info) -> Me | None:
        return await Me.load(info)

    @strawberry.field(description="The organisation that this request acts for.")
    async def organisation(self, info: Info) -> Organisation | None:
        info.context.actor.must_have(TokenScope.READ)
        return await Organisation.load(info, info.context.actor.organisation_id.hex)

    @strawberry.field(description="The organisations that you are a member of, by name.")
    async def organisations(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[Organisation] | None:
        statement = queries.visible_organisations(info.context.actor)
        asked = page(first, after, last, before)
        return await listed(info, Listing(statement, queries.ORGANISATIONS), asked, Organisation.of)

    @strawberry.field(
        description="API tokens of the current organisation that were not revoked, newest first; your own"
        " unless the filter says otherwise."
    )
    async def api_tokens(
        self,
        info: Info,
        filter: Annotated[
            ApiTokenFilter | None, strawberry.argument(description="Whose tokens.")
        ] = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[ApiToken] | None:
        named = given(filter.user_id) if filter else None
        user_id = ids.decode(Kind.USER, named) if named else None
        is_everyone = bool(filter and filter.everyone)
        statement = queries.tokens_matching(info.context.actor, user_id, is_everyone=is_everyone)
        asked = page(first, after, last, before)
        listing = Listing(statement, queries.TOKENS, [user_id, is_everyone])
        return await listed(info, listing, asked, ApiToken.of)

    @strawberry.field(description="Your public keys, oldest first; at most 50.")
    async def public_keys(self, info: Info) -> list[PublicKey] | None:
        async with info.context.read() as session:
            rows = await queries.own_keys(session, info.context.actor)
        return [PublicKey.of(row) for row in rows]
