"""Files, through the API."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.clock import new_id
from app.files.models import File, FileType, Folder
from tests.client import Api
from tests.schema.public_ids import public
from tests.statements import Statements
from tests.world import Person, World

ERRORS = "userErrors { code message field }"
UPDATE = f"""
mutation ($input: UpdateFileInput!) {{
  updateFile(input: $input) {{
    file {{ name description metadata revision }} typeErrors {{ key found }} {ERRORS}
  }}
}}
"""
RESULTS = f"results {{ status file {{ name revision metadata }} typeErrors {{ key found frame }} {ERRORS} }}"
UPDATE_MANY = f"""
mutation ($input: UpdateFilesInput!) {{ updateFiles(input: $input) {{ {RESULTS} {ERRORS} }} }}
"""
MOVE = f"""
mutation ($input: MoveFilesInput!) {{
  moveFiles(input: $input) {{ movedFileCount folder {{ name }} {ERRORS} }}
}}
"""
DELETE = f"""
mutation ($input: DeleteFilesInput!) {{
  deleteFiles(input: $input) {{ deletedFileCount deletedFrameCount {ERRORS} }}
}}
"""
LIST = """
query ($filter: FileFilter, $all: Boolean = false, $sort: [FileSort!]) {
  files(filter: $filter, includeOrganisationAccess: $all, sort: $sort) { nodes { name } }
}
"""


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


async def names(api: Api, **variables: Any) -> list[str]:
    """What a listing shows."""
    data = await api(LIST, **variables)
    return [node["name"] for node in data["files"]["nodes"]]


async def look(api: Api, file: File, fields: str) -> Any:
    """One file; None if it is out of sight."""
    data = await api(f"query ($id: ID!) {{ file(id: $id) {{ {fields} }} }}", id=public(file))
    return data["file"]


async def test_a_page_of_files_costs_the_same_statements_however_long_it_is(
    api: Api, world: World, folder: Folder, statements: Statements
) -> None:
    integration = await world.bucket(api.person)
    document = """
    { files { nodes {
      name metadata folder { name } integration { title } typeErrors { key } keyFrames { frame }
      usage { frameInGroupsCount } createdBy { email } layout downloadUrl
    } } }
    """
    counts = []
    for _ in range(2):
        await world.file(api.person, folder, metadata={"site": "A1"})
        await world.file(api.person, folder, integration_id=integration.id)
        statements.clear()
        data = await api(document)
        counts.append((len(data["files"]["nodes"]), len(statements)))
    assert counts == [(2, 9), (4, 9)]
    assert data["files"]["nodes"][0]["metadata"] == {"site": "A1"}


async def test_who_has_a_role_on_the_folder_sees_its_files(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    file = await world.file(api.person, folder, "one.png")
    assert await look(api.as_(ann), file, "name") is None
    assert await names(api.as_(ann)) == []
    await world.share(folder, ann)
    assert await look(api.as_(ann), file, "name") == {"name": "one.png"}
    assert await names(api.as_(ann)) == ["one.png"]


async def test_an_administrator_lists_files_nobody_shares_only_on_request(
    api: Api, world: World, ann: Person
) -> None:
    await world.file(ann, await world.folder(ann), "hers.png")
    assert await names(api) == []
    assert await names(api, all=True) == ["hers.png"]


async def test_another_organisations_file_looks_like_nothing(api: Api, world: World) -> None:
    other = await world.organisation("Other")
    place = await world.folder(other)
    file = await world.file(other, place)
    assert await look(api, file, "name") is None
    assert (await api("query ($id: ID!) { node(id: $id) { id } }", id=public(file)))["node"] is None
    assert await names(api, all=True) == []
    gone = {"fileIds": [public(file)], "folderId": public(place)}
    moved = {"fileIds": [public(file)], "sourceFolderId": public(place)}
    refusals = [
        await api.refusal(UPDATE, input={"fileId": public(file), "name": "mine"}),
        await api.refusal(MOVE, input=moved | {"targetFolderId": public(place)}),
        await api.refusal(DELETE, input=gone),
    ]
    assert {error["code"] for error in refusals} == {"NOT_FOUND"}


async def test_a_user_of_a_folder_changes_no_file_in_it(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    file = await world.file(api.person, folder)
    mine = await world.folder(ann)
    await world.share(folder, ann)
    member, key, place = api.as_(ann), public(file), public(folder)
    moved = {"fileIds": [key], "sourceFolderId": place, "targetFolderId": public(mine)}
    refusals = [
        await member.refusal(UPDATE, input={"fileId": key, "name": "mine"}),
        await member.refusal(MOVE, input=moved),
        await member.refusal(DELETE, input={"fileIds": [key], "folderId": place}),
    ]
    assert {error["code"] for error in refusals} == {"FORBIDDEN"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["a.png", "b.mp4", "C.png"]),
        ({"and": []}, ["a.png", "b.mp4", "C.png"]),
        ({"or": []}, []),
        ({"not": {"or": []}}, ["a.png", "b.mp4", "C.png"]),
        ({"type": {"eq": "VIDEO"}}, ["b.mp4"]),
        ({"type": {"in": []}}, []),
        ({"storageLocation": {"eq": "OWN"}}, ["a.png", "b.mp4", "C.png"]),
        ({"storageLocation": {"in": ["GCS"]}}, []),
        ({"name": {"eq": "c.PNG", "ignoreCase": True}}, ["C.png"]),
        ({"name": {"contains": ".png"}, "byteSize": {"gt": 5}}, ["C.png"]),
        ({"or": [{"name": {"eq": "a.png"}}, {"type": {"eq": "VIDEO"}}]}, ["a.png", "b.mp4"]),
        ({"not": {"name": {"startsWith": "a"}}}, ["b.mp4", "C.png"]),
        ({"byteSize": {"gte": 0}}, ["a.png", "C.png"]),
        ({"not": {"byteSize": {"gte": 6}}}, ["a.png", "b.mp4"]),
        ({"isComponent": True}, ["part.png"]),
        ({"not": {"isComponent": False}}, ["part.png"]),
        ({"createdAt": {"gte": "2026-01-01T00:00:00Z"}}, ["C.png"]),
        ({"id": {"in": ["nonsense"]}}, []),
        ({"id": {"notIn": []}}, ["a.png", "b.mp4", "C.png"]),
    ],
)
async def test_files_are_filtered(
    api: Api, world: World, folder: Folder, given: dict[str, Any], expected: list[str]
) -> None:
    old = datetime(2025, 1, 1, tzinfo=UTC)
    await world.file(api.person, folder, "a.png", byte_size=5, created_at=old)
    await world.file(api.person, folder, "b.mp4", type=FileType.VIDEO, created_at=old)
    await world.file(api.person, folder, "C.png", byte_size=6)
    await world.file(api.person, folder, "part.png", is_component=True, created_at=old)
    assert await names(api, filter=given) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"name": None},
        {"name": {"eq": None}},
        {"or": None},
        {"name": {"contains": "\0"}},
        {"name": {"in": ["x" * 1001]}},
        {"name": {"in": ["x"] * 1001}},
        {"id": {"in": ["file_" + "0" * 32] * 1001}},
        {"or": [{"name": {"eq": "x"}}] * 201},
        {"not": {"not": {"not": {"not": {"not": {}}}}}},
    ],
)
async def test_a_filter_out_of_bounds_is_an_error(api: Api, given: dict[str, Any]) -> None:
    (error,) = await api.errors(LIST, filter=given)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_files_of_a_folder_are_found_here_or_below(api: Api, world: World) -> None:
    top = await world.folder(api.person)
    low = await world.folder(api.person, "Low", top)
    await world.file(api.person, top, "top.png")
    await world.file(api.person, low, "low.png")
    assert await names(api, filter={"folder": {"id": public(top)}}) == ["top.png"]
    below = {"folder": {"id": public(top), "recursive": True}}
    assert await names(api, filter=below) == ["top.png", "low.png"]
    assert await names(api, filter={"not": below}) == []
    document = """
    query ($id: ID!) { folder(id: $id) {
      here: files { nodes { name } } below: files(recursive: true, first: 1) { nodes { name } }
    } }
    """
    found = (await api(document, id=public(top)))["folder"]
    assert found["here"] == {"nodes": [{"name": "top.png"}]}
    assert found["below"] == {"nodes": [{"name": "top.png"}]}


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ([], ["b", "a", "C"]),
        ([{"by": {"field": "NAME"}}], ["C", "a", "b"]),
        ([{"by": {"field": "CREATED_AT"}, "direction": "DESC"}], ["C", "a", "b"]),
    ],
)
async def test_files_are_sorted(
    api: Api, world: World, folder: Folder, sort: list[Any], expected: list[str]
) -> None:
    for name in ("b", "a", "C"):
        await world.file(api.person, folder, name)
    assert await names(api, sort=sort) == expected


async def test_a_cursor_of_another_filter_is_refused(
    api: Api, world: World, folder: Folder
) -> None:
    await world.file(api.person, folder)
    document = """
    query ($after: String, $filter: FileFilter) {
      files(first: 1, after: $after, filter: $filter) { pageInfo { endCursor } }
    }
    """
    cursor = (await api(document))["files"]["pageInfo"]["endCursor"]
    assert await api(document, after=cursor)
    (error,) = await api.errors(document, after=cursor, filter={"name": {"eq": "x"}})
    assert "another filter" in error["message"]


async def test_an_update_changes_what_it_names(api: Api, world: World, folder: Folder) -> None:
    file = public(await world.file(api.person, folder, metadata={"a": 1, "b": 2}))
    given = {"fileId": file, "name": "new.png", "description": "what", "clientMetadata": {"b": 3}}
    payload = await api.change(UPDATE, input=given)
    assert payload["file"]["metadata"] == {"b": 3}
    assert (payload["file"]["name"], payload["file"]["description"]) == ("new.png", "what")
    revision = payload["file"]["revision"]
    again = await api.change(UPDATE, input={"fileId": file, "name": "new.png"})
    assert again["file"]["revision"] == revision
    cleared = await api.change(
        UPDATE, input={"fileId": file, "clientMetadata": None, "description": None}
    )
    assert (cleared["file"]["metadata"], cleared["file"]["description"]) == ({}, "")
    assert cleared["file"]["revision"] == revision + 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": ""}, "INVALID"),
        ({"name": "x" * 301}, "INVALID"),
        ({"name": "\0"}, "INVALID"),
        ({"description": "\0"}, "INVALID"),
        ({"clientMetadata": 1}, "INVALID"),
        ({"clientMetadata": {"$other": 1}}, "INVALID"),
        ({"name": "x", "expectedRevision": 9}, "REVISION_CONFLICT"),
    ],
)
async def test_an_update_that_cannot_be_kept_changes_nothing(
    api: Api, world: World, folder: Folder, given: dict[str, Any], code: str
) -> None:
    file = await world.file(api.person, folder, "old.png")
    error = await api.refusal(UPDATE, input={"fileId": public(file), "name": "n"} | given)
    assert error["code"] == code
    assert await look(api, file, "name revision") == {"name": "old.png", "revision": 1}


async def test_in_a_partial_update_the_good_items_are_written(
    api: Api, world: World, folder: Folder
) -> None:
    one, two, same = [await world.file(api.person, folder, name) for name in ("one", "two", "same")]
    items = [
        {"fileId": public(one), "name": "eins"},
        {"fileId": public(two), "name": ""},
        {"fileId": "nonsense", "name": "x"},
        {"fileId": public(one), "name": "uno"},
        {"fileId": public(same), "name": "same"},
    ]
    payload = await api.change(UPDATE_MANY, input={"items": items, "mode": "PARTIAL"})
    told = [
        (one["status"], [error["code"] for error in one["userErrors"]])
        for one in payload["results"]
    ]
    assert told == [
        ("UPDATED", []),
        ("REJECTED", ["INVALID"]),
        ("REJECTED", ["NOT_FOUND"]),
        ("REJECTED", ["INVALID"]),
        ("UNCHANGED", []),
    ]
    assert await names(api) == ["eins", "two", "same"]
    assert payload["results"][0]["file"]["name"] == "eins"


async def test_in_an_atomic_update_one_bad_item_stops_all(
    api: Api, world: World, folder: Folder
) -> None:
    one, two = [await world.file(api.person, folder, name) for name in ("one", "two")]
    items = [{"fileId": public(one), "name": "eins"}, {"fileId": public(two), "name": ""}]
    payload = await api.payload(UPDATE_MANY, input={"items": items})
    assert [error["code"] for error in payload["userErrors"]] == ["CONFLICT"]
    assert [one["status"] for one in payload["results"]] == ["UNCHANGED", "REJECTED"]
    assert payload["results"][0]["file"]["name"] == "one"
    assert await names(api) == ["one", "two"]


async def test_an_update_of_many_judges_each_file_by_its_folder(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    theirs = await world.file(api.person, folder)
    unseen = await world.file(api.person, await world.folder(api.person))
    mine = await world.file(ann, await world.folder(ann))
    await world.share(folder, ann)
    items = [{"fileId": public(file), "name": "x"} for file in (theirs, unseen, mine)]
    payload = await api.as_(ann).change(UPDATE_MANY, input={"items": items, "mode": "PARTIAL"})
    codes = [[error["code"] for error in one["userErrors"]] for one in payload["results"]]
    assert codes == [["FORBIDDEN"], ["NOT_FOUND"], []]
    assert [one["file"] is None for one in payload["results"]] == [True, True, False]


async def test_an_update_of_many_costs_few_statements(
    api: Api, world: World, folder: Folder, statements: Statements
) -> None:
    counts = []
    for count in (2, 20):
        files = [await world.file(api.person, folder) for _ in range(count)]
        items = [
            {"fileId": public(file), "name": "new", "clientMetadata": {"a": 1}} for file in files
        ]
        statements.clear()
        payload = await api.change(
            f"mutation ($input: UpdateFilesInput!) {{ updateFiles(input: $input) {{ {ERRORS} }} }}",
            input={"items": items},
        )
        assert payload["userErrors"] == []
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_more_than_a_thousand_items_are_refused(api: Api) -> None:
    items = [{"fileId": "x", "name": "x"}] * 1001
    error = await api.refusal(UPDATE_MANY, input={"items": items, "mode": "PARTIAL"})
    assert error["code"] == "TOO_LARGE"


async def test_files_move_with_the_parts_of_composites(
    api: Api, world: World, folder: Folder
) -> None:
    group = await world.file(api.person, folder, "group", type=FileType.IMAGE_GROUP)
    part = await world.file(api.person, folder, "part", is_component=True)
    await world.member_of(group, part)
    target = await world.folder(api.person, "Target")
    given = {
        "fileIds": [public(group)],
        "sourceFolderId": public(folder),
        "targetFolderId": public(target),
    }
    payload = await api.change(MOVE, input=given)
    assert (payload["movedFileCount"], payload["folder"]) == (1, {"name": "Target"})
    for file in (group, part):
        assert await look(api, file, "folder { name }") == {"folder": {"name": "Target"}}


async def test_nothing_moves_if_one_file_lies_elsewhere(
    api: Api, world: World, folder: Folder
) -> None:
    here = await world.file(api.person, folder)
    below = await world.file(api.person, await world.folder(api.person, "Low", folder))
    target = await world.folder(api.person, "Target")
    given = {
        "fileIds": [public(here), public(below)],
        "sourceFolderId": public(folder),
        "targetFolderId": public(target),
    }
    error = await api.refusal(MOVE, input=given)
    assert (error["code"], error["field"]) == ("NOT_FOUND", ["fileIds", "1"])
    assert await look(api, here, "folder { name }") == {"folder": {"name": "Folder"}}


async def test_a_move_takes_the_role_admin_in_the_target(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    mine = await world.folder(ann)
    file = await world.file(ann, mine)
    await world.share(folder, ann)
    given = {
        "fileIds": [public(file)],
        "sourceFolderId": public(mine),
        "targetFolderId": public(folder),
    }
    error = await api.as_(ann).refusal(MOVE, input=given)
    assert (error["code"], error["field"]) == ("FORBIDDEN", ["targetFolderId"])


@pytest.mark.parametrize(
    ("removes", "frames", "left"), [(True, 1, []), (False, 0, ["part", "shared"])]
)
async def test_parts_go_with_their_composite_unless_told_otherwise(
    api: Api, world: World, folder: Folder, removes: bool, frames: int, left: list[str]
) -> None:
    group = await world.file(api.person, folder, "group", type=FileType.IMAGE_GROUP)
    other = await world.file(api.person, folder, "other", type=FileType.IMAGE_GROUP)
    part = await world.file(api.person, folder, "part", is_component=True)
    shared = await world.file(api.person, folder, "shared", is_component=True)
    image = await world.file(api.person, folder, "image")
    await world.member_of(group, part, shared, image)
    await world.member_of(other, shared)
    given = {"fileIds": [public(group)], "folderId": public(folder), "removeUnusedFrames": removes}
    payload = await api.change(DELETE, input=given)
    assert (payload["deletedFileCount"], payload["deletedFrameCount"]) == (1, frames)
    assert (await look(api, part, "name") is None) == removes
    listed = await names(api)
    assert "image" in listed
    assert "shared" not in listed
    assert ("part" in listed) == ("part" in left)
    assert (await look(api, shared, "isComponent"))["isComponent"] is True


async def test_a_file_that_a_composite_contains_stays(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    image = await world.file(api.person, folder, "image")
    part = await world.file(api.person, folder, "part", is_component=True)
    secret = await world.file(
        ann, await world.folder(ann, "Secret"), "Secret group", type=FileType.GROUP
    )
    await world.member_of(secret, image, part)
    for file in (image, part):
        given = {"fileIds": [public(file)], "folderId": public(folder)}
        error = await api.refusal(DELETE, input=given)
        assert error["code"] == "CONFLICT"
        assert "Secret" not in error["message"]
    assert await names(api) == ["image"]


async def test_a_composite_is_deleted_together_with_its_files(
    api: Api, world: World, folder: Folder
) -> None:
    image = await world.file(api.person, folder, "image")
    group = await world.file(api.person, folder, "group", type=FileType.IMAGE_GROUP)
    await world.member_of(group, image)
    given = {"fileIds": [public(image), public(group)], "folderId": public(folder)}
    assert (await api.change(DELETE, input=given))["deletedFileCount"] == 2


async def test_usage_counts_what_it_does_not_show(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    image = await world.file(api.person, folder, "image")
    open_group = await world.file(api.person, folder, "Open", type=FileType.GROUP)
    hidden = await world.file(
        api.person, await world.folder(api.person, "Secret"), "Secret group", type=FileType.GROUP
    )
    await world.member_of(open_group, image)
    await world.member_of(hidden, image)
    await world.share(folder, ann)
    document = """
    query ($id: ID!) { file(id: $id) { usage {
      frameInGroupsCount composites { totalCount { value } edges { cursor node { id name } } }
    } } }
    """
    answer = await api.as_(ann).raw(document, id=public(image))
    usage = answer["data"]["file"]["usage"]
    assert usage["frameInGroupsCount"] == 2
    assert usage["composites"]["totalCount"] == {"value": 1}
    assert [edge["node"]["name"] for edge in usage["composites"]["edges"]] == ["Open"]
    assert "Secret" not in str(answer)
    assert hidden.id.hex not in str(answer)


async def test_a_composites_hidden_member_is_a_place_and_no_more(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    hidden = await world.file(api.person, await world.folder(api.person), "Secret")
    image = await world.file(api.person, folder, "image")
    group = await world.file(api.person, folder, "group", type=FileType.GROUP)
    await world.member_of(group, image, hidden)
    await world.share(folder, ann)
    found = await look(api.as_(ann), group, "members { nodes { position file { name } } }")
    assert found["members"]["nodes"] == [
        {"position": 0, "file": {"name": "image"}},
        {"position": 1, "file": None},
    ]


async def test_the_members_of_a_hidden_composite_are_hidden(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    group = await world.file(api.person, folder, "group", type=FileType.GROUP)
    await world.member_of(group, await world.file(api.person, folder))
    assert await look(api.as_(ann), group, "members { nodes { position } }") is None


async def test_an_uploaded_file_has_a_signed_link(api: Api, world: World, folder: Folder) -> None:
    file = await world.file(api.person, folder, object_key="uploads/one")
    link = (await look(api, file, "downloadUrl"))["downloadUrl"]
    assert link.startswith("http://labelgraph.test/storage/objects/uploads/one?token=")


@pytest.mark.parametrize(
    "columns",
    [
        {"type": FileType.IMAGE_GROUP},
        {"type": FileType.DICOM_SERIES},
        {"type": FileType.GROUP},
        {"type": FileType.SCENE},
        {"is_tombstone": True},
        {"object_key": None},
    ],
)
async def test_what_has_no_bytes_of_its_own_has_no_link(
    api: Api, world: World, folder: Folder, columns: dict[str, Any]
) -> None:
    given = {"object_key": "uploads/one"} | columns
    file = await world.file(api.person, folder, **given)
    assert await look(api, file, "downloadUrl") == {"downloadUrl": None}


async def test_an_image_sequence_has_a_link_to_its_video(
    api: Api, world: World, folder: Folder
) -> None:
    given = {"type": FileType.IMAGE_SEQUENCE, "object_key": "sequences/one.mp4"}
    file = await world.file(api.person, folder, **given)
    assert (await look(api, file, "downloadUrl"))["downloadUrl"] is not None


async def test_an_unknown_file_is_null(api: Api) -> None:
    for one in ("nonsense", f"file_{new_id().hex}", f"fold_{new_id().hex}"):
        assert await api("query ($id: ID!) { file(id: $id) { id } }", id=one) == {"file": None}
