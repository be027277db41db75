"""Sharing folders and integrations: who is given a role on them, and who loses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, and_, delete, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.accounts import queries as accounts
from app.accounts.actor import Actor
from app.accounts.models import Member, User
from app.accounts.roles import EntityRole
from app.core import clock
from app.core.db import Tx
from app.core.errors import NotFound, TooLarge
from app.files.models import Folder, FolderGrant, Integration, IntegrationGrant

MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grantees:
    """Members and groups of one organisation."""

    user_ids: frozenset[UUID] = frozenset()
    group_ids: frozenset[UUID] = frozenset()


async def find(
    tx: Tx,
    actor: Actor,
    *,
    user_ids: Sequence[UUID] = (),
    emails: Sequence[str] = (),
    group_ids: Sequence[UUID] = (),
    must_exist: bool = True,
) -> Grantees:
    """Members by id or e-mail, and groups. Raises NotFound that lists every unknown one, if they must exist."""
    if len(user_ids) + len(emails) + len(group_ids) > MOST_AT_ONCE:
        raise TooLarge(f"At most {MOST_AT_ONCE:,} users and groups at once.")
    addresses = [email.strip().lower() for email in emails]
    members = (
        select(User.id, User.email)
        .join(Member, col(Member.user_id) == col(User.id))
        .where(Member.organisation_id == actor.organisation_id)
        .where(or_(col(User.id).in_(user_ids), col(User.email).in_(_storable(addresses))))
    )
    users = dict((await tx.exec(members)).all())
    groups = await accounts.groups_by_id(tx, actor, group_ids)
    if must_exist:
        _refuse_unknown("emails", set(addresses) - set(users.values()))
        _refuse_unknown("user_ids", {f"usr_{key.hex}" for key in set(user_ids) - users.keys()})
        _refuse_unknown("group_ids", {f"grp_{key.hex}" for key in set(group_ids) - groups.keys()})
    return Grantees(user_ids=frozenset(users), group_ids=frozenset(groups))


async def give(tx: Tx, thing: Folder | Integration, to: Grantees, role: EntityRole) -> None:
    """Give a role to those who have none of their own on the thing; others keep theirs."""
    table, key = _place(thing)
    rows = [
        {"id": clock.new_id(), **key, **who, "role": role, "created_at": clock.now()}
        for who in _whos(to)
    ]
    if rows:
        await tx.execute(insert(table).values(rows).on_conflict_do_nothing())


async def change(tx: Tx, thing: Folder | Integration, of: Grantees, role: EntityRole) -> None:
    """Change the roles that these have. Raises NotFound if one of them has none of their own."""
    table, _ = _place(thing)
    statement = update(table).where(_is_of(thing, of)).values(role=role).returning(table.c.id)
    found = (await tx.execute(statement)).all()
    if len(found) != len(of.user_ids) + len(of.group_ids):
        raise NotFound("Not all of these have a role here; share it with them first.")


async def take(tx: Tx, thing: Folder | Integration, of: Grantees) -> None:
    """Take the roles away; who has none is passed over."""
    table, _ = _place(thing)
    await tx.execute(delete(table).where(_is_of(thing, of)))


async def make_administrator(tx: Tx, thing: Folder | Integration, user_id: UUID) -> None:
    """Give a user the role ADMIN, whatever they had before."""
    who = Grantees(user_ids=frozenset({user_id}))
    await take(tx, thing, who)
    await give(tx, thing, who, EntityRole.ADMIN)


def _place(thing: Folder | Integration) -> tuple[Table, dict[str, UUID]]:
    """The table of the grants on a thing, and the columns that name it."""
    if isinstance(thing, Folder):
        table: Table = FolderGrant.__table__  # type: ignore[attr-defined]
        return table, {"organisation_id": thing.organisation_id, "folder_id": thing.id}
    table = IntegrationGrant.__table__  # type: ignore[attr-defined]
    return table, {"organisation_id": thing.organisation_id, "integration_id": thing.id}


def _whos(grantees: Grantees) -> list[dict[str, UUID | None]]:
    users = [{"user_id": key, "group_id": None} for key in sorted(grantees.user_ids)]
    return users + [{"user_id": None, "group_id": key} for key in sorted(grantees.group_ids)]


def _is_of(thing: Folder | Integration, grantees: Grantees) -> Any:
    table, key = _place(thing)
    return and_(
        *(table.c[name] == value for name, value in key.items()),
        or_(table.c.user_id.in_(grantees.user_ids), table.c.group_id.in_(grantees.group_ids)),
    )


def _storable(addresses: list[str]) -> list[str]:
    """No account has an address that the database cannot hold."""
    return [address for address in addresses if address.isprintable()]


def _refuse_unknown(member: str, unknown: set[str]) -> None:
    if unknown:
        listed = ", ".join(ascii(one)[1:-1] for one in sorted(unknown))
        raise NotFound(f"These are not in your organisation: {listed}.", field=(member,))
