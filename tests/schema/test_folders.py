"""Folders, through the API."""

import asyncio
from typing import Any

import pytest

from app.accounts.roles import EntityRole, OrganisationRole
from app.core import ids
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.files import folders
from app.files.models import FileType, Folder
from tests.client import Api
from tests.schema.public_ids import public
from tests.statements import Statements
from tests.world import Person, World

ERRORS = "userErrors { code message field }"
CREATE = f"""
mutation ($input: CreateFolderInput!) {{
  createFolder(input: $input) {{ folder {{ id name parent {{ id }} userRole }} {ERRORS} }}
}}
"""
UPDATE = f"""
mutation ($input: UpdateFolderInput!) {{
  updateFolder(input: $input) {{
    folder {{ name description clientMetadata revision }} {ERRORS}
  }}
}}
"""
MOVE = f"""
mutation ($input: MoveFolderInput!) {{
  moveFolder(input: $input) {{ folder {{ pathToRoot {{ name }} userRole }} {ERRORS} }}
}}
"""
DELETE = f"""
mutation ($input: DeleteFolderInput!) {{
  deleteFolder(input: $input) {{ deletedFolderCount deletedFileCount folder {{ id }} {ERRORS} }}
}}
"""
ATTACH = f"""
mutation ($input: AttachFolderTagsInput!) {{
  attachFolderTags(input: $input) {{ folder {{ tags {{ name }} }} {ERRORS} }}
}}
"""
DETACH = ATTACH.replace("attach", "detach").replace("Attach", "Detach")
SHARE = f"""
mutation ($input: ShareFolderInput!) {{
  shareFolder(input: $input) {{
    folder {{ grants {{ nodes {{ role user {{ email }} group {{ name }} }} }} }} {ERRORS}
  }}
}}
"""
CHANGE_ROLE = SHARE.replace("ShareFolder", "ChangeFolderRole").replace(
    "shareFolder", "changeFolderRole"
)
UNSHARE = SHARE.replace("ShareFolder", "UnshareFolder").replace(" shareFolder", " unshareFolder")
NAMES = "query ($filter: FolderFilter, $recursive: Boolean = false, $all: Boolean = false) {"
NAMES += " folders(filter: $filter, recursive: $recursive, includeOrganisationAccess: $all)"
NAMES += " { nodes { name userRole } totalCount { value } } }"
CREATE_TAG = """
mutation ($name: String!) { createTag(input: {name: $name}) { userErrors { code } } }
"""
CREATE_GROUP = f"""
mutation ($input: CreateGroupInput!) {{ createGroup(input: $input) {{ group {{ id }} {ERRORS} }} }}
"""
FILL_GROUP = f"""
mutation ($input: AddGroupMembersInput!) {{ addGroupMembers(input: $input) {{ {ERRORS} }} }}
"""


@pytest.fixture
async def ann(api: Api, world: World) -> Person:
    """A member without any role on a thing."""
    assert api.person is not None
    return await world.member(api.person)


async def names(api: Api, **variables: Any) -> list[str]:
    """What a listing shows."""
    data = await api(NAMES, **variables)
    return [node["name"] for node in data["folders"]["nodes"]]


async def look(api: Api, folder: Folder, fields: str) -> Any:
    """One folder; None if it is out of sight."""
    return (await api(f"query ($id: ID!) {{ folder(id: $id) {{ {fields} }} }}", id=public(folder)))[
        "folder"
    ]


async def test_the_creator_of_a_folder_is_its_administrator(api: Api, ann: Person) -> None:
    payload = await api.as_(ann).change(CREATE, input={"name": "Site"})
    assert payload["folder"]["userRole"] == "ADMIN"


async def test_a_tasker_makes_no_folder_at_the_top(api: Api, world: World) -> None:
    assert api.person is not None
    tasker = await world.member(api.person, OrganisationRole.TASKER)
    error = await api.as_(tasker).refusal(CREATE, input={"name": "Site"})
    assert error["code"] == "FORBIDDEN"


async def test_a_folder_within_another_takes_the_role_admin_there(
    api: Api, world: World, ann: Person
) -> None:
    folder = await world.folder(api.person)
    given = {"name": "Inside", "parentId": public(folder)}
    unseen = await api.as_(ann).refusal(CREATE, input=given)
    await world.share(folder, ann)
    forbidden = await api.as_(ann).refusal(CREATE, input=given)
    assert (unseen["code"], forbidden["code"]) == ("NOT_FOUND", "FORBIDDEN")
    assert unseen["field"] == ["parentId"]
    payload = await api.change(CREATE, input=given)
    assert payload["folder"]["parent"] == {"id": public(folder)}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": " "}, "INVALID"),
        ({"name": "x" * 256}, "INVALID"),
        ({"name": "a\0b"}, "INVALID"),
        ({"name": "a", "description": "\0"}, "INVALID"),
        ({"name": "a", "description": "x" * 4097}, "INVALID"),
        ({"name": "a", "clientMetadata": [1]}, "INVALID"),
        ({"name": "a", "clientMetadata": {"a": "\0"}}, "INVALID"),
        ({"name": "a", "clientMetadata": "{"}, "INVALID"),
        ({"name": "a", "parentId": "nonsense"}, "NOT_FOUND"),
        ({"name": "a", "parentId": "fold_" + "0" * 32}, "NOT_FOUND"),
    ],
)
async def test_what_cannot_be_kept_is_refused(api: Api, given: dict[str, Any], code: str) -> None:
    assert (await api.refusal(CREATE, input=given))["code"] == code


async def test_an_update_changes_what_it_names_and_clears_what_is_null(
    api: Api, world: World
) -> None:
    folder = public(await world.folder(api.person, "Old"))
    given = {"folderId": folder, "description": "what", "clientMetadata": {"my": 1}}
    first = await api.change(UPDATE, input=given)
    assert first["folder"] == {
        "name": "Old",
        "description": "what",
        "clientMetadata": {"my": 1},
        "revision": 2,
    }
    second = await api.change(
        UPDATE, input={"folderId": folder, "name": "New", "clientMetadata": None}
    )
    assert second["folder"]["name"] == "New"
    assert second["folder"]["clientMetadata"] == {}
    assert second["folder"]["description"] == "what"


async def test_a_stale_update_changes_nothing_and_shows_what_is_stored(
    api: Api, world: World
) -> None:
    folder = public(await world.folder(api.person, "Old"))
    given = {"folderId": folder, "name": "New", "expectedRevision": 7}
    payload = await api.payload(UPDATE, input=given)
    assert payload["userErrors"][0]["code"] == "REVISION_CONFLICT"
    assert payload["folder"]["name"] == "Old"


async def test_a_user_of_a_folder_changes_nothing_in_it(
    api: Api, world: World, ann: Person
) -> None:
    folder = await world.folder(api.person)
    await world.share(folder, ann)
    key, member = public(folder), api.as_(ann)
    refusals = [
        await member.refusal(UPDATE, input={"folderId": key, "name": "Mine"}),
        await member.refusal(MOVE, input={"folderId": key, "parentId": None}),
        await member.refusal(DELETE, input={"folderId": key}),
        await member.refusal(ATTACH, input={"folderId": key, "tags": []}),
        await member.refusal(DETACH, input={"folderId": key, "tags": []}),
        await member.refusal(SHARE, input={"folderId": key, "to": {}, "role": "USER"}),
        await member.refusal(CHANGE_ROLE, input={"folderId": key, "of": {}, "role": "USER"}),
        await member.refusal(UNSHARE, input={"folderId": key, "from": {}}),
    ]
    assert {error["code"] for error in refusals} == {"FORBIDDEN"}


async def test_another_organisations_folder_looks_like_nothing(api: Api, world: World) -> None:
    folder = await world.folder(await world.organisation("Other"))
    key = public(folder)
    assert await look(api, folder, "name") is None
    assert (await api("query ($id: ID!) { node(id: $id) { id } }", id=key))["node"] is None
    refusals = [
        await api.refusal(UPDATE, input={"folderId": key, "name": "Mine"}),
        await api.refusal(MOVE, input={"folderId": key, "parentId": None}),
        await api.refusal(DELETE, input={"folderId": key}),
        await api.refusal(ATTACH, input={"folderId": key, "tags": []}),
        await api.refusal(SHARE, input={"folderId": key, "to": {}, "role": "USER"}),
        await api.refusal(CREATE, input={"name": "Inside", "parentId": key}),
    ]
    assert {error["code"] for error in refusals} == {"NOT_FOUND"}
    assert await names(api, all=True, recursive=True) == []


async def test_a_role_holds_for_everything_below(api: Api, world: World, ann: Person) -> None:
    top = await world.folder(api.person, "Top")
    middle = await world.folder(api.person, "Middle", top)
    low = await world.folder(api.person, "Low", middle)
    assert await look(api.as_(ann), low, "name") is None
    await world.share(middle, ann)
    found = await look(api.as_(ann), low, "userRole parent { name } pathToRoot { name }")
    assert found == {
        "userRole": "USER",
        "parent": {"name": "Middle"},
        "pathToRoot": [{"name": "Middle"}, {"name": "Low"}],
    }
    assert await look(api.as_(ann), middle, "parent { name }") == {"parent": None}


async def test_of_several_roles_the_strongest_counts(api: Api, world: World, ann: Person) -> None:
    top = await world.folder(api.person, "Top")
    low = await world.folder(api.person, "Low", top)
    await world.share(top, ann, EntityRole.ADMIN)
    await world.share(low, ann, EntityRole.USER)
    assert await look(api.as_(ann), low, "userRole") == {"userRole": "ADMIN"}


async def test_a_group_gives_its_role_to_whoever_is_in_it(
    api: Api, world: World, ann: Person
) -> None:
    folder = await world.folder(api.person)
    made = await api.change(CREATE_GROUP, input={"name": "Night shift"})
    group_id = made["group"]["id"]
    await api.change(FILL_GROUP, input={"groupId": group_id, "emails": [ann.email]})
    given = {"folderId": public(folder), "to": {"groupIds": [group_id]}, "role": "ADMIN"}
    payload = await api.change(SHARE, input=given)
    grants = payload["folder"]["grants"]["nodes"]
    assert {"role": "ADMIN", "user": None, "group": {"name": "Night shift"}} in grants
    assert await look(api.as_(ann), folder, "userRole") == {"userRole": "ADMIN"}


async def test_a_member_is_shown_the_topmost_folder_that_is_shared_with_them(
    api: Api, world: World, ann: Person
) -> None:
    top = await world.folder(api.person, "Top")
    low = await world.folder(api.person, "Low", top)
    await world.folder(api.person, "Lower", low)
    await world.share(low, ann)
    assert await names(api.as_(ann)) == ["Low"]
    assert await names(api.as_(ann), recursive=True) == ["Low", "Lower"]
    assert await names(api) == ["Top"]


async def test_an_administrator_lists_all_of_the_organisation_only_on_request(
    api: Api, world: World, ann: Person
) -> None:
    folder = await world.folder(ann, "Hers")
    assert await names(api) == []
    data = await api(NAMES, all=True)
    assert data["folders"]["nodes"] == [{"name": "Hers", "userRole": None}]
    assert await look(api, folder, "name userRole") == {"name": "Hers", "userRole": None}


async def test_a_member_may_not_ask_for_all_of_the_organisation(api: Api, ann: Person) -> None:
    (error,) = await api.as_(ann).errors(NAMES, all=True)
    assert error["extensions"]["code"] == "FORBIDDEN"


async def test_sharing_changes_no_role_that_is_there(api: Api, world: World, ann: Person) -> None:
    folder = await world.folder(api.person)
    await world.share(folder, ann, EntityRole.ADMIN)
    given = {"folderId": public(folder), "to": {"emails": [ann.email.upper()]}, "role": "USER"}
    payload = await api.change(SHARE, input=given)
    roles = {
        grant["user"]["email"]: grant["role"] for grant in payload["folder"]["grants"]["nodes"]
    }
    assert roles[ann.email] == "ADMIN"


async def test_a_role_is_changed_on_its_own(api: Api, world: World, ann: Person) -> None:
    folder = await world.folder(api.person)
    user = {"userIds": [ids.encode(Kind.USER, ann.user_id)]}
    given = {"folderId": public(folder), "of": user, "role": "ADMIN"}
    assert (await api.refusal(CHANGE_ROLE, input=given))["code"] == "NOT_FOUND"
    await world.share(folder, ann)
    await api.change(CHANGE_ROLE, input=given)
    assert await look(api.as_(ann), folder, "userRole") == {"userRole": "ADMIN"}


async def test_sharing_names_every_stranger_and_gives_nobody_a_role(
    api: Api, world: World, ann: Person
) -> None:
    folder = await world.folder(api.person)
    to = {"emails": [ann.email, "b@example.org", "a@example.org"]}
    given = {"folderId": public(folder), "to": to, "role": "USER"}
    error = await api.refusal(SHARE, input=given)
    assert error["code"] == "NOT_FOUND"
    assert "a@example.org, b@example.org" in error["message"]
    assert await look(api.as_(ann), folder, "name") is None


async def test_another_organisations_people_are_strangers(api: Api, world: World) -> None:
    stranger = await world.organisation("Other")
    folder = await world.folder(api.person)
    user = ids.encode(Kind.USER, stranger.user_id)
    for to in ({"emails": [stranger.email]}, {"userIds": [user]}):
        error = await api.refusal(
            SHARE, input={"folderId": public(folder), "to": to, "role": "USER"}
        )
        assert error["code"] == "NOT_FOUND"


async def test_unsharing_passes_over_who_has_no_role(api: Api, world: World, ann: Person) -> None:
    folder = await world.folder(api.person)
    await world.share(folder, ann)
    given = {"folderId": public(folder), "from": {"emails": [ann.email, "nobody@example.org"]}}
    await api.change(UNSHARE, input=given)
    assert await look(api.as_(ann), folder, "name") is None


async def test_tags_are_put_on_and_taken_off_once(api: Api, world: World) -> None:
    for name in ("night", "day"):
        await api.change(CREATE_TAG, name=name)
    given = {"folderId": public(await world.folder(api.person)), "tags": ["night", "day"]}
    for _ in range(2):
        payload = await api.change(ATTACH, input=given)
        assert payload["folder"]["tags"] == [{"name": "day"}, {"name": "night"}]
    for _ in range(2):
        payload = await api.change(DETACH, input=given | {"tags": ["night"]})
        assert payload["folder"]["tags"] == [{"name": "day"}]


async def test_null_in_a_filter_is_a_fault_by_the_name_that_graphql_knows(api: Api) -> None:
    (error,) = await api.errors(NAMES, filter={"createdAt": None})
    assert error["message"].startswith("createdAt is null; leave it out")
    assert error["extensions"]["field"] == ["filter", "createdAt"]


async def test_folders_are_filtered_by_all_of_their_tags(api: Api, world: World) -> None:
    for name in ("night", "Night"):
        await api.change(CREATE_TAG, name=name)
    one, both = await world.folder(api.person, "One"), await world.folder(api.person, "Both")
    await api.change(ATTACH, input={"folderId": public(one), "tags": ["night"]})
    await api.change(ATTACH, input={"folderId": public(both), "tags": ["night", "Night"]})
    assert await names(api, filter={"tags": ["night"]}) == ["One", "Both"]
    assert await names(api, filter={"tags": ["night", "Night", "night"]}) == ["Both"]


async def test_one_error_lists_every_unknown_tag(api: Api, world: World) -> None:
    await api.change(CREATE_TAG, name="night")
    (error,) = await api.errors(NAMES, filter={"tags": ["night", "x", "Night"]})
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert all(f"'{name}'" in error["message"] for name in ("x", "Night"))
    assert "'night'" not in error["message"]
    given = {"folderId": public(await world.folder(api.person)), "tags": ["y", "z"]}
    refused = await api.refusal(ATTACH, input=given)
    assert refused["code"] == "NOT_FOUND"
    assert "'y', 'z'" in refused["message"]


async def test_a_moved_folder_takes_everything_below_along(api: Api, world: World) -> None:
    old, new = await world.folder(api.person, "Old"), await world.folder(api.person, "New")
    moved = await world.folder(api.person, "Moved", old)
    low = await world.folder(api.person, "Low", moved)
    lowest = await world.folder(api.person, "Lowest", low)
    await api.change(MOVE, input={"folderId": public(moved), "parentId": public(new)})
    path = await look(api, lowest, "pathToRoot { name }")
    assert [one["name"] for one in path["pathToRoot"]] == ["New", "Moved", "Low", "Lowest"]
    assert (await look(api, old, "summary(recursive: true) { folderCount }"))["summary"] == {
        "folderCount": 0
    }
    payload = await api.change(MOVE, input={"folderId": public(low), "parentId": None})
    assert payload["folder"]["pathToRoot"] == [{"name": "Low"}]
    assert await names(api) == ["Old", "New", "Low"]


async def test_a_folder_does_not_go_below_itself(api: Api, world: World) -> None:
    top = await world.folder(api.person, "Top")
    low = await world.folder(api.person, "Low", await world.folder(api.person, "Middle", top))
    for target in (top, low):
        given = {"folderId": public(top), "parentId": public(target)}
        assert (await api.refusal(MOVE, input=given))["code"] == "CONFLICT"


async def test_a_move_says_where_to(api: Api, world: World) -> None:
    top = await world.folder(api.person, "Top")
    low = await world.folder(api.person, "Low", top)
    error = await api.refusal(MOVE, input={"folderId": public(low)})
    assert (error["code"], error["field"]) == ("INVALID", ["parentId"])
    assert await look(api, low, "parent { name }") == {"parent": {"name": "Top"}}


async def test_two_moves_at_once_make_no_circle(api: Api, world: World, runtime: Runtime) -> None:
    one, two = await world.folder(api.person, "One"), await world.folder(api.person, "Two")
    below_one = await world.folder(api.person, "Below one", one)
    below_two = await world.folder(api.person, "Below two", two)
    actor = api.person.actor
    async with runtime.db.transaction(actor.scope) as tx:
        await folders.move(tx, actor, one.id, to=below_two.id)
        given = {"folderId": public(two), "parentId": public(below_one)}
        second = asyncio.create_task(api.payload(MOVE, input=given))
        done, _ = await asyncio.wait([second], timeout=0.3)
        assert not done
    (error,) = (await second)["userErrors"]
    assert error["code"] == "CONFLICT"
    assert await names(api) == ["Two"]


async def test_changes_of_the_tree_wait_for_each_other_within_an_organisation(
    api: Api, world: World, runtime: Runtime
) -> None:
    other = await world.organisation("Other")
    async with runtime.db.transaction(api.person.actor.scope) as tx:
        await folders.create(tx, api.person.actor, name="First")
        waiting = asyncio.create_task(api.change(CREATE, input={"name": "Second"}))
        await api.as_(other).change(CREATE, input={"name": "Elsewhere"})
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
    await waiting
    assert await names(api) == ["First", "Second"]


async def test_a_move_takes_admin_at_both_ends(api: Api, world: World, ann: Person) -> None:
    mine, theirs = await world.folder(ann, "Mine"), await world.folder(api.person, "Theirs")
    given = {"folderId": public(mine), "parentId": public(theirs)}
    assert (await api.as_(ann).refusal(MOVE, input=given))["code"] == "NOT_FOUND"
    await world.share(theirs, ann)
    assert (await api.as_(ann).refusal(MOVE, input=given))["code"] == "FORBIDDEN"


async def test_who_moves_a_folder_out_of_what_was_shared_stays_its_administrator(
    api: Api, world: World, ann: Person
) -> None:
    top = await world.folder(api.person, "Top")
    low = await world.folder(api.person, "Low", top)
    await world.share(top, ann, EntityRole.ADMIN)
    payload = await api.as_(ann).change(MOVE, input={"folderId": public(low), "parentId": None})
    assert payload["folder"]["userRole"] == "ADMIN"


async def test_a_deletion_takes_everything_below_and_counts_it(api: Api, world: World) -> None:
    top = await world.folder(api.person, "Top")
    low = await world.folder(api.person, "Low", top)
    await world.file(api.person, top)
    await world.file(api.person, low, is_component=True, object_key="uploads/none")
    payload = await api.change(DELETE, input={"folderId": public(top)})
    assert (payload["deletedFolderCount"], payload["deletedFileCount"]) == (2, 2)
    assert await look(api, low, "name") is None


async def test_a_folder_whose_files_are_used_elsewhere_stays(api: Api, world: World) -> None:
    images, groups = await world.folder(api.person), await world.folder(api.person)
    image = await world.file(api.person, images)
    made = await api.change(
        f"mutation ($input: CreateImageGroupInput!) {{ createImageGroup(input: $input) {{ {ERRORS} }} }}",
        input={"folderId": public(groups), "name": "Pair", "fileIds": [public(image)]},
    )
    assert made["userErrors"] == []
    error = await api.refusal(DELETE, input={"folderId": public(images)})
    assert error["code"] == "CONFLICT"
    assert "Pair" not in error["message"]
    await api.change(DELETE, input={"folderId": public(groups)})
    await api.change(DELETE, input={"folderId": public(images)})


async def test_a_summary_counts_by_type_here_or_below(api: Api, world: World) -> None:
    top = await world.folder(api.person, "Top")
    low = await world.folder(api.person, "Low", await world.folder(api.person, "Middle", top))
    await world.file(api.person, top, byte_size=3_000_000_000)
    await world.file(api.person, low, type=FileType.VIDEO, byte_size=2, is_tombstone=True)
    await world.file(api.person, low, is_component=True, byte_size=7)
    fields = "{ fileCount folderCount byteSize tombstoneCount uploadJobCount types { type count } }"
    found = await look(api, top, f"here: summary {fields} below: summary(recursive: true) {fields}")
    assert found["here"] == {
        "fileCount": 1,
        "folderCount": 1,
        "byteSize": 3_000_000_000,
        "tombstoneCount": 0,
        "uploadJobCount": 0,
        "types": [{"type": "IMAGE", "count": 1}],
    }
    assert found["below"] == {
        "fileCount": 2,
        "folderCount": 2,
        "byteSize": 3_000_000_002,
        "tombstoneCount": 1,
        "uploadJobCount": 0,
        "types": [{"type": "IMAGE", "count": 1}, {"type": "VIDEO", "count": 1}],
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["Ähre", "alpha", "ALPINE", "100%"]),
        ({"name": {"eq": "alpha"}}, ["alpha"]),
        ({"name": {"contains": "ALP", "ignoreCase": True}}, ["alpha", "ALPINE"]),
        ({"name": {"startsWith": "äH", "ignoreCase": True}}, ["Ähre"]),
        ({"name": {"contains": "%"}}, ["100%"]),
        ({"name": {"in": ["alpha", "Ähre"]}}, ["Ähre", "alpha"]),
        ({"id": {"in": []}}, []),
        ({"id": {"eq": "file_" + "0" * 32}}, []),
        ({"createdAt": {"gt": "2020-01-01T00:00:00Z"}}, ["Ähre", "alpha", "ALPINE", "100%"]),
        ({"createdAt": {"lt": "2020-01-01T00:00:00+02:00"}}, []),
    ],
)
async def test_folders_are_filtered(
    api: Api, world: World, given: dict[str, Any], expected: list[str]
) -> None:
    for name in ("Ähre", "alpha", "ALPINE", "100%"):
        await world.folder(api.person, name)
    assert await names(api, filter=given) == expected


async def test_folders_are_sorted_and_paged_by_name(api: Api, world: World) -> None:
    for name in ("b", "a", "c", "b"):
        await world.folder(api.person, name)
    document = """
    query ($after: String) {
      folders(first: 2, after: $after, sort: [{by: {field: NAME}, direction: DESC}]) {
        nodes { name } pageInfo { endCursor hasNextPage }
      }
    }
    """
    first = (await api(document))["folders"]
    second = (await api(document, after=first["pageInfo"]["endCursor"]))["folders"]
    pages = [[node["name"] for node in part["nodes"]] for part in (first, second)]
    assert pages == [["c", "b"], ["b", "a"]]
    assert not second["pageInfo"]["hasNextPage"]


async def test_a_page_of_folders_costs_the_same_statements_however_long_it_is(
    api: Api, world: World, statements: Statements
) -> None:
    top = await world.folder(api.person, "Top")
    document = """
    { folders(recursive: true) { nodes {
      name userRole tags { name } parent { name } createdBy { email } pathToRoot { name }
      summary { fileCount } below: summary(recursive: true) { fileCount }
    } } }
    """
    counts = []
    for _ in range(2):
        await world.folder(api.person, "Low", top)
        await world.folder(api.person, "Low", top)
        statements.clear()
        nodes = (await api(document))["folders"]["nodes"]
        counts.append((len(nodes), len(statements)))
    assert counts == [(3, 11), (5, 11)]


async def test_subfolders_are_paged(api: Api, world: World) -> None:
    top = await world.folder(api.person, "Top")
    for name in ("b", "a"):
        await world.folder(api.person, name, top)
    found = await look(
        api,
        top,
        "subfolders(first: 1, sort: [{by: {field: NAME}}]) { nodes { name } totalCount { value } }",
    )
    assert found["subfolders"] == {"nodes": [{"name": "a"}], "totalCount": {"value": 2}}
