"""The demo's organisation and its people, made once; their tokens and passwords lie in `demo.json`."""

import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

import orjson
from sqlmodel import col, select, update

from app.accounts import credentials, members, queries, service, tokens
from app.accounts.models import ApiToken, Member, User
from app.accounts.passwords import Hasher
from app.accounts.roles import MemberType, OrganisationRole
from app.accounts.tokens import TokenScope
from app.core import clock, ids
from app.core import runtime as runtimes
from app.core.db import APP_ROLE, Database, Scope, Session
from app.core.errors import Unauthenticated
from app.core.ids import Kind
from app.core.settings import Settings

ORGANISATION = "Demo"
PEOPLE = {
    OrganisationRole.ADMIN: ("admin@demo.example", "Ada Admin", TokenScope.ADMIN),
    OrganisationRole.MEMBER: ("member@demo.example", "Mel Member", TokenScope.ADMIN),
    OrganisationRole.WORKFORCE_MANAGER: (
        "workforce-manager@demo.example",
        "Wim Workforce",
        TokenScope.ADMIN,
    ),
    OrganisationRole.TASKER: ("tasker@demo.example", "Tao Tasker", TokenScope.ADMIN),
}
"""E-mail, name, and what the token is for: all that the role allows."""


@dataclass(frozen=True, slots=True)
class Person:
    """One of the demo's people, as `demo.json` shows them."""

    role: OrganisationRole
    email: str
    password: str
    token: str


@dataclass(frozen=True, slots=True)
class Demo:
    """What `demo.json` says."""

    url: str
    organisation_id: str
    people: tuple[Person, ...]

    @property
    def admin(self) -> Person:
        """The one whose token is printed."""
        return self.people[0]


def path(settings: Settings) -> Path:
    """Where the tokens lie, readable by their owner only."""
    return settings.home / "demo.json"


async def settle(settings: Settings) -> Demo:
    """Make what is missing of organisation, people and tokens, and write `demo.json`."""
    url = settings.database_url
    assert url is not None  # noqa: S101  provided
    db = Database.open(url, role=APP_ROLE, pool_size=1)
    try:
        known = read(path(settings))
        organisation_id = await _organisation(db)
        if known is None or not await _hold(db, organisation_id, known, runtimes.secret(settings)):
            people = [
                await _person(db, organisation_id, role, runtimes.secret(settings))
                for role in PEOPLE
            ]
        else:
            people = list(known.people)
    finally:
        await db.close()
    demo = Demo(settings.url, ids.encode(Kind.ORGANISATION, organisation_id), tuple(people))
    _write(path(settings), demo)
    return demo


def read(file: Path) -> Demo | None:
    """What was written before; None if there is nothing that we can read."""
    try:
        said = orjson.loads(file.read_bytes())
        people = tuple(
            Person(OrganisationRole(one["role"]), one["email"], one["password"], one["token"])
            for one in said["people"]
        )
        return Demo(said["url"], said["organisation_id"], people)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(file: Path, demo: Demo) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f"{file.name}.half")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(
            orjson.dumps(asdict(demo), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        )
    half.replace(file)


async def _organisation(db: Database) -> UUID:
    """The organisation that the demo's administrator is a member of, made if there is none."""
    email, _, _ = PEOPLE[OrganisationRole.ADMIN]
    async with db.read(Scope()) as session:
        user_id = await queries.user_id_of(session, email)
    if user_id is not None:
        async with db.read(Scope(user_id=user_id)) as session:
            mine = await session.exec(
                select(Member.organisation_id)
                .where(Member.user_id == user_id)
                .order_by(col(Member.id))
            )
            if (found := mine.first()) is not None:
                return found
    organisation_id = clock.new_id()
    async with db.transaction(Scope(organisation_id)) as tx:
        await service.create_organisation(tx, organisation_id, ORGANISATION, email)
    return organisation_id


async def _hold(db: Database, organisation_id: UUID, known: Demo, pepper: bytes) -> bool:
    """Whether every person of `demo.json` is there and every token can still be used."""
    if {person.role for person in known.people} != PEOPLE.keys():
        return False
    async with db.read(Scope(organisation_id)) as session:
        for person in known.people:
            if not await _is_usable(session, person.token, pepper):
                return False
    return True


async def _is_usable(session: Session, text: str, pepper: bytes) -> bool:
    try:
        presented = tokens.parse(text, pepper=pepper)
    except Unauthenticated:
        return False
    token = await session.get(ApiToken, presented.token_id)
    return (
        token is not None
        and tokens.matches(token.digest, presented.digest)
        and token.revoked_at is None
        and not tokens.is_expired(token.expires_at, clock.now())
    )


async def _person(
    db: Database, organisation_id: UUID, role: OrganisationRole, pepper: bytes
) -> Person:
    """A member of this role, with a new password and a new token that lasts as long as tokens may."""
    email, name, scope = PEOPLE[role]
    password = secrets.token_urlsafe(12)
    password_hash = await Hasher().hash(password)
    async with db.transaction(Scope(organisation_id)) as tx:
        user_id = await queries.user_id_of(tx, email)
        if user_id is None:
            member = await members.place(tx, organisation_id, email, role, MemberType.INTERNAL)
            user_id = member.user_id
    async with db.transaction(Scope(organisation_id, user_id)) as tx:
        await tx.exec(
            update(User)
            .where(col(User.id) == user_id)
            .values(name=name, password_hash=password_hash)
        )
        _, text = await credentials.create_token(
            tx,
            organisation_id,
            user_id,
            name="demo.json",
            scopes=[scope],
            expires_at=clock.now() + tokens.LONGEST_LIFETIME,
            pepper=pepper,
        )
    return Person(role, email, password, text)
