"""Turns credentials into an actor, or says why they do not hold.

The look-ups run as the relay's role, since nobody's organisation is known yet.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select, update

from app.accounts import csrf, headers, signatures, tokens
from app.accounts.actor import Actor
from app.accounts.believed import Believed
from app.accounts.headers import Headers
from app.accounts.models import ApiToken, BrowserSession, Member, PublicKey, SeenSignature, User
from app.accounts.oidc import Verifier
from app.accounts.roles import OrganisationRole
from app.accounts.tokens import TokenScope
from app.core.clock import now
from app.core.db import Database, Scope, Session
from app.core.errors import Unauthenticated
from app.core.reads import Reads, Row

EVERYTHING = tokens.expand([TokenScope.ADMIN])
BEARER = "bearer "
NOT_A_MEMBER = "You are not a member of this organisation, or of any."
DISABLED = "This account is disabled; ask your administrator."

_BEARER = (
    "select t.digest, t.organisation_id, t.scopes, t.expires_at, t.revoked_at, t.last_used_at,"
    " t.user_id, u.is_disabled, u.auth_epoch, m.role"
    " from api_token t join app_user u on u.id = t.user_id left join member m"
    " on m.user_id = t.user_id and m.organisation_id = t.organisation_id where t.id = $1"
)
"""All that a token's bearer is known by, in one statement: every request asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What of a request proves who sent it. `body` is what was read."""

    headers: Headers
    method: str
    target: str
    body: bytes

    @property
    def body_sha256(self) -> bytes:
        """The digest that a signature stands for; worked out for signed requests only."""
        return hashlib.sha256(self.body).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """Knows every kind of credential. `pepper` is the server's secret."""

    db: Database
    reads: Reads
    pepper: bytes
    is_cookie_secure: bool
    origins: frozenset[str]
    oidc: Verifier | None = None
    believed: Believed = field(default_factory=Believed)

    async def of_request(self, request: Request) -> Actor | None:
        """Who sent an HTTP request; None without credentials. Raises Unauthenticated if they do not hold."""
        if signatures.is_signed(request.headers):
            return await self._by_signature(request)
        authorization = headers.one(request.headers, "Authorization")
        if authorization is not None:
            return await self.of_authorization(authorization)
        cookie = csrf.read_cookie(request.headers, secure=self.is_cookie_secure)
        if cookie is None:
            return None
        csrf.check_request(request.headers, self.origins)
        return await self._by_session(cookie)

    async def still_holds(self, actor: Actor) -> bool:
        """Whether nothing was taken from the actor since the credentials were looked at."""
        async with self.db.read(Scope()) as session:
            epoch = await session.exec(select(User.auth_epoch).where(User.id == actor.user_id))
            return epoch.one_or_none() == actor.auth_epoch

    async def of_socket(
        self, handshake: Headers, target: str, payload: dict[str, Any]
    ) -> Actor | None:
        """Who opened a WebSocket: by `connection_init` (`Authorization` or a signature), or the cookie."""
        authorization = payload.get("Authorization") or payload.get("authorization")
        if isinstance(authorization, str):
            return await self.of_authorization(authorization)
        if "Signature" in payload:
            proven = await signatures.verify_socket(
                payload, target=target, now=now(), find_key=self._owner_of_key
            )
            return await self._once(proven)
        cookie = csrf.read_cookie(handshake, secure=self.is_cookie_secure)
        if cookie is None:
            return None
        csrf.check_socket(handshake, self.origins)
        return await self._by_session(cookie)

    async def of_authorization(self, value: str) -> Actor:
        """Who presents an `Authorization` header: one of our tokens, or one of a configured issuer's."""
        signatures.refuse_legacy(value)
        if not value.lower().startswith(BEARER):
            raise Unauthenticated("Authorization is `Bearer` and a token.")
        text = value[len(BEARER) :].strip()
        if text.startswith("lg_") or self.oidc is None:
            return await self._by_token(text)
        return await self._by_claims(self.oidc, text)

    async def _by_token(self, text: str) -> Actor:
        known = self.believed.get(text)
        if known is not None and not tokens.is_expired(known.expires_at, now()):
            return known
        presented = tokens.parse(text, pepper=self.pepper)
        begun = self.believed.begin()
        found = await self.reads.fetch(Scope(), _BEARER, [presented.token_id])
        token = found[0] if found else None
        if token is None or not tokens.matches(token["digest"], presented.digest):
            raise Unauthenticated("There is no such API token; create a new one.")
        _check_token(token)
        if tokens.is_use_due(token["last_used_at"], now()):
            await self._note_use(presented.token_id)
        actor = Actor(
            user_id=token["user_id"],
            organisation_id=token["organisation_id"],
            role=OrganisationRole(token["role"]),
            scopes=tokens.expand(map(TokenScope, token["scopes"])),
            credential=f"token:{presented.token_id}",
            auth_epoch=token["auth_epoch"],
            expires_at=token["expires_at"],
        )
        self.believed.keep(text, begun, actor)
        return actor

    async def _note_use(self, token_id: UUID) -> None:
        async with self.db.transaction(Scope()) as tx:
            used = update(ApiToken).where(col(ApiToken.id) == token_id).values(last_used_at=now())
            await tx.exec(used)

    async def _by_session(self, cookie: str) -> Actor | None:
        """The owner of a session; None once it has ended: browsers send its cookie on, also to sign in."""
        digest = tokens.parse_session(cookie, pepper=self.pepper)
        async with self.db.read(Scope()) as session:
            found = await session.exec(
                select(BrowserSession).where(BrowserSession.digest == digest)
            )
            row = found.one_or_none()
            if row is None or tokens.is_expired(row.expires_at, now()):
                return None
            return await actor_of(
                session,
                row.user_id,
                row.organisation_id,
                scopes=EVERYTHING,
                credential=f"session:{row.id}",
                expires_at=row.expires_at,
            )

    async def _by_signature(self, request: Request) -> Actor:
        proven = await signatures.verify(
            request.headers,
            method=request.method,
            target=request.target,
            body_sha256=request.body_sha256,
            now=now(),
            find_key=self._owner_of_key,
        )
        return await self._once(proven)

    async def _owner_of_key(self, key_id: str) -> UUID | None:
        async with self.db.read(Scope()) as session:
            found = await session.exec(
                select(PublicKey.user_id)
                .where(PublicKey.key_id == key_id)
                .where(col(PublicKey.revoked_at).is_(None))
            )
            return found.one_or_none()

    async def _once(self, proven: "signatures.Verified[UUID]") -> Actor:
        """The signer, if this very signature was not presented before."""
        digest = hashlib.sha256(proven.key_id.encode() + proven.signature).digest()
        async with self.db.transaction(Scope()) as tx:
            remembered = (
                insert(SeenSignature)
                .values(digest=digest, expires_at=proven.forget_at)
                .on_conflict_do_nothing()
                .returning(col(SeenSignature.digest))
            )
            if (await tx.execute(remembered)).one_or_none() is None:
                raise Unauthenticated("This signed request was sent before; sign each one anew.")
            return await actor_of(
                tx, proven.owner, None, scopes=EVERYTHING, credential=f"key:{proven.key_id}"
            )

    async def _by_claims(self, verifier: Verifier, text: str) -> Actor:
        claims = await verifier.verify(text, now())
        email = claims.verified_email
        if email is None:
            raise Unauthenticated("The token's issuer has not verified the e-mail address in it.")
        async with self.db.read(Scope()) as session:
            found = await session.exec(select(User.id).where(User.email == email.lower()))
            user_id = found.one_or_none()
            if user_id is None:
                raise Unauthenticated(f"Nobody here has the e-mail {email}; ask to be added.")
            return await actor_of(
                session,
                user_id,
                None,
                scopes=EVERYTHING,
                credential=f"oidc:{claims.issuer}",
                expires_at=claims.expires_at,
            )


def _check_token(token: Row) -> None:
    if token["revoked_at"] is not None:
        raise Unauthenticated("This API token was revoked; create a new one.")
    if tokens.is_expired(token["expires_at"], now()):
        raise Unauthenticated("This API token has expired; create a new one.")
    if token["role"] is None:
        raise Unauthenticated(NOT_A_MEMBER)
    if token["is_disabled"]:
        raise Unauthenticated(DISABLED)


async def actor_of(
    session: Session,
    user_id: UUID,
    organisation_id: UUID | None,
    *,
    scopes: frozenset[TokenScope],
    credential: str,
    expires_at: datetime | None = None,
) -> Actor:
    """The user as a member of the organisation; without one, of the user's current or else first one.

    Raises Unauthenticated if they are not a member, or the account is disabled.
    """
    statement = (
        select(User, Member)
        .join(Member, col(Member.user_id) == User.id)
        .where(User.id == user_id)
        .order_by(
            (col(Member.organisation_id) == col(User.current_organisation_id)).desc().nulls_last(),
            col(Member.id),
        )
    )
    if organisation_id is not None:
        statement = statement.where(Member.organisation_id == organisation_id)
    found = (await session.exec(statement.limit(1))).one_or_none()
    if found is None:
        raise Unauthenticated(NOT_A_MEMBER)
    user, member = found
    if user.is_disabled:
        raise Unauthenticated(DISABLED)
    return Actor(
        user_id=user.id,
        organisation_id=member.organisation_id,
        role=member.role,
        scopes=scopes,
        credential=credential,
        auth_epoch=user.auth_epoch,
        expires_at=expires_at,
    )
