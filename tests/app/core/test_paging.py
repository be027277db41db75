"""Cursors: forged and foreign ones are refused before the database sees them."""

import base64
from typing import Any

import orjson
import pytest

from app.core.errors import Invalid
from app.core.paging import LARGEST_SIZE, Page, bound
from app.core.runtime import Runtime
from tests.client import Api
from tests.world import World

FILES = """query ($after: String) {
  files(first: 1, after: $after, sort: {by: {field: NAME}}) { pageInfo { endCursor } nodes { name } }
}"""
BY_ID = "query ($after: String) { files(first: 1, after: $after) { pageInfo { endCursor } nodes { name } } }"


async def end_cursor(api: Api, world: World) -> str:
    assert api.person is not None
    folder = await world.folder(api.person)
    for name in ("a.png", "b.png"):
        await world.file(api.person, folder, name)
    cursor: str = (await api(FILES))["files"]["pageInfo"]["endCursor"]
    return cursor


def forged(cursor: str, values: list[Any]) -> str:
    mark = orjson.loads(base64.urlsafe_b64decode(cursor + "=="))[0]
    return base64.urlsafe_b64encode(orjson.dumps([mark, *values])).decode().rstrip("=")


@pytest.mark.parametrize(
    "values",
    [
        [],
        [1],
        ["x"],
        [None],
        [{"u": "0" * 32}, 1],
        [[1]],
        [{"t": "2026-01-01T00:00:00+00:00"}],
        ["a", "b"],
    ],
)
async def test_a_forged_cursor_is_a_mistake_of_the_caller(
    api: Api, world: World, values: list[Any]
) -> None:
    (error,) = await api.errors(FILES, after=forged(await end_cursor(api, world), values))
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["field"] == ["after"]


@pytest.mark.parametrize(
    "digits", ["", "0" * 31, "0" * 33, "g" * 32, "_" * 32, "\u0660" * 32, "-" * 32]
)
async def test_a_forged_cursor_of_a_list_by_id_is_a_mistake_of_the_caller(
    api: Api, world: World, digits: str
) -> None:
    await end_cursor(api, world)
    cursor = (await api(BY_ID))["files"]["pageInfo"]["endCursor"]
    (error,) = await api.errors(BY_ID, after=cursor[:10] + digits)
    assert error["extensions"]["field"] == ["after"]
    assert error["message"] == "This is not a cursor of ours."


async def test_a_list_by_id_goes_on_behind_its_cursor(api: Api, world: World) -> None:
    await end_cursor(api, world)
    cursor = (await api(BY_ID))["files"]["pageInfo"]["endCursor"]
    assert (await api(BY_ID, after=cursor))["files"]["nodes"] == [{"name": "b.png"}]


@pytest.mark.parametrize("cursor", ["", "x", "é", "W10", "bnVsbA", "e30", "\u0000"])
async def test_a_text_that_is_no_cursor_is_refused(api: Api, cursor: str) -> None:
    (error,) = await api.errors(FILES, after=cursor)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("page", "size", "backward"),
    [
        (Page(), 50, False),
        (Page(first=0), 0, False),
        (Page(first=LARGEST_SIZE), LARGEST_SIZE, False),
        (Page(last=3), 3, True),
        (Page(before="x"), 50, True),
        (Page(first=2, before="x"), 2, False),
    ],
)
def test_a_page_says_its_size_and_direction(page: Page, size: int, backward: bool) -> None:
    assert (page.size, page.is_backward) == (size, backward)


@pytest.mark.parametrize(
    "page", [Page(first=-1), Page(first=1_001), Page(last=-1), Page(first=1, last=1)]
)
def test_a_page_without_measure_is_refused(page: Page) -> None:
    with pytest.raises(Invalid):
        _ = page.size


async def test_the_plan_of_a_page_is_kept(api: Api, world: World, runtime: Runtime) -> None:
    await end_cursor(api, world)
    for first in (1, 2, 20) * 40:  # some for each connection that may have been taken
        await api("query ($first: Int) { files(first: $first) { nodes { name } } }", first=first)
    assert api.person is not None
    scope = api.person.actor.scope
    kept = "select generic_plans from pg_prepared_statements where statement like '%LIMIT 32%'"
    assert max(row["generic_plans"] for row in await runtime.reads.fetch(scope, kept)) >= 5


@pytest.mark.parametrize("size", [0, 1, 30, 31, 32, 63, 64, 1_000, 1_001])
def test_the_bound_is_never_below_the_size(size: int) -> None:
    assert max(32, size) <= bound(size) <= 2 * max(16, size)
