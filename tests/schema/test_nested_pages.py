"""Lists below lists: pages of many parents are read together, and never mixed up."""

from typing import Any

from tests.client import Api
from tests.statements import Statements
from tests.world import Person, World

FOLDERS = """
query ($first: Int!, $last: Int) {
  folders(first: $first, sort: [{by: {field: NAME}}]) {
    nodes {
      name
      files(last: $last, sort: [{by: {field: NAME}}]) {
        totalCount { value }
        edges { cursor node { name } }
        pageInfo { hasPreviousPage }
      }
    }
  }
}
"""
AFTER = """
query ($id: ID!, $after: String!) {
  folder(id: $id) { files(first: 1, after: $after, sort: [{by: {field: NAME}}]) { nodes { name } } }
}
"""
FILES = "{ files { nodes { name folder { name parent { id } } } } }"


def me(api: Api) -> Person:
    assert api.person is not None
    return api.person


async def shelves(api: Api, world: World, count: int) -> list[str]:
    """Folders a, b, …, with 1, 2, … files each, called after their folder."""
    names = [chr(ord("a") + number) for number in range(count)]
    for size, name in enumerate(names, start=1):
        folder = await world.folder(me(api), name)
        for number in range(size):
            await world.file(me(api), folder, f"{name}{number}")
    return names


def told(folder: dict[str, Any]) -> list[str]:
    return [edge["node"]["name"] for edge in folder["files"]["edges"]]


async def test_each_folder_has_its_own_files_and_counts(api: Api, world: World) -> None:
    names = await shelves(api, world, 4)
    nodes = (await api(FOLDERS, first=10, last=2))["folders"]["nodes"]
    assert [node["name"] for node in nodes] == names
    assert [told(node) for node in nodes] == [["a0"], ["b0", "b1"], ["c1", "c2"], ["d2", "d3"]]
    assert [node["files"]["totalCount"]["value"] for node in nodes] == [1, 2, 3, 4]
    assert [node["files"]["pageInfo"]["hasPreviousPage"] for node in nodes] == [
        False,
        False,
        True,
        True,
    ]


async def test_it_costs_three_statements_however_many_folders_there_are(
    api: Api, world: World, statements: Statements
) -> None:
    await shelves(api, world, 4)
    for first in (2, 4):
        statements.clear()
        await api(FOLDERS, first=first, last=2)
        assert len(statements) == 3, statements.texts


async def test_a_cursor_of_a_nested_page_goes_on_in_its_own_list(api: Api, world: World) -> None:
    await shelves(api, world, 3)
    nodes = (await api(FOLDERS, first=10, last=3))["folders"]["nodes"]
    ids = (await api("{ folders(sort: [{by: {field: NAME}}]) { nodes { id } } }"))["folders"]
    last = ids["nodes"][2]["id"]
    cursor = nodes[2]["files"]["edges"][0]["cursor"]
    found = await api(AFTER, id=last, after=cursor)
    assert found["folder"]["files"]["nodes"] == [{"name": "c1"}]
    (error,) = await api.errors(AFTER, id=ids["nodes"][1]["id"], after=cursor)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_one_may_not_see_is_in_nobodys_page(api: Api, world: World) -> None:
    await shelves(api, world, 3)
    other = api.as_(await world.organisation())
    await shelves(other, world, 2)
    nodes = (await other(FOLDERS, first=10, last=9))["folders"]["nodes"]
    assert [told(node) for node in nodes] == [["a0"], ["b0", "b1"]]


async def test_a_page_of_files_brings_their_folders_along(
    api: Api, world: World, statements: Statements
) -> None:
    await shelves(api, world, 3)
    statements.clear()
    nodes = (await api(FILES))["files"]["nodes"]
    assert {(node["name"][0], node["folder"]["name"]) for node in nodes} == {
        ("a", "a"),
        ("b", "b"),
        ("c", "c"),
    }
    assert len(statements) == 1, statements.texts


async def test_a_folder_that_one_may_not_see_is_not_joined(api: Api, world: World) -> None:
    ann = await world.member(me(api))
    top = await world.folder(me(api), "top")
    inner = await world.folder(me(api), "inner", top)
    await world.share(inner, ann)
    await world.file(me(api), inner, "seen")
    (node,) = (await api.as_(ann)(FILES))["files"]["nodes"]
    assert node == {"name": "seen", "folder": {"name": "inner", "parent": None}}
