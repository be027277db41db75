"""Groups: users who are given access together."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, func, select

from app.accounts import queries
from app.accounts.actor import Actor
from app.accounts.models import Group, GroupMember, User
from app.accounts.permissions import Permission
from app.core import clock, ids, texts
from app.core.db import Tx
from app.core.errors import NotFound, RevisionConflict, TooLarge
from app.core.ids import Kind

MOST_USERS = 1_000
"""In one group."""


async def create_group(tx: Tx, actor: Actor, *, name: str, description: str) -> Group:
    """A new, empty group. Names need not be unique."""
    actor.must(Permission.MANAGE_GROUPS)
    group = Group(
        organisation_id=actor.organisation_id,
        name=texts.name(name),
        description=texts.description(description),
    )
    tx.add(group)
    return group


async def update_group(
    tx: Tx,
    actor: Actor,
    group_id: UUID,
    *,
    name: str | None,
    description: str | None,
    expected_revision: int | None,
) -> Group:
    """Change a group's name or description; None leaves it as it is."""
    group = await _changeable(tx, actor, group_id, expected_revision)
    if name is not None:
        group.name = texts.name(name)
    if description is not None:
        group.description = texts.description(description)
    return _changed(group)


async def delete_group(
    tx: Tx, actor: Actor, group_id: UUID, *, expected_revision: int | None
) -> None:
    """Delete a group, and with it all access that it gave."""
    await tx.delete(await _changeable(tx, actor, group_id, expected_revision))


async def add_users(tx: Tx, actor: Actor, group_id: UUID, emails: Sequence[str]) -> Group:
    """Put members of the organisation into a group; e-mails of others, and of users in it, change nothing."""
    group = await _changeable(tx, actor, group_id)
    users = await _colleagues(tx, actor, emails)
    places = [
        {"organisation_id": actor.organisation_id, "group_id": group_id, "user_id": user_id}
        for user_id in users
    ]
    if places:
        await tx.execute(insert(GroupMember).values(places).on_conflict_do_nothing())
    await _check_size(tx, group)
    return _changed(group)


async def remove_users(tx: Tx, actor: Actor, group_id: UUID, emails: Sequence[str]) -> Group:
    """Take users out of a group; e-mails of others change nothing."""
    group = await _changeable(tx, actor, group_id)
    await tx.execute(
        delete(GroupMember)
        .where(col(GroupMember.organisation_id) == actor.organisation_id)
        .where(col(GroupMember.group_id) == group_id)
        .where(col(GroupMember.user_id).in_(await _colleagues(tx, actor, emails)))
    )
    return _changed(group)


async def _colleagues(tx: Tx, actor: Actor, emails: Sequence[str]) -> list[UUID]:
    """The users of the organisation among these e-mails, whatever their case."""
    if len(emails) > MOST_USERS:
        raise TooLarge(
            f"{len(emails):,} e-mails; at most {MOST_USERS:,} at once.", field=("emails",)
        )
    known = [email.strip().lower() for email in emails if texts.is_storable(email)]
    found = await tx.exec(queries.visible_users(actor).where(col(User.email).in_(known)))
    return sorted(user.id for user in found)


async def _changeable(
    tx: Tx, actor: Actor, group_id: UUID, expected_revision: int | None = None
) -> Group:
    wanted = queries.visible_groups(actor).where(Group.id == group_id)
    group = (await tx.exec(wanted.with_for_update())).one_or_none()
    if group is None:
        told = ids.encode(Kind.GROUP, group_id)
        raise NotFound(f"There is no group {told} for you.", field=("group_id",))
    actor.must(Permission.MANAGE_GROUPS)
    if expected_revision not in {None, group.revision}:
        raise RevisionConflict(
            f"The group is at revision {group.revision} by now; look again.",
            answer={"group": group.id.hex},
        )
    return group


def _changed(group: Group) -> Group:
    group.revision += 1
    group.updated_at = clock.now()
    return group


async def _check_size(tx: Tx, group: Group) -> None:
    counted = await tx.exec(
        select(func.count())
        .select_from(GroupMember)
        .where(GroupMember.organisation_id == group.organisation_id)
        .where(GroupMember.group_id == group.id)
    )
    if (count := counted.one()) > MOST_USERS:
        raise TooLarge(
            f"The group would have {count:,} users; at most {MOST_USERS:,}.", field=("emails",)
        )
