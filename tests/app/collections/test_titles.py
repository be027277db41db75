"""Titles sorted out: a law, bounds, and the plan that looks them up."""

import re
from collections import Counter
from collections.abc import AsyncGenerator
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.collections import titles
from app.core import jobs
from app.core.compiled import Compiled
from app.core.errors import TooLarge
from app.core.runtime import Runtime
from tests.world import Person, World

FEW = st.sampled_from(["a.png", "b.png", "c", "ü", "\0", ""])


@given(given=st.lists(FEW, max_size=20), held=st.lists(FEW, max_size=20))
def test_requested_is_matched_ambiguous_and_unmatched_together(
    given: list[str], held: list[str]
) -> None:
    found = {title: [UUID(int=n) for n in range(count)] for title, count in Counter(held).items()}
    report = titles.sort_out(titles.distinct(given), found)
    parts = [*report.matched, *report.ambiguous, *report.unmatched]
    assert sorted(parts) == sorted(set(given))
    assert report.requested_count == len(set(given))
    assert all(held.count(title) == 1 for title in report.matched)
    assert all(held.count(title) > 1 for title in report.ambiguous)
    assert all(held.count(title) == 0 for title in report.unmatched)


def test_a_thousand_titles_are_taken_and_no_more() -> None:
    assert len(titles.distinct([str(n) for n in range(1_000)])) == 1_000
    with pytest.raises(TooLarge, match="1,001 titles"):
        titles.distinct(["same"] * 1_001)


def test_two_hundred_thousand_bytes_are_taken_and_no_more() -> None:
    assert titles.distinct(["ü" * 100_000])
    with pytest.raises(TooLarge, match="200,001 bytes"):
        titles.distinct(["ü" * 100_000, "a"])
    assert titles.distinct(["\ud800"]) == ["\ud800"]


@pytest.fixture
async def many(runtime: Runtime, world: World) -> AsyncGenerator[tuple[Person, UUID]]:
    """Somebody with a role on a folder of 20,000 files, so that a scan of all of them would be a bad idea."""
    owner = await world.organisation()
    ann = await world.member(owner)
    folder = await world.folder(ann)
    given = {"organisation": owner.organisation_id, "folder": folder.id}
    async with runtime.db.transaction(owner.actor.scope) as tx:
        await tx.execute(_FILL, given)
    with psycopg.connect(jobs.driver_url(runtime.settings.database_url or "")) as connection:
        connection.execute("analyze file_part_default")
    yield ann, folder.id
    async with runtime.db.transaction(owner.actor.scope) as tx:
        await tx.execute(_EMPTY, given)


async def test_titles_are_looked_up_by_index_as_the_application(
    runtime: Runtime, many: tuple[Person, UUID]
) -> None:
    ann, folder_id = many
    compiled = Compiled.of(titles.statement(ann.actor, folder_id))
    given = compiled.arguments({"titles": ["file 17", "file 4711", "none"]})
    async with runtime.db.read(ann.actor.scope) as session:
        driver = await session.driver()
        rows = await driver.fetch(f"explain (analyze, timing off) {compiled.sql}", *given)
    plan = [row[0].strip() for row in rows]
    read = [place for place, line in enumerate(plan) if re.search(r" on file(_|\b)", line)]
    assert read, plan
    for place in read:
        assert "Index" in plan[place], "\n".join(plan)
        assert "name" in plan[place + 1], "\n".join(plan)


_FILL = text(
    "insert into file (organisation_id, id, folder_id, type, name, description, storage_location,"
    " is_component, is_tombstone, created_at, updated_at)"
    " select :organisation, gen_random_uuid(), :folder, 'IMAGE', 'file ' || n, '', 'OWN',"
    " false, false, now(), now() from generate_series(1, 20000) n"
)
_EMPTY = text("delete from file where organisation_id = :organisation and folder_id = :folder")
