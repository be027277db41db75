"""Filters in SQL against the same filters in plain Python, on random trees and random data."""

import asyncio
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, func, literal_column
from sqlalchemy.dialects.postgresql import array

from app.core.compiled import Compiled, Compiler
from app.core.runtime import Runtime
from app.files import access
from app.search import conditions, listings
from app.search.filters import FileFilter
from app.search.places import FILE
from tests.app.search import naive
from tests.app.search.shelf import Shelf
from tests.app.search.trees import trees
from tests.world import World

AT_ONCE = 8
"""Trees of one statement."""


@pytest.fixture(scope="module")
async def shelf(runtime: Runtime) -> Shelf:
    return await Shelf.filled(World(runtime))


async def found(runtime: Runtime, shelf: Shelf, some: list[FileFilter]) -> list[set[object]]:
    """The ids of the files that each of the filters lets through."""
    actor = shelf.person.actor
    columns = [
        func.coalesce(
            conditions.condition(actor, tree, shelf.keys), literal_column("null", Boolean)
        )
        for tree in some
    ]
    statement = access.listed_files(actor).with_only_columns(FILE.id, array(columns).label("is_in"))
    compiled = Compiled.of(statement)
    rows = await runtime.reads.fetch(actor.scope, compiled.sql, compiled.arguments({}))
    assert len(rows) == len(shelf.files)
    return [{row["id"] for row in rows if row["is_in"][number]} for number in range(len(some))]


async def test_random_trees_find_what_plain_python_finds(runtime: Runtime, shelf: Shelf) -> None:
    loop, sizes = asyncio.get_running_loop(), Counter[bool]()

    @settings(
        max_examples=260,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(some=st.lists(trees(shelf), min_size=AT_ONCE, max_size=AT_ONCE))
    def check(some: list[FileFilter]) -> None:
        asking = found(runtime, shelf, some)
        answers = asyncio.run_coroutine_threadsafe(asking, loop).result(60)
        for tree, ids in zip(some, answers, strict=True):
            assert ids == naive.found(tree, shelf.files), tree
            sizes[0 < len(ids) < 40] += 1

    await asyncio.to_thread(check)
    assert sum(sizes.values()) >= 2_000
    assert sizes[True] > 700, "most filters find some files, not all and not none"


async def test_random_trees_that_share_a_text_keep_their_own_values(
    runtime: Runtime, shelf: Shelf
) -> None:
    """One text for each shape of a filter: what is compiled anew each time must be the same, to the argument."""
    actor, compiler, texts = shelf.person.actor, Compiler(10_000), Counter[str]()

    @settings(
        max_examples=600,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(tree=trees(shelf))
    def check(tree: FileFilter) -> None:
        statement = listings.statement(actor, tree, shelf.keys)
        shared, own = compiler.compiled(statement), Compiled.of(statement)
        assert shared == own
        texts[shared.sql] += 1

    check()
    assert sum(count > 1 for count in texts.values()) > 30, "many shapes came more than once"
