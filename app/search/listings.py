"""The lists of files that a filter lets through."""

from collections.abc import Hashable
from functools import partial
from typing import Any
from uuid import UUID

from sqlmodel.sql.expression import SelectOfScalar

from app.accounts.actor import Actor
from app.accounts.pages import ListingOf, Prepared
from app.core.paging import Listing
from app.core.reads import Reads
from app.files import access, breadth
from app.files.models import File
from app.search import conditions, filters, places, sorts
from app.search import keys as known_keys
from app.search.filters import FileFilter, PlaceTest
from app.search.keys import Keys
from app.search.sorts import Sort

NOWHERE = UUID(int=0)


def keys_of(tree: FileFilter, sort: Sort = ()) -> frozenset[str]:
    """The metadata keys that filter and sort name."""
    return filters.keys_of(tree) | sorts.keys_of(sort)


def statement(
    actor: Actor, tree: FileFilter, keys: Keys, *, whole_organisation: bool = False
) -> SelectOfScalar[File]:
    """The files that the filter lets through and a listing shows."""
    listed = access.listed_files(actor, whole_organisation=whole_organisation)
    return listed.where(conditions.condition(actor, tree, keys))


def files(
    actor: Actor,
    tree: FileFilter,
    sort: Sort,
    keys: Keys,
    listed: SelectOfScalar[File],
    *,
    whole_organisation: bool = False,
) -> Listing[File]:
    """The files that the filter lets through, of those that a listing shows, in this order."""
    found = listed.where(conditions.condition(actor, tree, keys))
    return _listing(found, tree, sort, keys, whole_organisation)


async def found(
    reads: Reads, actor: Actor, tree: FileFilter, sort: Sort, *, whole_organisation: bool = False
) -> Listing[File]:
    """The same with the keys of the moment; what was made before is used again."""
    names, whole = keys_of(tree, sort), whole_organisation
    is_plain = whole or not _is_filtered(tree, sort)
    most = False if is_plain else await breadth.sees_most(reads, actor)

    def listed() -> SelectOfScalar[File]:
        made = partial(access.listed_files, actor, whole_organisation=whole, sees_most=most)
        statement: SelectOfScalar[File] = reads.kept.get(("listed", actor.eyes, whole, most), made)
        return statement

    def make(keys: Keys) -> Listing[File]:
        kept = ("files", actor.eyes, repr(tree), sort, whole, most, keys.mark(names))
        listing: Listing[File] = reads.kept.get(
            kept, lambda: files(actor, tree, sort, keys, listed(), whole_organisation=whole)
        )
        return listing

    return await known_keys.using(reads, actor, names, make)


def files_in(
    actor: Actor, place: PlaceTest, tree: FileFilter, sort: Sort, keys: Keys
) -> Listing[File]:
    """The files of one folder that the filter lets through, in this order."""
    found = access.visible_files(actor).where(
        places.in_folder(actor, place), conditions.condition(actor, tree, keys)
    )
    return _listing(found, tree, sort, keys, place)


def of_folders(tree: FileFilter, sort: Sort, *, is_recursive: bool) -> Prepared:
    """The same list of many folders, each given by its id; what the filter and the sort name is read first."""
    names = keys_of(tree, sort)

    async def read(reads: Reads, actor: Actor) -> tuple[Hashable, ListingOf]:
        def lists(keys: Keys) -> tuple[Hashable, ListingOf]:
            def listing(actor: Actor, parent: UUID) -> Listing[File]:
                place = PlaceTest(folder_id=parent, is_recursive=is_recursive)
                return files_in(actor, place, tree, sort, keys)

            listing(actor, NOWHERE)  # refuses what does not fit while the keys can be read again
            return keys.mark(names), listing

        return await known_keys.using(reads, actor, names, lists)

    return Prepared(read)


def _listing(
    found: SelectOfScalar[File], tree: FileFilter, sort: Sort, keys: Keys, place: Any
) -> Listing[File]:
    key = (tree, place, keys.mark(keys_of(tree, sort)))
    return Listing(found, sorts.order(sort, keys), key, is_filtered=_is_filtered(tree, sort))


def _is_filtered(tree: FileFilter, sort: Sort) -> bool:
    return tree != FileFilter() or sorts.depends_on_values(sort)
