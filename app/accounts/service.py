"""What can be done to organisations and their tags, and to one's own account."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select, update

from app.accounts import members, queries
from app.accounts.actor import Actor
from app.accounts.models import BrowserSession, Organisation, Tag, User
from app.accounts.permissions import Permission
from app.accounts.roles import MemberType, OrganisationRole
from app.core import clock, db, ids, texts
from app.core.db import Scope, Tx
from app.core.errors import AlreadyExists, NotFound, RevisionConflict
from app.core.ids import Kind


async def create_organisation(tx: Tx, organisation_id: UUID, name: str, email: str) -> Organisation:
    """Found an organisation, with the user of this e-mail as its first administrator.

    The transaction must be for the scope of `organisation_id`, a fresh id.
    """
    organisation = Organisation(id=organisation_id, name=texts.name(name).strip())
    tx.add(organisation)
    await tx.flush()  # members are inserted in class order, not by foreign key
    await members.place(tx, organisation_id, email, OrganisationRole.ADMIN, MemberType.INTERNAL)
    return organisation


async def found_organisation(tx: Tx, actor: Actor, *, name: str) -> Organisation:
    """An organisation of the actor's own, who is its first administrator and stays in the current one."""
    founder = (await tx.exec(select(User.email).where(User.id == actor.user_id))).one()
    organisation_id = clock.new_id()
    await db.enter(tx, Scope(organisation_id, actor.user_id), read_only=False)
    organisation = await create_organisation(tx, organisation_id, name, founder)
    await db.enter(tx, actor.scope, read_only=False)
    return organisation


async def update_organisation(
    tx: Tx, actor: Actor, *, name: str | None, expected_revision: int | None
) -> Organisation:
    """Rename the current organisation; None leaves the name as it is."""
    actor.must(Permission.EDIT_ORGANISATION)
    mine = select(Organisation).where(Organisation.id == actor.organisation_id)
    organisation = (await tx.exec(mine.with_for_update())).one()
    if expected_revision not in {None, organisation.revision}:
        raise RevisionConflict(
            f"The organisation is at revision {organisation.revision} by now; look again.",
            answer={"organisation": organisation.id.hex},
        )
    if name is not None:
        organisation.name = texts.name(name).strip()
    organisation.revision += 1
    organisation.updated_at = clock.now()
    return organisation


async def switch_organisation(tx: Tx, actor: Actor, organisation_id: UUID) -> Organisation:
    """Make another organisation of the actor's the current one.

    Signed-in browsers go with it; open sockets end, to begin anew there.
    """
    wanted = queries.visible_organisations(actor).where(Organisation.id == organisation_id)
    organisation = (await tx.exec(wanted)).one_or_none()
    if organisation is None:
        told = ids.encode(Kind.ORGANISATION, organisation_id)
        raise NotFound(f"You are in no organisation {told}.", field=("organisation_id",))
    await tx.exec(
        update(User)
        .where(col(User.id) == actor.user_id)
        .values(current_organisation_id=organisation_id)
    )
    await tx.exec(
        update(BrowserSession)
        .where(col(BrowserSession.user_id) == actor.user_id)
        .values(organisation_id=organisation_id)
    )
    await members.end_access(tx, actor, actor.user_id)
    return organisation


async def rename_me(tx: Tx, actor: Actor, name: str) -> None:
    """Set the name that others see; it may be empty."""
    told = texts.checked(name, field=("name",), most=texts.NAME_LENGTH)
    await tx.exec(update(User).where(col(User.id) == actor.user_id).values(name=told))


async def create_tag(tx: Tx, actor: Actor, *, name: str, description: str) -> Tag:
    """A new tag. Raises AlreadyExists if the organisation has one of this name."""
    actor.must(Permission.MANAGE_TAGS)
    tag = Tag(
        organisation_id=actor.organisation_id,
        name=texts.name(name),
        description=texts.description(description),
    )
    # two requests at once: the second finds the first one's tag instead of failing
    added = insert(Tag).values(tag.model_dump()).on_conflict_do_nothing().returning(col(Tag.id))
    if (await tx.execute(added)).one_or_none() is None:
        same = (await tx.exec(queries.visible_tags(actor).where(Tag.name == name))).one()
        raise AlreadyExists(
            f"There is a tag {name[:60]!r} already.", field=("name",), answer={"tag": same.id.hex}
        )
    return tag


async def delete_tag(tx: Tx, actor: Actor, tag_id: UUID) -> None:
    """Delete a tag, and take it off everything that it marks."""
    tag = (await queries.tags_by_id(tx, actor, [tag_id])).get(tag_id)
    if tag is None:
        raise NotFound(
            f"There is no tag {ids.encode(Kind.TAG, tag_id)} for you.", field=("tag_id",)
        )
    actor.must(Permission.MANAGE_TAGS)
    await tx.delete(tag)
