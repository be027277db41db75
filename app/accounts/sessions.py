"""Signing in by password, which gives a browser its session; signing out; changing the password."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select, update

from app.accounts import authentication, csrf, members, tokens
from app.accounts.actor import Actor
from app.accounts.attempts import Attempts, Limit
from app.accounts.authentication import EVERYTHING
from app.accounts.models import BrowserSession, User
from app.accounts.passwords import Hasher
from app.core import clock
from app.core.db import Database, Scope, Tx
from app.core.errors import Invalid, NotFound

BY_ADDRESS = Limit(60, seconds=300)
BY_ACCOUNT = Limit(10, seconds=300)
PREFIX = "session:"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has signed in, and the Set-Cookie header that keeps it so."""

    actor: Actor
    cookie: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The desk for people with a password. `db` is the system's, `pepper` the server's secret."""

    db: Database
    hasher: Hasher
    attempts: Attempts
    pepper: bytes
    is_cookie_secure: bool

    async def sign_in(self, email: str, password: str, address: str) -> SignedIn:
        """Begin a session. An unknown e-mail takes as long, and is told the same, as a wrong password.

        `address` is the network address of who tries. Raises Invalid, or RateLimited after 10 attempts for an
        e-mail or 60 from an address in 5 minutes.
        """
        account = f"account:{email.strip().lower()[: members.LONGEST_EMAIL]}"
        await self.attempts.take(f"address:{address}", BY_ADDRESS)
        await self.attempts.take(account, BY_ACCOUNT)
        user = await self._user(email)
        is_right = await self.hasher.verify(user.password_hash if user else None, password)
        if user is None or not is_right:
            raise Invalid("The e-mail or the password is wrong.", field=("password",))
        await self.attempts.forget(account)
        async with self.db.transaction(Scope()) as tx:
            await self._renew_hash(tx, user, password)
            return await self._begin(tx, user.id)

    @property
    def clearing_cookie(self) -> str:
        """The Set-Cookie header that makes a browser forget its session."""
        return csrf.clear_cookie(secure=self.is_cookie_secure)

    async def change_password(self, tx: Tx, actor: Actor, *, current: str, password: str) -> None:
        """Set the actor's own password, and end every session of theirs but the present one.

        Raises Invalid if the current one is wrong or the new one too short, RateLimited as `sign_in` does.
        """
        await self.attempts.take(f"user:{actor.user_id}", BY_ACCOUNT)
        mine = await tx.exec(select(User.password_hash).where(User.id == actor.user_id))
        if not await self.hasher.verify(mine.one(), current):
            raise Invalid("The current password is wrong.", field=("current_password",))
        hashed = await self.hasher.hash(password)
        await tx.exec(
            update(User).where(col(User.id) == actor.user_id).values(password_hash=hashed)
        )
        others = delete(BrowserSession).where(col(BrowserSession.user_id) == actor.user_id)
        if (present := session_of(actor)) is not None:
            others = others.where(col(BrowserSession.id) != present)
        await tx.execute(others)
        await members.end_access(tx, actor, actor.user_id)

    async def _user(self, email: str) -> User | None:
        try:
            address = members.checked_email(email)
        except Invalid:
            return None
        async with self.db.read(Scope()) as session:
            found = await session.exec(select(User).where(User.email == address))
            return found.one_or_none()

    async def _renew_hash(self, tx: Tx, user: User, password: str) -> None:
        """Store today's kind of hash, if the one that was just checked is of an older kind."""
        if user.password_hash and self.hasher.needs_rehash(user.password_hash):
            hashed = await self.hasher.hash(password)
            await tx.exec(update(User).where(col(User.id) == user.id).values(password_hash=hashed))

    async def _begin(self, tx: Tx, user_id: UUID) -> SignedIn:
        minted = tokens.mint_session(clock.random_bytes(tokens.SECRET_BYTES), pepper=self.pepper)
        session_id, until = clock.new_id(), clock.now() + tokens.SESSION_LIFETIME
        actor = await authentication.actor_of(
            tx,
            user_id,
            None,
            scopes=EVERYTHING,
            credential=f"{PREFIX}{session_id}",
            expires_at=until,
        )
        tx.add(
            BrowserSession(
                id=session_id,
                user_id=user_id,
                organisation_id=actor.organisation_id,
                digest=minted.digest,
                expires_at=until,
            )
        )
        return SignedIn(actor, csrf.set_cookie(minted.text, secure=self.is_cookie_secure))


async def end(tx: Tx, actor: Actor, *, is_everywhere: bool) -> None:
    """End the session that the actor came with, if it was one; or every session of theirs."""
    ended = delete(BrowserSession).where(col(BrowserSession.user_id) == actor.user_id)
    if not is_everywhere:
        ended = ended.where(col(BrowserSession.id) == session_of(actor))
    await tx.execute(ended)
    await members.end_access(tx, actor, actor.user_id)


def session_of(actor: Actor) -> UUID | None:
    """The browser session that proved who the actor is; None if something else did."""
    if not actor.credential.startswith(PREFIX):
        return None
    return UUID(actor.credential.removeprefix(PREFIX))


async def set_password(db: Database, hasher: Hasher, email: str, password: str) -> None:
    """Set anybody's password: for whoever runs the server, never for an organisation's administrator.

    People are made members without being asked, so an administrator who could do this could take over
    accounts of other organisations. `db` is the system's. Raises NotFound for an unknown e-mail, Invalid for
    a bad password.
    """
    hashed = await hasher.hash(password)
    async with db.transaction(Scope()) as tx:
        known = update(User).where(col(User.email) == members.checked_email(email))
        done = await tx.execute(known.values(password_hash=hashed).returning(col(User.id)))
        if done.one_or_none() is None:
            raise NotFound(f"There is no account {email}.", field=("email",))
