"""API tokens and public keys: what programs prove with that they speak for a user."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, func, select

from app.accounts import members, queries, signatures, tokens
from app.accounts.actor import Actor
from app.accounts.models import ApiToken, PublicKey
from app.accounts.tokens import TokenScope
from app.core import clock, ids, texts
from app.core.db import Tx
from app.core.errors import AlreadyExists, Invalid, NotFound, TooLarge
from app.core.ids import Kind

MOST_KEYS = 50
"""Of one user."""


async def create_token(
    tx: Tx,
    organisation_id: UUID,
    user_id: UUID,
    *,
    name: str,
    scopes: Collection[TokenScope],
    expires_at: datetime | None,
    pepper: bytes,
) -> tuple[ApiToken, str]:
    """A new API token and its text, which is shown once and never stored."""
    if not scopes:
        raise Invalid("A token needs at least one scope.", field=("scopes",))
    token_id = clock.new_id()
    minted = tokens.mint(token_id, clock.random_bytes(tokens.SECRET_BYTES), pepper=pepper)
    token = ApiToken(
        id=token_id,
        organisation_id=organisation_id,
        user_id=user_id,
        name=texts.name(name),
        digest=minted.digest,
        scopes=sorted({scope.value for scope in scopes}),
        expires_at=tokens.expiry(clock.now(), expires_at),
    )
    tx.add(token)
    return token, minted.text


async def revoke_token(tx: Tx, actor: Actor, token_id: UUID) -> ApiToken:
    """End a token at once: the actor's own, or, for an administrator, a member's. Twice is once."""
    wanted = queries.visible_tokens(actor).where(ApiToken.id == token_id)
    token = (await tx.exec(wanted.with_for_update())).one_or_none()
    if token is None:
        told = ids.encode(Kind.API_TOKEN, token_id)
        raise NotFound(f"There is no API token {told} for you.", field=("api_token_id",))
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        await members.end_access(tx, actor, token.user_id)
    return token


async def add_key(tx: Tx, actor: Actor, *, title: str, public_key: str) -> PublicKey:
    """Register an Ed25519 key of the actor's, as an OpenSSH line or in hex.

    Raises AlreadyExists for a key that was ever registered: who had a removed one may have it still.
    """
    key = PublicKey(
        user_id=actor.user_id,
        key_id=signatures.parse_public_key(public_key),
        title=texts.name(title, ("title",)),
    )
    await _check_room(tx, actor)
    added = insert(PublicKey).values(key.model_dump()).on_conflict_do_nothing()
    if (await tx.execute(added.returning(col(PublicKey.id)))).one_or_none() is None:
        same = await tx.exec(queries.visible_keys(actor).where(PublicKey.key_id == key.key_id))
        mine = same.one_or_none()
        raise AlreadyExists(
            "This key is registered already, or was removed before; make a new one.",
            field=("public_key",),
            answer={"public_key": mine.id.hex} if mine else {},
        )
    return key


async def remove_key(tx: Tx, actor: Actor, key_id: UUID) -> None:
    """Believe a key of the actor's no more."""
    wanted = queries.visible_keys(actor).where(PublicKey.id == key_id)
    key = (await tx.exec(wanted.with_for_update())).one_or_none()
    if key is None:
        told = ids.encode(Kind.PUBLIC_KEY, key_id)
        raise NotFound(f"There is no public key {told} for you.", field=("public_key_id",))
    key.revoked_at = clock.now()
    await members.end_access(tx, actor, actor.user_id)


async def _check_room(tx: Tx, actor: Actor) -> None:
    mine = queries.visible_keys(actor).subquery()
    if (await tx.exec(select(func.count()).select_from(mine))).one() >= MOST_KEYS:
        raise TooLarge(f"You have {MOST_KEYS} public keys; remove one first.", field=("title",))
