"""Data groups and image groups, through the API."""

from typing import Any

import pytest

from app.files.models import FileType, Folder
from tests.client import Api
from tests.schema.public_ids import public
from tests.statements import Statements
from tests.world import Person, World

ERRORS = "userErrors { code message field }"
MEMBERS = "members { nodes { position key file { name } } totalCount { value } }"
CREATE = f"""
mutation ($input: CreateFileGroupInput!) {{
  createFileGroup(input: $input) {{
    file {{ id name type frameCount layout metadata downloadUrl {MEMBERS} }} {ERRORS}
  }}
}}
"""
CREATE_IMAGES = CREATE.replace("FileGroup", "ImageGroup")
LEAF = {"type": "data_unit", "key": "front"}
TREE = {
    "direction": "row",
    "first": LEAF,
    "second": {
        "type": "data_unit_list",
        "keys": ["rear"],
        "carouselPosition": "left",
        "carouselSize": 10,
    },
    "splitPercentage": 60,
}


@pytest.fixture
async def ann(api: Api, world: World) -> Person:
    """A member without any role on a thing."""
    assert api.person is not None
    return await world.member(api.person)


@pytest.fixture
async def folder(api: Api, world: World) -> Folder:
    """A folder of the administrator's."""
    assert api.person is not None
    return await world.folder(api.person)


async def files(api: Api, world: World, folder: Folder, *names: str, **columns: Any) -> list[str]:
    """The public ids of new files."""
    return [public(await world.file(api.person, folder, name, **columns)) for name in names]


@pytest.mark.parametrize(("kind", "stored"), [("grid", "default-grid"), ("list", "default-list")])
async def test_a_group_shows_its_files_in_order(
    api: Api, world: World, folder: Folder, kind: str, stored: str
) -> None:
    members = await files(api, world, folder, "b", "a")
    given = {"folderId": public(folder), "name": "Pair", "layout": {kind: members}}
    payload = await api.change(CREATE, input=given | {"clientMetadata": {"site": "A1"}})
    file = payload["file"]
    assert (file["name"], file["type"], file["frameCount"]) == ("Pair", "GROUP", 2)
    assert file["layout"] == {"layout_type": stored}
    assert file["metadata"] == {"site": "A1"}
    assert file["downloadUrl"] is None
    assert file["members"] == {
        "nodes": [
            {"position": 0, "key": None, "file": {"name": "b"}},
            {"position": 1, "key": None, "file": {"name": "a"}},
        ],
        "totalCount": {"value": 2},
    }


async def test_a_custom_layout_comes_back_as_it_was_given(
    api: Api, world: World, folder: Folder
) -> None:
    front, rear = await files(api, world, folder, "f", "r", width=640, height=480)
    contents = [
        {"key": "front", "fileId": front, "title": "Front", "isReadOnly": True},
        {"key": "rear", "fileId": rear},
    ]
    custom = {
        "contents": contents,
        "layout": TREE,
        "timeline": ["rear"],
        "isFixed": True,
        "hasMultilayerLabels": True,
    }
    given = {"folderId": public(folder), "name": "Pair", "layout": {"custom": custom}}
    file = (await api.change(CREATE, input=given))["file"]
    assert file["layout"] == {
        "layout_type": "custom",
        "layout": TREE,
        "timeline": ["rear"],
        "settings": {
            "fixedLayout": True,
            "tileSettings": {"front": {"title": "Front", "isReadOnly": True}},
            "hasMultilayerLabels": True,
        },
    }
    assert [member["key"] for member in file["members"]["nodes"]] == ["front", "rear"]


async def test_a_broken_layout_is_refused_where_it_breaks(
    api: Api, world: World, folder: Folder
) -> None:
    (front,) = await files(api, world, folder, "f")
    custom = {"contents": [{"key": "front", "fileId": front}], "layout": TREE}
    given = {"folderId": public(folder), "name": "Pair", "layout": {"custom": custom}}
    error = await api.refusal(CREATE, input=given)
    assert error["code"] == "INVALID"
    assert error["field"] == ["layout", "custom", "layout"]
    assert "'rear'" in error["message"]


@pytest.mark.parametrize("names", [[], ["a", "a"]])
async def test_a_composite_has_each_of_its_files_once(
    api: Api, world: World, folder: Folder, names: list[str]
) -> None:
    (file,) = await files(api, world, folder, "a")
    members = [file for _ in names]
    given = {"folderId": public(folder), "name": "Pair"}
    for document, more in (
        (CREATE, {"layout": {"grid": members}}),
        (CREATE_IMAGES, {"fileIds": members}),
    ):
        assert (await api.refusal(document, input=given | more))["code"] == "INVALID"


async def test_an_image_group_takes_images_only(api: Api, world: World, folder: Folder) -> None:
    (image,) = await files(api, world, folder, "image")
    (video,) = await files(api, world, folder, "video", type=FileType.VIDEO)
    given = {"folderId": public(folder), "name": "Pair", "fileIds": [image, video]}
    error = await api.refusal(CREATE_IMAGES, input=given)
    assert (error["code"], error["field"]) == ("INVALID", ["fileIds", "1"])
    payload = await api.change(CREATE_IMAGES, input=given | {"fileIds": [image]})
    assert payload["file"]["type"] == "IMAGE_GROUP"
    listed = await api("{ files { nodes { name } } }")
    assert [node["name"] for node in listed["files"]["nodes"]] == ["image", "video", "Pair"]


async def test_files_out_of_sight_cannot_be_grouped(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    (image,) = await files(api, world, folder, "image")
    mine = await world.folder(ann)
    given = {"folderId": public(mine), "name": "Pair", "fileIds": [image]}
    assert (await api.as_(ann).refusal(CREATE_IMAGES, input=given))["code"] == "NOT_FOUND"
    await world.share(folder, ann)
    await api.as_(ann).change(CREATE_IMAGES, input=given)


async def test_a_user_of_a_folder_puts_no_composite_into_it(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    (image,) = await files(api, world, folder, "image")
    await world.share(folder, ann)
    given = {"folderId": public(folder), "name": "Pair"}
    refusals = [
        await api.as_(ann).refusal(CREATE_IMAGES, input=given | {"fileIds": [image]}),
        await api.as_(ann).refusal(CREATE, input=given | {"layout": {"grid": [image]}}),
    ]
    assert {error["code"] for error in refusals} == {"FORBIDDEN"}


async def test_another_organisations_files_and_folders_look_like_nothing(
    api: Api, world: World, folder: Folder
) -> None:
    other = await world.organisation("Other")
    place = await world.folder(other)
    foreign = public(await world.file(other, place))
    (image,) = await files(api, world, folder, "image")
    refusals = [
        await api.refusal(CREATE_IMAGES, input={"folderId": at, "name": "x", "fileIds": [file]})
        for at, file in ((public(folder), foreign), (public(place), image))
    ]
    assert {error["code"] for error in refusals} == {"NOT_FOUND"}


async def test_members_are_paged_at_a_fixed_number_of_statements(
    api: Api, world: World, folder: Folder, statements: Statements
) -> None:
    document = """
    query ($id: ID!, $after: String) { file(id: $id) { members(first: 2, after: $after) {
      nodes { position file { name } } pageInfo { endCursor hasNextPage }
    } } }
    """
    members = await files(api, world, folder, *"abcde")
    given = {"folderId": public(folder), "name": "Five", "fileIds": members}
    group = (await api.change(CREATE_IMAGES, input=given))["file"]["id"]
    cursor, seen = None, []
    for _ in range(3):
        statements.clear()
        found = (await api(document, id=group, after=cursor))["file"]["members"]
        assert len(statements) == 3
        cursor = found["pageInfo"]["endCursor"]
        seen += [node["file"]["name"] for node in found["nodes"]]
    assert seen == list("abcde")
    assert not found["pageInfo"]["hasNextPage"]


async def test_a_group_that_is_deleted_leaves_its_files(
    api: Api, world: World, folder: Folder
) -> None:
    (image,) = await files(api, world, folder, "image")
    given = {"folderId": public(folder), "name": "One", "fileIds": [image]}
    group = (await api.change(CREATE_IMAGES, input=given))["file"]["id"]
    await api.change(
        f"mutation ($input: DeleteFilesInput!) {{ deleteFiles(input: $input) {{ {ERRORS} }} }}",
        input={"fileIds": [group], "folderId": public(folder)},
    )
    listed = await api("{ files { nodes { name } } }")
    assert [node["name"] for node in listed["files"]["nodes"]] == ["image"]
