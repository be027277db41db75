"""What may be read of people and organisations."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.accounts.actor import Actor
from app.accounts.models import (
    ApiToken,
    Group,
    GroupMember,
    Member,
    Organisation,
    PublicKey,
    Tag,
    User,
)
from app.core.db import Session


def visible_members(actor: Actor) -> SelectOfScalar[Member]:
    """Everyone in the actor's organisation."""
    return select(Member).where(Member.organisation_id == actor.organisation_id)


def visible_users(actor: Actor) -> SelectOfScalar[User]:
    """The actor, and the users of the actor's organisation."""
    colleagues = select(Member.user_id).where(Member.organisation_id == actor.organisation_id)
    return select(User).where(col(User.id).in_(colleagues))


def visible_groups(actor: Actor) -> SelectOfScalar[Group]:
    """The groups of the actor's organisation."""
    return select(Group).where(Group.organisation_id == actor.organisation_id)


def visible_tags(actor: Actor) -> SelectOfScalar[Tag]:
    """The tags of the actor's organisation."""
    return select(Tag).where(Tag.organisation_id == actor.organisation_id)


def visible_tokens(actor: Actor) -> SelectOfScalar[ApiToken]:
    """The actor's own tokens, revoked ones included; an administrator sees those of all members."""
    tokens = select(ApiToken).where(ApiToken.organisation_id == actor.organisation_id)
    if actor.is_organisation_admin:
        return tokens
    return tokens.where(ApiToken.user_id == actor.user_id)


def visible_keys(actor: Actor) -> SelectOfScalar[PublicKey]:
    """The actor's own public keys."""
    return select(PublicKey).where(PublicKey.user_id == actor.user_id)


def visible_organisations(actor: Actor) -> SelectOfScalar[Organisation]:
    """The organisations that the actor is a member of."""
    mine = select(Member.organisation_id).where(Member.user_id == actor.user_id)
    return select(Organisation).where(col(Organisation.id).in_(mine))


async def users_by_id(session: Session, actor: Actor, ids: Sequence[UUID]) -> dict[UUID, User]:
    """Users by id; who is not in the organisation is left out."""
    rows = await session.exec(visible_users(actor).where(col(User.id).in_(ids)))
    return {user.id: user for user in rows}


async def members_by_id(session: Session, actor: Actor, ids: Sequence[UUID]) -> dict[UUID, Member]:
    """Memberships by their own id."""
    rows = await session.exec(visible_members(actor).where(col(Member.id).in_(ids)))
    return {member.id: member for member in rows}


async def organisations_by_id(
    session: Session, actor: Actor, ids: Sequence[UUID]
) -> dict[UUID, Organisation]:
    """Organisations by id."""
    rows = await session.exec(visible_organisations(actor).where(col(Organisation.id).in_(ids)))
    return {organisation.id: organisation for organisation in rows}


async def groups_by_id(session: Session, actor: Actor, ids: Sequence[UUID]) -> dict[UUID, Group]:
    """Groups by id."""
    rows = await session.exec(visible_groups(actor).where(col(Group.id).in_(ids)))
    return {group.id: group for group in rows}


async def tags_by_id(session: Session, actor: Actor, ids: Sequence[UUID]) -> dict[UUID, Tag]:
    """Tags by id."""
    rows = await session.exec(visible_tags(actor).where(col(Tag.id).in_(ids)))
    return {tag.id: tag for tag in rows}


async def tokens_by_id(session: Session, actor: Actor, ids: Sequence[UUID]) -> dict[UUID, ApiToken]:
    """Tokens by id."""
    rows = await session.exec(visible_tokens(actor).where(col(ApiToken.id).in_(ids)))
    return {token.id: token for token in rows}


async def keys_by_id(session: Session, actor: Actor, ids: Sequence[UUID]) -> dict[UUID, PublicKey]:
    """Public keys by id."""
    rows = await session.exec(visible_keys(actor).where(col(PublicKey.id).in_(ids)))
    return {key.id: key for key in rows}


async def members_of_groups(
    session: Session, actor: Actor, group_ids: Sequence[UUID]
) -> dict[UUID, list[User]]:
    """The users of each group, by e-mail."""
    statement = (
        select(GroupMember.group_id, User)
        .join(User, col(User.id) == GroupMember.user_id)
        .where(GroupMember.organisation_id == actor.organisation_id)
        .where(col(GroupMember.group_id).in_(group_ids))
        .order_by(col(User.email))
    )
    found: dict[UUID, list[User]] = {group_id: [] for group_id in group_ids}
    for group_id, user in await session.exec(statement):
        found[group_id].append(user)
    return found
