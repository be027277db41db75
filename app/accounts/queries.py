"""What may be read of people and organisations."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.accounts.actor import Actor
from app.accounts.by_id import ById
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
from app.accounts.roles import OrganisationRole
from app.core import texts
from app.core.db import Session
from app.core.paging import Order

MEMBERS: Order[Member] = Order(columns=(col(Member.id),), name="member")
"""In the order in which they came."""
MEMBERSHIPS: Order[Member] = Order(columns=(col(Member.id),), name="membership")
ORGANISATIONS: Order[Organisation] = Order(
    columns=(col(Organisation.name), col(Organisation.id)),
)
GROUPS: Order[Group] = Order(columns=(col(Group.name), col(Group.id)), name="group")
TAGS: Order[Tag] = Order(columns=(col(Tag.name), col(Tag.id)), name="tag")
TOKENS: Order[ApiToken] = Order(columns=(col(ApiToken.id),), is_descending=True, name="token")
"""Newest first."""


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
    """The actor's own public keys, without those that were removed."""
    mine = select(PublicKey).where(PublicKey.user_id == actor.user_id)
    return mine.where(col(PublicKey.revoked_at).is_(None))


def visible_organisations(actor: Actor) -> SelectOfScalar[Organisation]:
    """The organisations that the actor is a member of."""
    mine = select(Member.organisation_id).where(Member.user_id == actor.user_id)
    return select(Organisation).where(col(Organisation.id).in_(mine))


def own_memberships(actor: Actor) -> SelectOfScalar[Member]:
    """What the actor is, in every organisation."""
    return select(Member).where(Member.user_id == actor.user_id)


def members_matching(
    actor: Actor, email_part: str | None, roles: Collection[OrganisationRole] | None
) -> SelectOfScalar[Member]:
    """Visible members whose e-mail holds a text, whatever its case, and who have one of the roles."""
    members = visible_members(actor)
    if email_part is not None:
        sought = texts.checked(email_part, field=("filter", "email_contains"), most=320).lower()
        # not like: what is sought may hold % and _
        holds = func.strpos(col(User.email), sought) > 0
        members = members.join(User, col(User.id) == Member.user_id).where(holds)
    if roles is not None:
        members = members.where(col(Member.role).in_(roles))
    return members


def tokens_matching(
    actor: Actor, user_id: UUID | None, *, is_everyone: bool
) -> SelectOfScalar[ApiToken]:
    """Visible tokens that are not revoked: the actor's own, or one user's, or all."""
    tokens = visible_tokens(actor).where(col(ApiToken.revoked_at).is_(None))
    if is_everyone and user_id is None:
        return tokens
    return tokens.where(ApiToken.user_id == (user_id or actor.user_id))


async def user_id_of(session: Session, email: str) -> UUID | None:
    """The account of an e-mail, in whatever organisation; None if there is none."""
    found = await session.execute(text("select user_id_by_email(:email)"), {"email": email})
    user_id: UUID | None = found.scalar_one()
    return user_id


users_by_id = ById(User, visible_users)
"""Users by id; who is not in the organisation is left out."""


members_by_id = ById(Member, visible_members)
"""Memberships by their own id."""


organisations_by_id = ById(Organisation, visible_organisations)
"""Organisations by id."""


groups_by_id = ById(Group, visible_groups)
"""Groups by id."""


tags_by_id = ById(Tag, visible_tags)
"""Tags by id."""


tokens_by_id = ById(ApiToken, visible_tokens)
"""Tokens by id."""


async def own_keys(session: Session, actor: Actor) -> list[PublicKey]:
    """The actor's public keys, oldest first."""
    return list(await session.exec(visible_keys(actor).order_by(col(PublicKey.id))))


keys_by_id = ById(PublicKey, visible_keys)
"""Public keys by id."""


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
