"""Giving, changing and taking roles on folders and integrations, as people ask for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.accounts.actor import Actor
from app.accounts.permissions import FolderPermission, IntegrationPermission
from app.accounts.roles import EntityRole
from app.core.db import Tx
from app.files import access, grants
from app.files.models import Folder, Integration

Kind = type[Folder] | type[Integration]


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Members by id or e-mail, and groups."""

    user_ids: Sequence[UUID] = ()
    emails: Sequence[str] = ()
    group_ids: Sequence[UUID] = ()


async def share(
    tx: Tx, actor: Actor, kind: Kind, thing_id: UUID, to: People, role: EntityRole
) -> None:
    """Give a role to people; who has one of their own keeps that."""
    thing = await _shareable(tx, actor, kind, thing_id)
    await grants.give(tx, thing, await _found(tx, actor, to, must_exist=True), role)


async def change_role(
    tx: Tx, actor: Actor, kind: Kind, thing_id: UUID, of: People, role: EntityRole
) -> None:
    """Give people another role than the one that they have."""
    thing = await _shareable(tx, actor, kind, thing_id)
    await grants.change(tx, thing, await _found(tx, actor, of, must_exist=True), role)


async def unshare(tx: Tx, actor: Actor, kind: Kind, thing_id: UUID, of: People) -> None:
    """Take people's roles away; who has none, or is unknown, is passed over."""
    thing = await _shareable(tx, actor, kind, thing_id)
    await grants.take(tx, thing, await _found(tx, actor, of, must_exist=False))


async def _shareable(tx: Tx, actor: Actor, kind: Kind, thing_id: UUID) -> Folder | Integration:
    if kind is Folder:
        return await access.folder(tx, actor, thing_id, FolderPermission.SHARE)
    return await access.integration(tx, actor, thing_id, IntegrationPermission.SHARE)


async def _found(tx: Tx, actor: Actor, people: People, *, must_exist: bool) -> grants.Grantees:
    return await grants.find(
        tx,
        actor,
        user_ids=people.user_ids,
        emails=people.emails,
        group_ids=people.group_ids,
        must_exist=must_exist,
    )
