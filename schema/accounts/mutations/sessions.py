"""Signing in and out, and changes of one's own account."""

import dataclasses
from typing import Annotated

import strawberry
from starlette.datastructures import MutableHeaders
from strawberry import UNSET

from app.accounts import service, sessions
from app.accounts.actor import Actor
from app.accounts.tokens import TokenScope
from app.core.db import Tx
from app.core.errors import Invalid, Refused
from schema.accounts.me import Me
from schema.context import Context, Info
from schema.errors import UserError
from schema.inputs import IdempotencyKey
from schema.mutations import Payload, change


@strawberry.input(description="Who you are.")
class SignInInput:
    """Input of signIn."""

    email: str = strawberry.field(description="Your e-mail.")
    password: str = strawberry.field(description="Your password.")


@strawberry.type(description="Answer to signIn.")
class SignInPayload(Payload):
    """Who has signed in."""

    @strawberry.field(description="You; null if it was refused.")
    async def me(self, info: Info) -> Me | None:
        return await Me.load(info) if info.context.credentials and not self.user_errors else None


@strawberry.input(description="Which sessions to end.")
class SignOutInput:
    """Input of signOut."""

    everywhere: bool = strawberry.field(
        default=False, description="End your sessions in all other browsers, too."
    )


@strawberry.type(description="Answer to signOut.")
class SignOutPayload(Payload):
    """Nothing more to say."""


@strawberry.input(description="A change of your own account. What is left out stays as it is.")
class UpdateMeInput:
    """Input of updateMe."""

    name: strawberry.Maybe[str] = strawberry.field(
        description="The name that others see, up to 255 characters; may be empty."
    )
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to updateMe.")
class UpdateMePayload(Payload):
    """The account as it is now."""

    @strawberry.field(description="You, as you are now; null if it was refused.")
    async def me(self, info: Info) -> Me | None:
        return None if self.user_errors else await Me.load(info)


@strawberry.input(description="A new password.")
class ChangePasswordInput:
    """Input of changePassword."""

    current_password: str = strawberry.field(description="The one that is good until now.")
    password: str = strawberry.field(
        description="The new one, 10 characters to 1,024 bytes of UTF-8."
    )
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to changePassword.")
class ChangePasswordPayload(Payload):
    """Nothing more to say."""


@strawberry.type
class SessionMutation:
    """Mutations of the caller's own session and account."""

    @strawberry.mutation(
        description="Sign a browser in: the answer sets the session cookie. 10 attempts for an e-mail, and 60"
        " from an address, in 5 minutes; then RATE_LIMITED. Not over WebSocket."
    )
    async def sign_in(
        self,
        info: Info,
        input: Annotated[SignInInput, strawberry.argument(description="Who you are.")],
    ) -> SignInPayload | None:
        context = info.context
        try:
            headers = _headers(context)
            signed_in = await context.sessions.sign_in(
                input.email, input.password, _address(context)
            )
        except Refused as refused:
            return SignInPayload(answer={}, user_errors=[UserError.of(refused)], replayed=False)
        headers.append("Set-Cookie", signed_in.cookie)
        context.credentials = signed_in.actor
        return SignInPayload(answer={}, user_errors=[], replayed=False)

    @strawberry.mutation(
        description="Sign this browser out: its session ends and the answer clears the cookie. Done also if"
        " nobody is signed in. Tokens and keys are not touched. Not over WebSocket."
    )
    async def sign_out(
        self,
        info: Info,
        input: Annotated[SignOutInput, strawberry.argument(description="From where.")],
    ) -> SignOutPayload | None:
        context = info.context
        if context.credentials is not None:
            async with context.transaction() as tx:
                await sessions.end(tx, context.actor, is_everywhere=input.everywhere)
        _headers(context).append("Set-Cookie", context.sessions.clearing_cookie)
        context.credentials = None
        return SignOutPayload(answer={}, user_errors=[], replayed=False)

    @strawberry.mutation(description="Change your own account.")
    async def update_me(
        self,
        info: Info,
        input: Annotated[UpdateMeInput, strawberry.argument(description="The change.")],
    ) -> UpdateMePayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            if input.name:
                await service.rename_me(tx, actor, input.name.value)
            return {}

        return await change(info, UpdateMePayload, input, work, TokenScope.ADMIN)

    @strawberry.mutation(
        description="Change your password. Your other sessions end, tokens and keys stay. The idempotency key"
        " remembers that it was done, but no password."
    )
    async def change_password(
        self,
        info: Info,
        input: Annotated[ChangePasswordInput, strawberry.argument(description="Old and new.")],
    ) -> ChangePasswordPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            await info.context.sessions.change_password(
                tx, actor, current=input.current_password, password=input.password
            )
            return {}

        # a quick digest of a password must not lie in a table
        told = dataclasses.replace(input, current_password="", password="")
        return await change(info, ChangePasswordPayload, told, work, TokenScope.ADMIN)


def _address(context: Context) -> str:
    client = context.request.client if context.request else None
    return client.host if client else ""


def _headers(context: Context) -> MutableHeaders:
    if context.response is None:
        raise Invalid("Cookies are set over HTTP; a WebSocket cannot.")
    return context.response.headers
