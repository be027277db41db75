"""The lists of folders, composites and integrations that are paged: which rows, in which order.

Those of files that filters let through are in `app.search`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select

from app.accounts.actor import Actor
from app.core.db import Session
from app.core.paging import Listing, Order
from app.core.texts import is_storable
from app.files import access, filters, queries
from app.files.filters import FolderFilter
from app.files.models import (
    File,
    FileMember,
    Folder,
    FolderGrant,
    FolderTag,
    Integration,
    IntegrationGrant,
)

T = TypeVar("T")


class SortField(StrEnum):
    """What folders can be sorted by; indexes carry both."""

    CREATED_AT = "CREATED_AT"
    """By id: ids grow with time."""
    NAME = "NAME"


@dataclass(frozen=True, slots=True)
class Sort:
    """One field and its direction; the id breaks ties."""

    field: SortField = SortField.CREATED_AT
    is_descending: bool = False


async def folders(
    session: Session,
    actor: Actor,
    given: FolderFilter,
    sort: Sort,
    *,
    is_recursive: bool = False,
    whole_organisation: bool = False,
) -> Listing[Folder]:
    """The topmost folders that the actor is shown, or with `is_recursive` those at every depth."""
    statement = access.listed_folders(actor, whole_organisation=whole_organisation)
    if not is_recursive:
        at_the_top = access.is_at_the_top(actor, whole_organisation=whole_organisation)
        statement = statement.where(at_the_top)
    statement = statement.where(filters.folder_condition(given))
    if given.tags:
        statement = statement.where(await _has_all(session, actor, given.tags))
    key = (given, is_recursive, whole_organisation)
    return Listing(statement, _folder_order(sort), key, is_filtered=given != FolderFilter())


def subfolders(actor: Actor, parent_id: UUID, sort: Sort) -> Listing[Folder]:
    """The folders right below one."""
    statement = access.visible_folders(actor).where(Folder.parent_id == parent_id)
    return Listing(statement, _folder_order(sort), parent_id)


def members(actor: Actor, composite_id: UUID) -> Listing[FileMember]:
    """The places of a composite, in order, also those whose file the actor may not see."""
    composite = access.visible_files(actor).where(File.id == composite_id)
    statement = select(FileMember).where(
        FileMember.organisation_id == actor.organisation_id,
        col(FileMember.composite_id).in_(composite.with_only_columns(col(File.id))),
    )
    order = Order[FileMember](_columns(FileMember.position))
    return Listing(statement, order, composite_id)


def composites(actor: Actor, member_id: UUID) -> Listing[File]:
    """The composites that contain a file, as far as the actor may see them."""
    containing = select(FileMember.composite_id).where(
        FileMember.organisation_id == actor.organisation_id, FileMember.member_id == member_id
    )
    statement = access.visible_files(actor).where(col(File.id).in_(containing))
    order = Order[File](_columns(File.id))
    return Listing(statement, order, member_id)


def integrations(
    actor: Actor,
    *,
    ids: Sequence[UUID] | None = None,
    titles: Sequence[str] | None = None,
    whole_organisation: bool = False,
) -> Listing[Integration]:
    """Integrations of these ids and of these exact titles: where both are given, both must hold."""
    statement = access.listed_integrations(actor, whole_organisation=whole_organisation)
    if ids is not None:
        statement = statement.where(col(Integration.id).in_(ids))
    if titles is not None:
        statement = statement.where(col(Integration.title).in_(list(filter(is_storable, titles))))
    order = Order[Integration](_columns(Integration.id))
    return Listing(statement, order, (ids, titles, whole_organisation))


def folder_grants(actor: Actor, folder_id: UUID) -> Listing[FolderGrant]:
    """The roles that were given on one folder itself."""
    statement = select(FolderGrant).where(
        FolderGrant.organisation_id == actor.organisation_id,
        col(FolderGrant.folder_id).in_(queries.visible_folder_ids(actor, [folder_id])),
    )
    order = Order[FolderGrant](_columns(FolderGrant.id))
    return Listing(statement, order, folder_id)


def integration_grants(actor: Actor, integration_id: UUID) -> Listing[IntegrationGrant]:
    """The roles that were given on one integration."""
    visible = access.visible_integrations(actor).where(Integration.id == integration_id)
    statement = select(IntegrationGrant).where(
        IntegrationGrant.organisation_id == actor.organisation_id,
        col(IntegrationGrant.integration_id).in_(visible.with_only_columns(col(Integration.id))),
    )
    order = Order[IntegrationGrant](_columns(IntegrationGrant.id))
    return Listing(statement, order, integration_id)


async def _has_all(session: Session, actor: Actor, names: Sequence[str]) -> ColumnElement[bool]:
    """Whether a folder has every one of these tags."""
    tags = await queries.tags_by_name(session, actor, names, field=("filter", "tags"))
    tagged = (
        select(FolderTag.folder_id)
        .where(FolderTag.organisation_id == actor.organisation_id)
        .where(col(FolderTag.tag_id).in_(tags.values()))
        .group_by(col(FolderTag.folder_id))
        .having(func.count() == len(tags))
    )
    return col(Folder.id).in_(tagged)


def _folder_order(sort: Sort) -> Order[Folder]:
    if sort.field is SortField.NAME:
        columns = _columns(Folder.name, Folder.id)
        return Order(columns, sort.is_descending, sort.field)
    return Order(_columns(Folder.id), sort.is_descending, sort.field)


def _columns(*members: Any) -> list[ColumnElement[Any]]:
    """The members of a model as the columns that they are in SQL."""
    return list(members)
