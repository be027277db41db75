"""Who belongs to an organisation, and as what."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, func, select

from app.accounts import queries
from app.accounts.actor import Actor
from app.accounts.events import AccessChanged
from app.accounts.models import ApiToken, BrowserSession, Member, Organisation, User
from app.accounts.permissions import Permission
from app.accounts.roles import MemberType, OrganisationRole, check_member
from app.core import clock, texts
from app.core.db import Tx
from app.core.errors import AlreadyExists, Conflict, Invalid, NotFound, RevisionConflict

LONGEST_EMAIL = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """A member, named by the id of the membership or by the e-mail of the user."""

    id: UUID | None = None
    email: str | None = None


async def place(
    tx: Tx, organisation_id: UUID, email: str, role: OrganisationRole, member_type: MemberType
) -> Member:
    """Make the user of this e-mail a member; an unknown e-mail creates the account.

    Raises AlreadyExists, naming the member, if there is one.
    """
    check_member(role, member_type)
    user_id = await _account(tx, checked_email(email))
    found = await tx.exec(
        select(Member).where(Member.organisation_id == organisation_id, Member.user_id == user_id)
    )
    if (member := found.one_or_none()) is not None:
        raise AlreadyExists(
            f"{email} is a member already.", field=("email",), answer={"member": member.id.hex}
        )
    member = Member(
        organisation_id=organisation_id, user_id=user_id, role=role, member_type=member_type
    )
    tx.add(member)
    await tx.flush()
    return member


async def add_member(
    tx: Tx, actor: Actor, *, email: str, role: OrganisationRole, member_type: MemberType
) -> Member:
    """Make somebody a member of the actor's organisation, at once and without asking them."""
    actor.must(Permission.MANAGE_MEMBERS)
    await _one_at_a_time(tx, actor)
    return await place(tx, actor.organisation_id, email, role, member_type)


async def update_member(
    tx: Tx,
    actor: Actor,
    which: Which,
    *,
    role: OrganisationRole | None,
    member_type: MemberType | None,
    expected_revision: int | None,
) -> Member:
    """Change what a member is; None leaves it as it is. Their open sockets end, to begin anew as the other."""
    member = await _changeable(tx, actor, which)
    if expected_revision not in {None, member.revision}:
        raise RevisionConflict(
            f"The member is at revision {member.revision} by now; look again.",
            answer={"member": member.id.hex},
        )
    role, member_type = role or member.role, member_type or member.member_type
    check_member(role, member_type)
    if role is not OrganisationRole.ADMIN:
        await _keep_an_administrator(tx, member)
    if role is not member.role:
        await end_access(tx, actor, member.user_id)
    member.role, member.member_type = role, member_type
    member.revision += 1
    member.updated_at = clock.now()
    return member


async def remove_member(tx: Tx, actor: Actor, which: Which) -> UUID:
    """End a membership, with what it gave: places in groups, roles on things, tokens, signed-in browsers.

    Returns the id that the membership had.
    """
    member = await _changeable(tx, actor, which)
    await _keep_an_administrator(tx, member)
    await end_access(tx, actor, member.user_id)
    for table in (ApiToken, BrowserSession):
        await tx.execute(
            delete(table)
            .where(col(table.organisation_id) == actor.organisation_id)
            .where(col(table.user_id) == member.user_id)
        )
    await tx.delete(member)  # groups and grants go by their foreign keys
    return member.id


async def end_access(tx: Tx, actor: Actor, user_id: UUID) -> None:
    """Make every open socket of a user end within a second; who still may comes back by signing in."""
    await tx.execute(text("select raise_auth_epoch(:user_id)"), {"user_id": user_id})
    tx.emit(AccessChanged(organisation_id=actor.organisation_id, entity_id=user_id))


def checked_email(email: str) -> str:
    """The address in lower case. Raises Invalid if it is not of the form name@host.domain."""
    address = texts.checked(email, field=("email",), most=LONGEST_EMAIL).strip().lower()
    name, at, host = address.partition("@")
    if not (name and at and "." in host.strip(".")) or not address.isprintable() or " " in address:
        raise Invalid("This is not an e-mail address.", field=("email",))
    return address


async def _account(tx: Tx, address: str) -> UUID:
    """The account of an e-mail, made if there is none."""
    # no `returning` and no conflict target: row security hides an account until it is a member's
    await tx.execute(insert(User).values(User(email=address).model_dump()).on_conflict_do_nothing())
    user_id = await queries.user_id_of(tx, address)
    assert user_id is not None  # noqa: S101  it was there, or was inserted above
    return user_id


async def _changeable(tx: Tx, actor: Actor, which: Which) -> Member:
    """The member, after other changes of members. Raises NotFound, or Forbidden if the actor may not."""
    await _one_at_a_time(tx, actor)
    members = queries.visible_members(actor)
    if which.id is not None:
        members = members.where(Member.id == which.id)
    else:
        user_id = await queries.user_id_of(tx, checked_email(which.email or ""))
        members = members.where(Member.user_id == user_id)
    member = (await tx.exec(members)).one_or_none()
    if member is None:
        raise NotFound("There is no such member in your organisation.", field=("member",))
    actor.must(Permission.MANAGE_MEMBERS)
    return member


async def _one_at_a_time(tx: Tx, actor: Actor) -> None:
    """Let other changes of members finish first: two at once could each remove the other administrator."""
    mine = select(Organisation.id).where(Organisation.id == actor.organisation_id)
    await tx.exec(mine.with_for_update(key_share=True))


async def _keep_an_administrator(tx: Tx, member: Member) -> None:
    if member.role is not OrganisationRole.ADMIN:
        return
    count = await tx.exec(
        select(func.count())
        .select_from(Member)
        .where(Member.organisation_id == member.organisation_id)
        .where(Member.role == OrganisationRole.ADMIN)
    )
    if count.one() == 1:
        raise Conflict(
            "This is the organisation's only administrator; give somebody else the role first.",
            field=("member",),
        )
