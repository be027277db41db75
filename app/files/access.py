"""Who may see folders, files and integrations, and do what with them: the one place that says so.

A role on a folder holds for everything below it. Of several roles (one's own, those of one's groups, those
inherited) the strongest counts. An administrator of the organisation may see and do everything by id;
listings show them what others share, unless they ask for all of the organisation.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.accounts.actor import Actor
from app.accounts.models import GroupMember
from app.accounts.permissions import (
    FolderPermission,
    IntegrationPermission,
    Permission,
    folder_allows,
    integration_allows,
)
from app.accounts.roles import EntityRole
from app.core.db import Session, Tx
from app.core.errors import Forbidden, NotFound, Path
from app.files.models import (
    File,
    Folder,
    FolderAncestor,
    FolderGrant,
    Integration,
    IntegrationGrant,
)

Roles = dict[UUID, EntityRole]


def visible_folders(actor: Actor) -> SelectOfScalar[Folder]:
    """The folders that the actor may look at by id."""
    folders = _folders(actor)
    return folders if actor.is_organisation_admin else folders.where(_is_reached(actor, Folder.id))


def listed_folders(actor: Actor, *, whole_organisation: bool = False) -> SelectOfScalar[Folder]:
    """The folders that a listing shows: those with a role, or all for an administrator who asks."""
    if whole_organisation:
        actor.must(Permission.SEE_ALL)
        return _folders(actor)
    return _folders(actor).where(_is_reached(actor, Folder.id))


def visible_files(actor: Actor) -> SelectOfScalar[File]:
    """The files that the actor may look at by id: those in the folders they may look at."""
    files = _files(actor)
    return files if actor.is_organisation_admin else files.where(_is_reached(actor, File.folder_id))


def listed_files(
    actor: Actor, *, whole_organisation: bool = False, sees_most: bool = False
) -> SelectOfScalar[File]:
    """The files that a listing shows.

    If the actor `sees_most` of the folders, PostgreSQL is kept from beginning with them: it takes any set of
    folders for a small one. What is found is the same.
    """
    if whole_organisation:
        actor.must(Permission.SEE_ALL)
        return _files(actor)
    is_reached = _is_reached(actor, File.folder_id)
    return _files(actor).where(func.coalesce(is_reached, false()) if sees_most else is_reached)


def visible_integrations(actor: Actor) -> SelectOfScalar[Integration]:
    """The integrations that the actor may look at by id."""
    if actor.is_organisation_admin:
        return _integrations(actor)
    return listed_integrations(actor)


def listed_integrations(
    actor: Actor, *, whole_organisation: bool = False
) -> SelectOfScalar[Integration]:
    """The integrations that a listing shows."""
    if whole_organisation:
        actor.must(Permission.SEE_ALL)
        return _integrations(actor)
    mine = select(IntegrationGrant.integration_id).where(_is_mine(actor, IntegrationGrant))
    return _integrations(actor).where(col(Integration.id).in_(mine))


def is_at_the_top(actor: Actor, *, whole_organisation: bool = False) -> ColumnElement[bool]:
    """Whether a folder has no parent that the actor is shown."""
    root = col(Folder.parent_id).is_(None)
    return root if whole_organisation else or_(root, ~_is_reached(actor, Folder.parent_id))


async def folder_roles(session: Session, actor: Actor, ids: Collection[UUID]) -> Roles:
    """The actor's own role on each folder, inherited ones included; without a role, left out."""
    is_admin = func.bool_or(col(FolderGrant.role) == EntityRole.ADMIN)
    statement = (
        _reached(actor)
        .add_columns(is_admin)
        .where(col(FolderAncestor.folder_id).in_(ids))
        .group_by(col(FolderAncestor.folder_id))
    )
    return _strongest(await session.execute(statement))


async def integration_roles(session: Session, actor: Actor, ids: Collection[UUID]) -> Roles:
    """The actor's own role on each integration; without a role, left out."""
    is_admin = func.bool_or(col(IntegrationGrant.role) == EntityRole.ADMIN)
    statement = (
        select(IntegrationGrant.integration_id, is_admin)
        .where(_is_mine(actor, IntegrationGrant), col(IntegrationGrant.integration_id).in_(ids))
        .group_by(col(IntegrationGrant.integration_id))
    )
    return _strongest(await session.execute(statement))


async def folder(
    tx: Tx, actor: Actor, folder_id: UUID, needs: FolderPermission, *, field: Path = ("folder_id",)
) -> Folder:
    """The folder, locked for a change. Raises NotFound if invisible, Forbidden if not allowed."""
    found = (await folders(tx, actor, [folder_id], needs, field=field)).values()
    return next(iter(found))


async def folders(
    tx: Tx,
    actor: Actor,
    ids: Collection[UUID],
    needs: FolderPermission,
    *,
    field: Path = ("folder_id",),
) -> dict[UUID, Folder]:
    """These folders, all of them, locked for a change."""
    statement = visible_folders(actor).where(col(Folder.id).in_(ids)).order_by(col(Folder.id))
    found = {row.id: row for row in await tx.exec(statement.with_for_update())}
    if not found.keys() >= set(ids):
        raise NotFound("There is no such folder for you.", field=field)
    await must_allow(tx, actor, found, needs, field=field)
    return found


async def files(
    tx: Tx, actor: Actor, ids: Sequence[UUID], needs: FolderPermission, *, field: Path = ("ids",)
) -> list[File]:
    """These files, all of them and in this order, locked for a change."""
    found = await locked_files(tx, actor, ids)
    for position, file_id in enumerate(ids):
        if file_id not in found:
            raise NotFound("There is no such file for you.", field=(*field, position))
    folder_ids = {row.folder_id for row in found.values()}
    await must_allow(tx, actor, folder_ids, needs, field=field)
    return [found[file_id] for file_id in ids]


async def locked_files(tx: Tx, actor: Actor, ids: Collection[UUID]) -> dict[UUID, File]:
    """Those of the files that the actor may look at, locked in the order of their ids."""
    statement = visible_files(actor).where(col(File.id).in_(ids)).order_by(col(File.id))
    return {row.id: row for row in await tx.exec(statement.with_for_update())}


async def must_allow(
    session: Session,
    actor: Actor,
    folder_ids: Collection[UUID],
    needs: FolderPermission,
    *,
    field: Path = (),
) -> None:
    """Raises Forbidden unless the actor's role allows it in every one of these visible folders."""
    allowed = await allowing(session, actor, folder_ids, needs)
    if not allowed >= set(folder_ids):
        what = needs.value.lower().replace("_", " ")
        raise Forbidden(f"Your role on this folder does not allow to {what}.", field=field)


async def allowing(
    session: Session, actor: Actor, folder_ids: Collection[UUID], needs: FolderPermission
) -> set[UUID]:
    """Those of these visible folders where the actor may do that."""
    if actor.is_organisation_admin:
        return set(folder_ids)
    roles = await folder_roles(session, actor, folder_ids)
    return {key for key in folder_ids if folder_allows(roles.get(key), needs)}


async def integration(
    tx: Tx,
    actor: Actor,
    integration_id: UUID,
    needs: IntegrationPermission,
    *,
    field: Path = ("integration_id",),
) -> Integration:
    """The integration, locked for a change. Raises NotFound if invisible, Forbidden if not allowed."""
    statement = visible_integrations(actor).where(col(Integration.id) == integration_id)
    found = (await tx.exec(statement.with_for_update())).one_or_none()
    if found is None:
        raise NotFound("There is no such integration for you.", field=field)
    if not actor.is_organisation_admin:
        roles = await integration_roles(tx, actor, [integration_id])
        if not integration_allows(roles.get(integration_id), needs):
            raise Forbidden(
                "This takes the role ADMIN on the integration; you have USER.", field=field
            )
    return found


def _folders(actor: Actor) -> SelectOfScalar[Folder]:
    return select(Folder).where(Folder.organisation_id == actor.organisation_id)


def _files(actor: Actor) -> SelectOfScalar[File]:
    return select(File).where(File.organisation_id == actor.organisation_id)


def _integrations(actor: Actor) -> SelectOfScalar[Integration]:
    return select(Integration).where(Integration.organisation_id == actor.organisation_id)


def _is_mine(
    actor: Actor, grant: type[FolderGrant] | type[IntegrationGrant]
) -> ColumnElement[bool]:
    """Whether a grant is the actor's own, or one of the actor's groups'."""
    groups = select(GroupMember.group_id).where(
        GroupMember.organisation_id == actor.organisation_id, GroupMember.user_id == actor.user_id
    )
    return and_(
        col(grant.organisation_id) == actor.organisation_id,
        or_(col(grant.user_id) == actor.user_id, col(grant.group_id).in_(groups)),
    )


def _reached(actor: Actor) -> SelectOfScalar[UUID]:
    """The folders with a grant of the actor's on them or above them, once for each such grant."""
    granted = and_(
        col(FolderGrant.organisation_id) == col(FolderAncestor.organisation_id),
        col(FolderGrant.folder_id) == col(FolderAncestor.ancestor_id),
    )
    return (
        select(FolderAncestor.folder_id)
        .join(FolderGrant, granted)
        .where(
            FolderAncestor.organisation_id == actor.organisation_id, _is_mine(actor, FolderGrant)
        )
    )


def _is_reached(actor: Actor, folder_id: UUID | None) -> ColumnElement[bool]:
    """Whether the actor has a role on the folder that this column names."""
    return col(folder_id).in_(_reached(actor))


def _strongest(rows: Iterable[Any]) -> Roles:
    """Roles of pairs: an id, and whether one of its grants is for administrators."""
    return {key: EntityRole.ADMIN if is_admin else EntityRole.USER for key, is_admin in rows}
