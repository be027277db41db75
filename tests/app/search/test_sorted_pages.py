"""A page sorted by a metadata key is read off the key's index, as the application's role below row security."""

from typing import Any

import pytest

from app.core import keysets, paging
from app.core.clock import new_id
from app.core.compiled import Compiled
from app.core.paging import Page
from app.core.reads import CUSTOM
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.files import access
from app.metadata.kinds import Scalar, ScalarKind
from app.search import indexes, listings
from app.search.filters import FileFilter
from app.search.keys import Key, Keys
from app.search.sorts import SortKey
from tests.app.search.filling import fill, owner
from tests.world import Person, World

FILES = 5_000
KEY = Key("price", 1, Scalar(ScalarKind.NUMBER))


@pytest.fixture(scope="module")
async def person(runtime: Runtime, settings: Settings) -> Person:
    """Somebody with files that have a number, one in ten has none; the number is indexed."""
    world = World(runtime)
    person = await world.organisation()
    attrs = "case when g % 10 > 0 then jsonb_build_object('k1', g % 1000) else '{}' end"
    fill(settings, person, await world.folder(person), FILES, attrs=attrs)
    table = indexes.DEFAULT_PARTITION
    index = indexes.index_of(person.organisation_id, KEY.number, Scalar(ScalarKind.NUMBER), table)
    with owner(settings) as connection:
        for statement in (index.creation, index.statistics, f"analyze {table}"):
            connection.execute(statement)
    return person


@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize("is_backward", [False, True])
async def test_a_page_behind_a_cursor_begins_in_the_index(
    runtime: Runtime, person: Person, is_descending: bool, is_backward: bool
) -> None:
    keys = Keys(person.organisation_id, {KEY.name: KEY})
    sort = (SortKey(metadata_key=KEY.name, is_descending=is_descending),)
    files = access.listed_files(person.actor, whole_organisation=True)
    listing = listings.files(person.actor, FileFilter(), sort, keys, files, whole_organisation=True)
    page = Page(last=50, before="x") if is_backward else Page(first=50, after="x")
    cursor = [500.0, new_id()]
    ends: tuple[Any, Any] = (None, cursor) if is_backward else (cursor, None)
    part = keysets.parts(listing.order, *ends)[0]
    compiled = Compiled.of(paging._of_part(listing, page, frozenset({"id"}), (), part))
    name = "before" if is_backward else "after"
    arguments = compiled.arguments({"size": 51, **keysets.named(name, cursor)})
    explain = f"explain (analyze, timing off) {compiled.sql}"
    rows = await runtime.reads.fetch(person.actor.scope, explain, arguments, plans=CUSTOM)
    plan = "\n".join(row[0] for row in rows)
    index = indexes.name_of(person.organisation_id, KEY.number)
    assert index in plan, plan
    assert "Index Cond: (ROW(md_num_v1(" in plan.replace("((organisation_id", ""), plan
    (scanned,) = [line for line in plan.splitlines() if index in line]
    assert float(scanned.split("rows=")[2].split()[0]) <= 64, plan
