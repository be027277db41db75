"""Putting files into a collection and taking them out. What is in already, or out, stays so."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.accounts.actor import Actor
from app.collections import service
from app.collections.models import Collection, CollectionFile
from app.core import clock
from app.core.db import Tx
from app.core.errors import Invalid, NotFound
from app.files import access, outcomes, tree
from app.files.models import File
from app.files.outcomes import ItemStatus, Outcome


async def add(tx: Tx, actor: Actor, collection_id: UUID, file_ids: Sequence[UUID]) -> list[Outcome]:
    """Put files in; what became of each, in the order given. At most 1,000.

    A file must be visible to the actor and lie somewhere below the collection's folder.
    """
    outcomes.check_count(file_ids, field=("file_ids",))
    collection = await service.changeable(tx, actor, collection_id)
    places = await _places(tx, actor, collection, file_ids)
    new = await put(tx, collection, [key for key, is_below in places.items() if is_below])
    return [_added(file_id, places, new) for file_id in file_ids]


async def remove(
    tx: Tx, actor: Actor, collection_id: UUID, file_ids: Sequence[UUID]
) -> list[Outcome]:
    """Take files out, also such as the actor may not see; what became of each, in the order given."""
    outcomes.check_count(file_ids, field=("file_ids",))
    collection = await service.changeable(tx, actor, collection_id)
    gone = await take(tx, collection, file_ids)
    return [_removed(file_id, gone) for file_id in file_ids]


async def put(tx: Tx, collection: Collection, file_ids: Iterable[UUID]) -> set[UUID]:
    """Put in files that were found, and are held until the commit; those that were not in before."""
    row = select(
        literal(collection.organisation_id, Uuid),
        literal(collection.id, Uuid),
        func.unnest(literal(sorted(file_ids), ARRAY(Uuid))),
        literal(clock.now()),
    )
    columns = ["organisation_id", "collection_id", "file_id", "added_at"]
    statement = (
        insert(CollectionFile)
        .from_select(columns, row)
        .on_conflict_do_nothing()
        .returning(col(CollectionFile.file_id))
    )
    new = set((await tx.execute(statement)).scalars())
    if new:
        service.touch(collection)
    return new


async def take(tx: Tx, collection: Collection, file_ids: Iterable[UUID]) -> set[UUID]:
    """Take files out; those that were in."""
    statement = (
        delete(CollectionFile)
        .where(
            col(CollectionFile.organisation_id) == collection.organisation_id,
            col(CollectionFile.collection_id) == collection.id,
            col(CollectionFile.file_id).in_(list(file_ids)),
        )
        .returning(col(CollectionFile.file_id))
    )
    gone = set((await tx.execute(statement)).scalars())
    if gone:
        service.touch(collection)
    return gone


async def hold(tx: Tx, actor: Actor, file_ids: Iterable[UUID]) -> set[UUID]:
    """Keep files from being deleted until the commit; those of them that are there, and visible to the actor."""
    wanted = access.visible_files(actor).where(col(File.id).in_(list(file_ids)))
    held = wanted.order_by(col(File.id)).with_for_update(read=True, key_share=True, of=File)
    return set((await tx.execute(held.with_only_columns(col(File.id)))).scalars())


async def _places(
    tx: Tx, actor: Actor, collection: Collection, file_ids: Sequence[UUID]
) -> dict[UUID, bool]:
    """Of the files that the actor may see: whether they lie below the collection's folder. Held in place."""
    below = tree.below_id(collection.organisation_id, collection.folder_id)
    wanted = access.visible_files(actor).where(col(File.id).in_(file_ids)).order_by(col(File.id))
    held = wanted.with_for_update(read=True, key_share=True, of=File)
    is_below = col(File.folder_id).in_(below)
    rows = await tx.execute(held.with_only_columns(col(File.id), is_below))
    return {file_id: bool(found) for file_id, found in rows.all()}


def vanished(file_id: UUID) -> Outcome:
    """The fate of a file that was found a moment ago and is there no more."""
    return _added(file_id, {}, set())


def _added(file_id: UUID, places: Mapping[UUID, bool], new: set[UUID]) -> Outcome:
    outcome = Outcome(file_id=file_id, status=ItemStatus.UNCHANGED)
    with outcome.judged():
        if file_id not in places:
            raise NotFound("There is no such file for you.", field=("file_ids",))
        if not places[file_id]:
            raise Invalid("It does not lie below the collection's folder.", field=("file_ids",))
        if file_id in new:
            new.remove(file_id)  # named again, it is there already
            outcome.status = ItemStatus.UPDATED
    return outcome


def _removed(file_id: UUID, gone: set[UUID]) -> Outcome:
    outcome = Outcome(file_id=file_id, status=ItemStatus.UPDATED)
    with outcome.judged():
        if file_id not in gone:
            raise NotFound("It is not in this collection.", field=("file_ids",))
        gone.remove(file_id)
    return outcome
