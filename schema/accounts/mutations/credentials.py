"""Changes of API tokens and public keys."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import UNSET

from app.accounts import credentials
from app.accounts.actor import Actor
from app.accounts.tokens import TokenScope
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from schema.accounts.credentials import ApiToken, PublicKey
from schema.context import Info
from schema.inputs import IdempotencyKey, given
from schema.mutations import Payload, change


@strawberry.input(description="An API token to make, for yourself in your current organisation.")
class CreateApiTokenInput:
    """Input of createApiToken."""

    name: str = strawberry.field(description="What it is for, 1 to 255 characters.")
    scopes: list[TokenScope] = strawberry.field(
        description="What it may be used for; at least one."
    )
    expires_at: datetime | None = strawberry.field(
        default=UNSET,
        description="When it ends, 366 days from now at most; left out: 90 days from now.",
    )
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to createApiToken.")
class CreateApiTokenPayload(Payload):
    """The new token, with its text this once."""

    text: str | None = strawberry.field(
        default=None,
        description="The token itself; keep it, for it is shown this once and not stored. Null if it was refused,"
        " and also when an idempotency key is replayed: then revoke the token and make another.",
    )

    @strawberry.field(description="The new token; null if it was refused.")
    async def api_token(self, info: Info) -> ApiToken | None:
        return await ApiToken.load(info, self.answer.get("token"))


@strawberry.input(description="An API token to end.")
class RevokeApiTokenInput:
    """Input of revokeApiToken."""

    api_token_id: strawberry.ID = strawberry.field(
        description="One of yours; as an administrator, a member's."
    )
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to revokeApiToken.")
class RevokeApiTokenPayload(Payload):
    """The token that is good no more."""

    @strawberry.field(description="The token with its revokedAt; null if it was refused.")
    async def api_token(self, info: Info) -> ApiToken | None:
        return await ApiToken.load(info, self.answer.get("token"))


@strawberry.input(description="A key of yours to register.")
class AddPublicKeyInput:
    """Input of addPublicKey."""

    title: str = strawberry.field(description="What you call it, 1 to 255 characters.")
    public_key: str = strawberry.field(
        description="An Ed25519 key: the line of an OpenSSH .pub file, or 64 hex digits."
    )
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to addPublicKey.")
class AddPublicKeyPayload(Payload):
    """The key."""

    @strawberry.field(
        description="The new key; with ALREADY_EXISTS the same key, if it is yours; else null."
    )
    async def public_key(self, info: Info) -> PublicKey | None:
        return await PublicKey.load(info, self.answer.get("public_key"))


@strawberry.input(description="A key of yours that shall not be believed any more.")
class RemovePublicKeyInput:
    """Input of removePublicKey."""

    public_key_id: strawberry.ID = strawberry.field(description="The key.")
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to removePublicKey.")
class RemovePublicKeyPayload(Payload):
    """What is gone."""

    @strawberry.field(description="The id of the key that is gone; null if it was refused.")
    def removed_public_key_id(self) -> strawberry.ID | None:
        key = self.answer.get("public_key")
        return strawberry.ID(ids.encode(Kind.PUBLIC_KEY, UUID(key))) if key else None


@strawberry.type
class CredentialMutation:
    """Mutations of tokens and keys."""

    @strawberry.mutation(description="Make an API token.")
    async def create_api_token(
        self,
        info: Info,
        input: Annotated[CreateApiTokenInput, strawberry.argument(description="The token.")],
    ) -> CreateApiTokenPayload | None:
        texts: dict[str, str] = {}

        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            token, text = await credentials.create_token(
                tx,
                actor.organisation_id,
                actor.user_id,
                name=input.name,
                scopes=input.scopes,
                expires_at=given(input.expires_at),
                pepper=info.context.runtime.secret,
            )
            texts[token.id.hex] = text
            return {"token": token.id.hex}

        payload = await change(info, CreateApiTokenPayload, input, work, TokenScope.ADMIN)
        payload.text = texts.get(payload.answer.get("token", ""))
        return payload

    @strawberry.mutation(description="End an API token at once. Once revoked, it stays revoked.")
    async def revoke_api_token(
        self,
        info: Info,
        input: Annotated[RevokeApiTokenInput, strawberry.argument(description="Which token.")],
    ) -> RevokeApiTokenPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            token_id = ids.decode(Kind.API_TOKEN, input.api_token_id)
            await credentials.revoke_token(tx, actor, token_id)
            return {"token": token_id.hex}

        return await change(info, RevokeApiTokenPayload, input, work, TokenScope.ADMIN)

    @strawberry.mutation(
        description="Register a public key of yours. Signed requests act for your current organisation."
    )
    async def add_public_key(
        self,
        info: Info,
        input: Annotated[AddPublicKeyInput, strawberry.argument(description="The key.")],
    ) -> AddPublicKeyPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            key = await credentials.add_key(
                tx, actor, title=input.title, public_key=input.public_key
            )
            return {"public_key": key.id.hex}

        return await change(info, AddPublicKeyPayload, input, work, TokenScope.ADMIN)

    @strawberry.mutation(
        description="Believe a key of yours no more. It cannot be registered again: who had it may have it still."
    )
    async def remove_public_key(
        self,
        info: Info,
        input: Annotated[RemovePublicKeyInput, strawberry.argument(description="Which key.")],
    ) -> RemovePublicKeyPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            key_id = ids.decode(Kind.PUBLIC_KEY, input.public_key_id)
            await credentials.remove_key(tx, actor, key_id)
            return {"public_key": key_id.hex}

        return await change(info, RemovePublicKeyPayload, input, work, TokenScope.ADMIN)
