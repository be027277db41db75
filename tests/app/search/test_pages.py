"""Pages of a search: the same list from both ends, and none twice or left out while files come and go."""

from collections.abc import AsyncIterator
from functools import cmp_to_key
from itertools import chain
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import delete

from app.core import paging
from app.core.db import Scope
from app.core.errors import Invalid
from app.core.paging import Listing, Page
from app.core.runtime import Runtime
from app.files import access
from app.files.comparisons import RangeTest
from app.files.models import File
from app.search import listings
from app.search.filters import FileFilter
from app.search.sorts import SortField, SortKey
from tests.app.search.naive import cast
from tests.app.search.shelf import Known, Shelf
from tests.world import World

METADATA = ("number", "boolean", "datetime", "uuid", "varchar", "enum")
FIELDS = {
    SortField.CREATED_AT: "id",
    SortField.NAME: "name",
    SortField.UPDATED_AT: "updated_at",
    SortField.SIZE: "byte_size",
    SortField.DURATION: "duration_seconds",
    SortField.WIDTH: "width",
    SortField.HEIGHT: "height",
}
EVERY = FileFilter(or_=[FileFilter(is_component=True), FileFilter(is_component=False)])


@pytest.fixture(scope="module")
async def shelf(runtime: Runtime) -> Shelf:
    return await Shelf.filled(World(runtime), count=40)


def sorts(random: Random) -> tuple[SortKey, ...]:
    """One to three keys, each in some direction."""
    names = random.sample([*METADATA, *FIELDS], random.choice([1, 1, 2, 3]))
    return tuple(
        SortKey(
            field=name if isinstance(name, SortField) else None,
            metadata_key=None if isinstance(name, SortField) else name,
            is_descending=random.random() < 0.5,
        )
        for name in names
    )


def sorted_naively(files: list[Known], sort: tuple[SortKey, ...]) -> list[UUID]:
    """The ids in order: without a value last, then by id in the direction of the last key."""
    keys = [*sort, SortKey(field=SortField.CREATED_AT, is_descending=sort[-1].is_descending)]

    def compared(one: Known, other: Known) -> int:
        for key in keys:
            a, b = value_of(one, key), value_of(other, key)
            if a == b:
                continue
            if a is None or b is None:
                return 1 if a is None else -1
            return -1 if (a < b) != key.is_descending else 1
        return 0

    return [file.row.id for file in sorted(files, key=cmp_to_key(compared))]


def value_of(file: Known, key: SortKey) -> Any:
    if key.metadata_key is not None:
        return cast(key.metadata_key, file.document.get(key.metadata_key))
    return getattr(file.row, FIELDS[key.field or SortField.CREATED_AT])


def listing(shelf: Shelf, sort: tuple[SortKey, ...], tree: FileFilter = EVERY) -> Listing[File]:
    actor = shelf.person.actor
    return listings.files(actor, tree, sort, shelf.keys, access.listed_files(actor))


async def pages(
    runtime: Runtime, shelf: Shelf, listed: Listing[File], size: int, *, is_backward: bool
) -> AsyncIterator[list[UUID]]:
    """The pages of a list from its start, or from its end."""
    cursor: str | None = None
    scope = shelf.person.actor.scope
    while True:
        page = Page(last=size, before=cursor) if is_backward else Page(first=size, after=cursor)
        found = await paging.fetch(runtime.reads, scope, listed, page, frozenset({"id"}))
        yield [row.id for row in found.rows]
        if not (found.has_previous if is_backward else found.has_next):
            return
        cursor = found.cursor(0 if is_backward else -1)


@pytest.mark.parametrize("seed", range(40))
async def test_pages_from_either_end_make_up_the_sorted_list(
    runtime: Runtime, shelf: Shelf, seed: int
) -> None:
    random = Random(seed)
    sort = sorts(random)
    expected = sorted_naively(shelf.files, sort)
    listed, size = listing(shelf, sort), random.choice([1, 7, 16, 50])
    forward = [part async for part in pages(runtime, shelf, listed, size, is_backward=False)]
    assert list(chain.from_iterable(forward)) == expected, sort
    backward = [part async for part in pages(runtime, shelf, listed, size, is_backward=True)]
    assert list(chain.from_iterable(backward[::-1])) == expected, sort


@pytest.mark.parametrize("seed", range(20))
async def test_between_two_cursors_lies_what_lies_between_them(
    runtime: Runtime, shelf: Shelf, seed: int
) -> None:
    random = Random(seed)
    listed = listing(shelf, sorts(random))
    scope = shelf.person.actor.scope
    everything = await paging.fetch(runtime.reads, scope, listed, Page(first=100))
    ids, cursors = [row.id for row in everything.rows], everything.cursors()
    low, high = sorted(random.sample(range(len(ids)), 2))
    between = {"after": cursors[low], "before": cursors[high]}
    for page, expected in (
        (Page(first=5, **between), ids[low + 1 : high][:5]),
        (Page(last=5, **between), ids[low + 1 : high][-5:]),
    ):
        found = await paging.fetch(runtime.reads, scope, listed, page, frozenset({"id"}))
        assert [row.id for row in found.rows] == expected


@pytest.mark.parametrize("seed", range(6))
async def test_what_stays_is_listed_once_while_files_come_and_go(
    runtime: Runtime, world: World, seed: int
) -> None:
    random = Random(seed)
    moving = await Shelf.filled(world, count=15)
    sort, is_backward, gone = sorts(random), seed % 2 == 1, set[UUID]()
    old, parts = sorted_naively(moving.files, sort), list[list[UUID]]()
    listed = listing(moving, sort)
    async for part in pages(
        runtime, moving, listed, random.choice([1, 3]), is_backward=is_backward
    ):
        parts.append(part)
        one, other = random.choice(moving.files), random.choice(moving.files)
        gone.add(await forget(world, one.row))
        if len(parts) < 30:
            more = {"metadata": other.document, "width": other.row.width}
            await world.file(moving.person, moving.folders[0], "new", **more)
    seen = list(chain.from_iterable(parts[::-1] if is_backward else parts))
    assert len(seen) == len(set(seen))
    staying = set(old) - gone
    assert [one for one in seen if one in staying] == [one for one in old if one in staying]


async def forget(world: World, file: File) -> UUID:
    """Delete a file, if it is still there; its id."""
    async with world.runtime.db.transaction(Scope(file.organisation_id)) as tx:
        await tx.exec(delete(File).where(File.id == file.id))
    return file.id


async def test_a_cursor_belongs_to_one_filter_and_one_sort(runtime: Runtime, shelf: Shelf) -> None:
    by_number = (SortKey(metadata_key="number"),)
    scope = shelf.person.actor.scope
    found = await paging.fetch(runtime.reads, scope, listing(shelf, by_number), Page(first=1))
    page = Page(first=1, after=found.cursor(0))
    others = [
        listing(shelf, (SortKey(metadata_key="number", is_descending=True),)),
        listing(shelf, (SortKey(metadata_key="datetime"),)),
        listing(shelf, (*by_number, SortKey(field=SortField.SIZE))),
        listing(shelf, by_number, FileFilter(width=RangeTest(gt=0))),
    ]
    assert await paging.fetch(runtime.reads, scope, listing(shelf, by_number), page)
    for other in others:
        with pytest.raises(Invalid, match="another filter or sort"):
            await paging.fetch(runtime.reads, scope, other, page)


async def test_files_without_a_value_are_not_looked_for_while_others_fill_the_page(
    runtime: Runtime, shelf: Shelf
) -> None:
    listed = listing(shelf, (SortKey(metadata_key="number"),))
    scope = shelf.person.actor.scope
    await paging.fetch(runtime.reads, scope, listed, Page(first=5), frozenset({"id"}))
    (compiled,) = listed._compiled.values()
    arguments = compiled.arguments({"size": 6})
    plan = await runtime.reads.fetch(scope, f"explain (analyze) {compiled.sql}", arguments)
    text = "\n".join(row[0] for row in plan)
    assert text.count("never executed") >= 1, text
