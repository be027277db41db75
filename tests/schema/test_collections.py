"""Collections, through the API."""

import asyncio
from typing import Any

import pytest

from app.accounts.roles import EntityRole, OrganisationRole
from app.core import ids
from app.core.clock import new_id
from app.core.ids import Kind
from app.files.models import File, Folder
from tests.client import Api
from tests.schema.public_ids import public
from tests.statements import Statements
from tests.world import Person, World

ERRORS = "userErrors { code message field }"
CREATE = f"""
mutation ($input: CreateCollectionInput!) {{
  createCollection(input: $input) {{
    collection {{ id name description revision fileCount folder {{ id }} createdBy {{ email }} }}
    replayed {ERRORS}
  }}
}}
"""
UPDATE = f"""
mutation ($input: UpdateCollectionInput!) {{
  updateCollection(input: $input) {{ collection {{ id name description revision }} {ERRORS} }}
}}
"""
DELETE = f"""
mutation ($input: DeleteCollectionInput!) {{
  deleteCollection(input: $input) {{ deletedCollectionId collection {{ revision }} {ERRORS} }}
}}
"""
ADD = f"""
mutation ($input: AddFilesToCollectionInput!) {{
  addFilesToCollection(input: $input) {{
    collection {{ fileCount revision }} addedCount replayed {ERRORS}
    results {{ fileId status file {{ name }} {ERRORS} }} failed {{ fileId }}
  }}
}}
"""
REMOVE = ADD.replace("AddFilesTo", "RemoveFilesFrom").replace("addFilesTo", "removeFilesFrom")
REMOVE = REMOVE.replace("addedCount", "removedCount")
BY_TITLE = f"""
mutation ($input: AddFilesToCollectionByTitleInput!) {{
  addFilesToCollectionByTitle(input: $input) {{
    collection {{ fileCount }} requestedCount matchedTitles ambiguousTitles unmatchedTitles
    addedCount failed {{ fileId }} {ERRORS}
  }}
}}
"""
LOOK = """
query ($id: ID!) { collection(id: $id) {
  name fileCount files { nodes { name } totalCount { value } }
  allFiles { nodes { fileId addedAt file { name } } totalCount { value } }
} }
"""
LIST = """
query ($filter: CollectionFilter, $all: Boolean = false, $first: Int, $after: String) {
  collections(
    filter: $filter, includeOrganisationAccess: $all, first: $first, after: $after
  ) { nodes { id name } totalCount { value } pageInfo { hasNextPage endCursor } }
}
"""
Rows = list[dict[str, Any]]


@pytest.fixture
async def ann(api: Api, world: World) -> Person:
    """A member without any role on a thing."""
    assert api.person is not None
    return await world.member(api.person)


@pytest.fixture
async def folder(api: Api, world: World) -> Folder:
    """A topmost folder of the organisation's administrator."""
    assert api.person is not None
    return await world.folder(api.person, "Top")


async def made(api: Api, folder: Folder | None = None, name: str = "Cats", **given: Any) -> str:
    """The id of a new collection."""
    if folder is not None:
        given["folderId"] = public(folder)
    payload = await api.change(CREATE, input={"name": name, **given})
    found: str = payload["collection"]["id"]
    return found


async def some(api: Api, world: World, folder: Folder, *names: str) -> list[File]:
    """Files of these names in a folder."""
    assert api.person is not None
    return [await world.file(api.person, folder, name) for name in names]


async def add(api: Api, collection_id: str, *files: File, **more: Any) -> dict[str, Any]:
    """What comes of putting files in."""
    given = {"collectionId": collection_id, "fileIds": [public(one) for one in files], **more}
    return await api.payload(ADD, input=given)


async def look(api: Api, collection_id: str) -> dict[str, Any]:
    """The collection, its files and its places."""
    found: dict[str, Any] = (await api(LOOK, id=collection_id))["collection"]
    return found


async def names(api: Api, **variables: Any) -> list[str]:
    """The names in a list of collections."""
    found: Rows = (await api(LIST, **variables))["collections"]["nodes"]
    return [one["name"] for one in found]


# making, changing, deleting


async def test_a_collection_belongs_to_a_topmost_folder(api: Api, folder: Folder) -> None:
    given = {"name": "Cats", "description": "Furry", "folderId": public(folder)}
    payload = await api.change(CREATE, input=given)
    assert api.person is not None
    assert payload["collection"] == {
        "id": payload["collection"]["id"],
        "name": "Cats",
        "description": "Furry",
        "revision": 1,
        "fileCount": 0,
        "folder": {"id": public(folder)},
        "createdBy": {"email": api.person.email},
    }


async def test_a_folder_below_another_takes_no_collection(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    assert api.person is not None
    below = await world.folder(api.person, "Below", folder)
    given = {"name": "Cats", "folderId": public(below)}
    refused = await api.refusal(CREATE, input=given)
    assert (refused["code"], refused["field"]) == ("INVALID", ["folderId"])
    await world.share(below, ann, EntityRole.ADMIN)
    assert await made(api.as_(ann), below), "it is the topmost that she sees"


async def test_without_a_folder_the_oldest_that_one_may_edit_is_taken(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    refused = await api.as_(ann).refusal(CREATE, input={"name": "Cats"})
    assert refused["code"] == "FORBIDDEN"
    await world.share(folder, ann, EntityRole.USER)
    hers, _ = await world.folder(ann, "Hers"), await world.folder(ann, "Hers, too")
    payload = await api.as_(ann).change(CREATE, input={"name": "Cats"})
    assert payload["collection"]["folder"]["id"] == public(hers)


async def test_what_is_absent_stays_and_null_clears(api: Api, folder: Folder) -> None:
    key = await made(api, folder, description="Furry")
    payload = await api.change(UPDATE, input={"collectionId": key, "name": "Dogs"})
    assert payload["collection"]["description"] == "Furry"
    payload = await api.change(UPDATE, input={"collectionId": key, "description": None})
    found = payload["collection"]
    assert (found["name"], found["description"], found["revision"]) == ("Dogs", "", 3)


async def test_another_revision_is_a_conflict_that_shows_what_is_stored(
    api: Api, folder: Folder
) -> None:
    key = await made(api, folder)
    given = {"collectionId": key, "name": "Dogs", "expectedRevision": 7}
    payload = await api.payload(UPDATE, input=given)
    assert payload["userErrors"][0]["code"] == "REVISION_CONFLICT"
    assert (payload["collection"]["name"], payload["collection"]["revision"]) == ("Cats", 1)
    payload = await api.payload(DELETE, input={"collectionId": key, "expectedRevision": 7})
    assert payload["userErrors"][0]["code"] == "REVISION_CONFLICT"
    assert payload["collection"] == {"revision": 1}


async def test_files_outlive_their_collection_and_not_the_other_way_round(
    api: Api, world: World, folder: Folder
) -> None:
    (file, other) = await some(api, world, folder, "a.png", "b.png")
    key = await made(api, folder)
    await add(api, key, file, other)
    delete = "mutation ($input: DeleteFilesInput!) { deleteFiles(input: $input) { userErrors { code } } }"
    await api.change(delete, input={"folderId": public(folder), "fileIds": [public(other)]})
    assert (await look(api, key))["fileCount"] == 1
    payload = await api.change(DELETE, input={"collectionId": key})
    assert payload["deletedCollectionId"] == key
    assert (await api(LOOK, id=key))["collection"] is None
    found = await api("query ($id: ID!) { file(id: $id) { name } }", id=public(file))
    assert found["file"] == {"name": "a.png"}


async def test_the_same_key_makes_one_collection(api: Api, folder: Folder) -> None:
    given = {"name": "Cats", "folderId": public(folder), "idempotencyKey": "once"}
    first = await api.change(CREATE, input=given)
    again = await api.change(CREATE, input=given)
    assert (again["collection"], again["replayed"]) == (first["collection"], True)
    assert await names(api) == ["Cats"]
    refused = await api.refusal(CREATE, input={**given, "name": "Dogs"})
    assert refused["code"] == "IDEMPOTENCY_KEY_REUSED"


# who sees and who may


@pytest.mark.parametrize(
    ("role", "organisation_role", "seen", "outcome"),
    [
        (None, OrganisationRole.MEMBER, False, "NOT_FOUND"),
        (None, OrganisationRole.WORKFORCE_MANAGER, False, "NOT_FOUND"),
        (None, OrganisationRole.ADMIN, True, None),
        (EntityRole.USER, OrganisationRole.TASKER, True, "FORBIDDEN"),
        (EntityRole.USER, OrganisationRole.MEMBER, True, "FORBIDDEN"),
        (EntityRole.ADMIN, OrganisationRole.MEMBER, True, None),
        (EntityRole.ADMIN, OrganisationRole.TASKER, True, None),
    ],
)
async def test_seeing_is_seeing_the_folder_and_changing_is_its_administrators(
    api: Api,
    world: World,
    folder: Folder,
    role: EntityRole | None,
    organisation_role: OrganisationRole,
    seen: bool,
    outcome: str | None,
) -> None:
    assert api.person is not None
    bob = await world.member(api.person, organisation_role)
    if role is not None:
        await world.share(folder, bob, role)
    key = await made(api, folder)
    assert ((await api.as_(bob)(LOOK, id=key))["collection"] is not None) is seen
    payload = await api.as_(bob).payload(UPDATE, input={"collectionId": key, "name": "Dogs"})
    assert [one["code"] for one in payload["userErrors"]] == ([outcome] if outcome else [])


async def test_a_collection_is_listed_where_its_folder_is(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    hers = await world.folder(ann, "Hers")
    await made(api, folder, "Cats")
    await made(api.as_(ann), hers, "Dogs")
    assert await names(api) == ["Cats"]
    assert await names(api, all=True) == ["Cats", "Dogs"]
    assert await names(api.as_(ann)) == ["Dogs"]
    (error,) = await api.as_(ann).errors(LIST, all=True)
    assert error["extensions"]["code"] == "FORBIDDEN"


async def test_collections_are_found_by_id_folder_and_name(
    api: Api, world: World, folder: Folder
) -> None:
    assert api.person is not None
    other = await world.folder(api.person, "Other")
    cats, big = await made(api, folder, "Cats"), await made(api, folder, "Big CATS of Ä")
    await made(api, other, "Dogs")
    assert await names(api, filter={"name": "cats"}) == ["Cats", "Big CATS of Ä"]
    assert await names(api, filter={"name": "of ä"}) == ["Big CATS of Ä"]
    assert await names(api, filter={"folderId": public(other)}) == ["Dogs"]
    assert await names(api, filter={"ids": [big, cats]}) == ["Cats", "Big CATS of Ä"]
    assert await names(api, filter={"ids": [big], "name": "dog"}) == []
    assert await names(api, filter={"ids": []}) == []
    (error,) = await api.errors(LIST, filter={"ids": None})
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_collections_come_in_pages(api: Api, folder: Folder) -> None:
    for name in ("a", "b", "c"):
        await made(api, folder, name)
    first = (await api(LIST, first=2))["collections"]
    assert [one["name"] for one in first["nodes"]] == ["a", "b"]
    assert await names(api, first=2, after=first["pageInfo"]["endCursor"]) == ["c"]


async def test_a_list_of_collections_costs_no_more_statements_when_it_grows(
    api: Api, world: World, folder: Folder, statements: Statements
) -> None:
    query = (
        "{ collections { nodes { name fileCount folder { name } createdBy { email }"
        " files(first: 2) { nodes { name } }"
        " allFiles(first: 2) { nodes { fileId file { name } } } } } }"
    )
    counts = []
    for name in ("a", "b", "c"):
        (file, other) = await some(api, world, folder, f"{name}.png", f"{name}2.png")
        await add(api, await made(api, folder, name), file, other)
        await api(query)
        statements.clear()
        await api(query)
        counts.append(len(statements))
    assert counts[1] == counts[2] <= 7


# what is in it


async def test_files_are_put_in_once_each_and_what_became_of_each_is_told(
    api: Api, world: World, folder: Folder
) -> None:
    assert api.person is not None
    (one, two) = await some(api, world, folder, "one.png", "two.png")
    deep = await world.folder(api.person, "Deep", folder)
    (three,) = await some(api, world, deep, "three.png")
    (outside,) = await some(api, world, await world.folder(api.person, "Other"), "four.png")
    key = await made(api, folder)
    await add(api, key, one)
    unknown = File.model_construct(id=new_id())
    payload = await add(api, key, two, one, three, outside, unknown, two)
    assert payload["userErrors"] == []
    assert (payload["addedCount"], payload["collection"]["fileCount"]) == (2, 3)
    told = [(r["status"], [e["code"] for e in r["userErrors"]]) for r in payload["results"]]
    assert told == [
        ("UPDATED", []),
        ("UNCHANGED", []),
        ("UPDATED", []),
        ("REJECTED", ["INVALID"]),
        ("REJECTED", ["NOT_FOUND"]),
        ("UNCHANGED", []),
    ]
    assert payload["failed"] == [
        {"fileId": public(outside)},
        {"fileId": ids.encode(Kind.FILE, unknown.id)},
    ]
    assert payload["results"][0]["file"] == {"name": "two.png"}


async def test_all_or_nothing_is_nothing_when_one_is_refused(
    api: Api, world: World, folder: Folder
) -> None:
    assert api.person is not None
    (one,) = await some(api, world, folder, "one.png")
    (outside,) = await some(api, world, await world.folder(api.person, "Other"), "four.png")
    key = await made(api, folder)
    payload = await add(api, key, one, outside, mode="ATOMIC")
    assert payload["userErrors"][0]["code"] == "CONFLICT"
    assert [one["status"] for one in payload["results"]] == ["UNCHANGED", "REJECTED"]
    assert (await look(api, key))["fileCount"] == 0


async def test_a_thousand_files_go_in_at_once_and_no_more(api: Api, folder: Folder) -> None:
    key = await made(api, folder)
    given = {"collectionId": key, "fileIds": [ids.encode(Kind.FILE, new_id())] * 1_001}
    assert (await api.refusal(ADD, input=given))["code"] == "TOO_LARGE"
    payload = await api.payload(ADD, input={**given, "fileIds": given["fileIds"][1:]})
    assert len(payload["failed"]) == 1_000


async def test_files_are_taken_out_and_what_is_not_in_is_refused(
    api: Api, world: World, folder: Folder
) -> None:
    (one, two) = await some(api, world, folder, "one.png", "two.png")
    key = await made(api, folder)
    await add(api, key, one)
    given = {"collectionId": key, "fileIds": [public(one), public(two), public(one)]}
    payload = await api.change(REMOVE, input=given)
    assert [r["status"] for r in payload["results"]] == ["UPDATED", "REJECTED", "REJECTED"]
    assert (payload["removedCount"], payload["collection"]["fileCount"]) == (1, 0)


async def test_of_files_that_one_may_not_see_there_is_the_id_alone(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    assert api.person is not None
    (seen, moved) = await some(api, world, folder, "seen.png", "moved.png")
    key = await made(api, folder)
    await add(api, key, seen, moved)
    elsewhere = await world.folder(api.person, "Elsewhere")
    move = "mutation ($input: MoveFilesInput!) { moveFiles(input: $input) { userErrors { code } } }"
    given = {"sourceFolderId": public(folder), "targetFolderId": public(elsewhere)}
    await api.change(move, input={**given, "fileIds": [public(moved)]})
    await world.share(folder, ann, EntityRole.ADMIN)
    found = await look(api.as_(ann), key)
    assert found["files"] == {"nodes": [{"name": "seen.png"}], "totalCount": {"value": 1}}
    places = {one["fileId"]: one["file"] for one in found["allFiles"]["nodes"]}
    assert places == {public(seen): {"name": "seen.png"}, public(moved): None}
    assert (found["fileCount"], found["allFiles"]["totalCount"]["value"]) == (2, 2)
    given = {"collectionId": key, "fileIds": [public(moved)]}
    payload = await api.as_(ann).change(REMOVE, input=given)
    assert (payload["removedCount"], payload["results"][0]["file"]) == (1, None)


async def test_the_files_of_a_collection_come_in_pages_both_ways(
    api: Api, world: World, folder: Folder
) -> None:
    files = await some(api, world, folder, *"abcde")
    key = await made(api, folder)
    await add(api, key, *files[::-1])
    query = """
    query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
      collection(id: $id) {
        files(first: $first, after: $after, last: $last, before: $before) {
          nodes { name } pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
        }
        allFiles(first: $first, last: $last) { nodes { fileId } pageInfo { endCursor } }
      }
    }
    """

    async def part(**page: Any) -> tuple[str, dict[str, Any]]:
        found = (await api(query, id=key, **page))["collection"]
        return "".join(one["name"] for one in found["files"]["nodes"]), found["files"]["pageInfo"]

    first, info = await part(first=2)
    assert (first, info["hasNextPage"], info["hasPreviousPage"]) == ("ab", True, False)
    second, after = await part(first=2, after=info["endCursor"])
    assert (second, after["hasPreviousPage"]) == ("cd", True)
    assert (await part(last=2))[0] == "de"
    assert (await part(last=2, before=after["startCursor"]))[0] == "ab"


async def test_two_who_put_the_same_file_in_at_once_put_it_in_once(
    api: Api, world: World, folder: Folder
) -> None:
    files = await some(api, world, folder, *"abcd")
    key = await made(api, folder)
    payloads = await asyncio.gather(*(add(api, key, *files) for _ in range(4)))
    assert sorted(one["addedCount"] for one in payloads) == [0, 0, 0, 4]
    assert (await look(api, key))["fileCount"] == 4


async def test_putting_in_again_under_the_same_key_is_answered_from_memory(
    api: Api, world: World, folder: Folder
) -> None:
    (one,) = await some(api, world, folder, "one.png")
    key = await made(api, folder)
    first = await add(api, key, one, idempotencyKey="once")
    again = await add(api, key, one, idempotencyKey="once")
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["results"] == again["results"]


# by title


async def test_titles_are_matched_ambiguous_or_unmatched(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    assert api.person is not None
    deep = await world.folder(api.person, "Deep", folder)
    await some(api, world, folder, "a.png", "b.png", "twice")
    await some(api, world, deep, "deep.png", "twice")
    await some(api, world, await world.folder(api.person, "Other"), "outside", "a.png")
    await world.file(api.person, folder, "part", is_component=True)
    key = await made(api, folder)
    titles = ["a.png", "twice", "deep.png", "A.PNG", "outside", "a.png", "part", "\0", "b.png"]
    payload = await api.change(BY_TITLE, input={"collectionId": key, "titles": titles})
    assert payload == {
        "collection": {"fileCount": 3},
        "requestedCount": 8,
        "matchedTitles": ["a.png", "deep.png", "b.png"],
        "ambiguousTitles": ["twice"],
        "unmatchedTitles": ["A.PNG", "outside", "part", "\0"],
        "addedCount": 3,
        "failed": [],
        "userErrors": [],
    }
    again = await api.change(BY_TITLE, input={"collectionId": key, "titles": titles})
    assert (again["addedCount"], again["matchedTitles"]) == (0, payload["matchedTitles"])


async def test_over_a_thousand_titles_are_refused(api: Api, folder: Folder) -> None:
    key = await made(api, folder)
    given = {"collectionId": key, "titles": ["a"] * 1_001}
    refused = await api.refusal(BY_TITLE, input=given)
    assert (refused["code"], refused["field"]) == ("TOO_LARGE", ["titles"])
    payload = await api.payload(BY_TITLE, input={**given, "titles": []})
    assert (payload["requestedCount"], payload["addedCount"]) == (0, 0)
