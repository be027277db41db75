"""What may be read of collections. Whoever sees the folder of one sees the collection."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.accounts.actor import Actor
from app.accounts.by_id import ById
from app.collections.models import Collection, CollectionFile
from app.core.db import Session
from app.core.errors import TooLarge
from app.core.paging import Listing, Order
from app.core.texts import is_storable
from app.files import access
from app.files.models import File, Folder

MOST_LISTED = 1_000
LONGEST_TEXT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionFilter:
    """Which collections: what is given must all hold. `name` is a part of it in any case."""

    ids: Sequence[UUID] | None = None
    folder_id: UUID | None = None
    name: str | None = None


def visible(actor: Actor) -> SelectOfScalar[Collection]:
    """The collections that the actor may look at by id: those of the folders they may look at."""
    return _in(actor, access.visible_folders(actor))


def listed(actor: Actor, *, whole_organisation: bool = False) -> SelectOfScalar[Collection]:
    """The collections that a listing shows: those of the folders that it shows."""
    return _in(actor, access.listed_folders(actor, whole_organisation=whole_organisation))


by_id = ById(Collection, visible)
"""Collections by id."""


def collections(
    actor: Actor, given: CollectionFilter, *, whole_organisation: bool = False
) -> Listing[Collection]:
    """The collections that the filter lets through, the oldest first. Raises TooLarge."""
    statement = listed(actor, whole_organisation=whole_organisation).where(*_tests(given))
    key = ("collections", given, whole_organisation)
    order: Order[Collection] = Order(columns=(col(Collection.id),))
    return Listing(statement, order, key, is_filtered=given != CollectionFilter())


def files_in(actor: Actor, collection_id: UUID) -> Listing[File]:
    """The files in a collection that the actor may see, in the order of their ids."""
    statement = access.visible_files(actor).join(
        CollectionFile,
        and_(
            col(CollectionFile.organisation_id) == col(File.organisation_id),
            col(CollectionFile.file_id) == col(File.id),
        ),
    )
    statement = statement.where(CollectionFile.collection_id == collection_id)
    # the collection's own column: a page far down begins where it stands in the collection's key
    order: Order[File] = Order(columns=(col(CollectionFile.file_id).label("id"),))
    return Listing(statement, order, ("collection", collection_id))


def places_in(actor: Actor, collection_id: UUID) -> Listing[CollectionFile]:
    """What is in a collection, also those files that the actor may not see, in the order of their ids."""
    seen = visible(actor).where(Collection.id == collection_id)
    statement = select(CollectionFile).where(
        CollectionFile.organisation_id == actor.organisation_id,
        col(CollectionFile.collection_id).in_(seen.with_only_columns(col(Collection.id))),
    )
    order: Order[CollectionFile] = Order(columns=(col(CollectionFile.file_id),), name="file")
    return Listing(statement, order, ("places", collection_id))


def file_ids(collection: Collection) -> Select[Any]:
    """What is in a collection that was found, also files that nobody may see."""
    inside = col(CollectionFile.organisation_id) == collection.organisation_id
    return select(col(CollectionFile.file_id)).where(
        inside, col(CollectionFile.collection_id) == collection.id
    )


async def file_counts(
    session: Session, actor: Actor, collection_ids: Sequence[UUID]
) -> dict[UUID, int]:
    """How many files each collection has, those that the actor may not see included."""
    statement = (
        select(CollectionFile.collection_id, func.count())
        .where(
            CollectionFile.organisation_id == actor.organisation_id,
            col(CollectionFile.collection_id).in_(_ids(visible(actor), collection_ids)),
        )
        .group_by(col(CollectionFile.collection_id))
    )
    return dict.fromkeys(collection_ids, 0) | dict((await session.exec(statement)).all())


def _in(actor: Actor, folders: SelectOfScalar[Folder]) -> SelectOfScalar[Collection]:
    return select(Collection).where(
        Collection.organisation_id == actor.organisation_id,
        col(Collection.folder_id).in_(folders.with_only_columns(col(Folder.id))),
    )


def _ids(rows: SelectOfScalar[Collection], ids: Sequence[UUID]) -> Select[Any]:
    return rows.where(col(Collection.id).in_(ids)).with_only_columns(col(Collection.id))


def _tests(given: CollectionFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if given.ids is not None:
        if len(given.ids) > MOST_LISTED:
            raise TooLarge(f"At most {MOST_LISTED:,} ids.", field=("filter", "ids"))
        found.append(col(Collection.id).in_(given.ids))
    if given.folder_id is not None:
        found.append(col(Collection.folder_id) == given.folder_id)
    if given.name is not None:
        found.append(_is_named(given.name))
    return found


def _is_named(part: str) -> ColumnElement[bool]:
    if len(part) > LONGEST_TEXT:
        message = f"A part of a name has at most {LONGEST_TEXT:,} characters."
        raise TooLarge(message, field=("filter", "name"))
    if not is_storable(part):
        return col(Collection.id).in_([])
    return func.strpos(func.lower(col(Collection.name)), func.lower(part)) > 0
