"""What can be done to people and organisations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select

from app.accounts import queries, tokens
from app.accounts.actor import Actor
from app.accounts.models import ApiToken, Member, Organisation, Tag, User
from app.accounts.permissions import Permission
from app.accounts.roles import MemberType, OrganisationRole, check_member
from app.accounts.tokens import TokenScope
from app.core import clock
from app.core.db import Session, Tx
from app.core.errors import AlreadyExists, Invalid

SECRET_BYTES = 32
LONGEST_NAME = 255


async def create_organisation(tx: Tx, organisation_id: UUID, name: str, email: str) -> Organisation:
    """Found an organisation, with the user of this e-mail as its first administrator.

    The transaction must be for the scope of `organisation_id`, a fresh id.
    """
    if not name.strip():
        raise Invalid("An organisation needs a name.", field=("name",))
    organisation = Organisation(id=organisation_id, name=name.strip())
    tx.add(organisation)
    await tx.flush()  # members are inserted in class order, not by foreign key
    await place(tx, organisation_id, email, OrganisationRole.ADMIN, MemberType.INTERNAL)
    return organisation


async def place(
    tx: Tx, organisation_id: UUID, email: str, role: OrganisationRole, member_type: MemberType
) -> Member:
    """Make the user of this e-mail a member; an unknown e-mail creates the account.

    Raises AlreadyExists, naming the member, if there is one.
    """
    check_member(role, member_type)
    user_id = await _user_id(tx, email)
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


async def user_id_of(session: Session, email: str) -> UUID | None:
    """The account of an e-mail, in whatever organisation; None if there is none."""
    found = await session.execute(text("select user_id_by_email(:email)"), {"email": email})
    user_id: UUID | None = found.scalar_one()
    return user_id


async def _user_id(tx: Tx, email: str) -> UUID:
    """The account of an e-mail, made if there is none."""
    address = _checked_email(email)
    user_id = await user_id_of(tx, address)
    if user_id is None:
        user_id = clock.new_id()
        # without returning: row security hides the new row until it is a member's
        await tx.execute(
            User.__table__.insert().inline(),  # type: ignore[attr-defined]
            {"id": user_id, "email": address, "name": "", "auth_epoch": 0, "is_disabled": False},
        )
    return user_id


def _checked_email(email: str) -> str:
    name, at, host = email.strip().partition("@")
    if not (name and at and "." in host.strip(".")) or " " in email.strip() or len(email) > 320:
        raise Invalid("This is not an e-mail address.", field=("email",))
    return email.strip().lower()


async def create_token(
    tx: Tx,
    organisation_id: UUID,
    user_id: UUID,
    *,
    name: str,
    scopes: list[TokenScope],
    expires_at: datetime | None,
    pepper: bytes,
) -> tuple[ApiToken, str]:
    """A new API token and its text, which is shown once and never stored."""
    if not scopes:
        raise Invalid("A token needs at least one scope.", field=("scopes",))
    token_id = clock.new_id()
    minted = tokens.mint(token_id, clock.random_bytes(SECRET_BYTES), pepper=pepper)
    token = ApiToken(
        id=token_id,
        organisation_id=organisation_id,
        user_id=user_id,
        name=name,
        digest=minted.digest,
        scopes=[scope.value for scope in scopes],
        expires_at=tokens.expiry(clock.now(), expires_at),
    )
    tx.add(token)
    return token, minted.text


async def create_tag(tx: Tx, actor: Actor, *, name: str, description: str) -> Tag:
    """A new tag. Raises AlreadyExists if the organisation has one of this name."""
    actor.must(Permission.MANAGE_TAGS)
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid(f"A tag's name has 1 to {LONGEST_NAME} characters.", field=("name",))
    same = queries.visible_tags(actor).where(Tag.name == name)
    if (tag := (await tx.exec(same)).one_or_none()) is not None:
        raise AlreadyExists(
            f"There is a tag {name!r} already.", field=("name",), answer={"tag": tag.id.hex}
        )
    tag = Tag(organisation_id=actor.organisation_id, name=name, description=description)
    tx.add(tag)
    return tag
