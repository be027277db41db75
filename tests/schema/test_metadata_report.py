"""Whether metadata fits the schema: counts and the values that do not, through the API."""

from typing import Any

import pytest

from app.files import verification
from tests.client import Api
from tests.statements import Statements
from tests.world import World

IMPORT = """
mutation ($input: ImportMetadataSchemaInput!) {
  importMetadataSchema(input: $input) { userErrors { message } }
}
"""
DOCUMENT: dict[str, Any] = {
    "price": {"ty": "variant", "hint": "number"},
    "weather": {"ty": "enum", "values": ["rain", "sunny"]},
    "story": {"ty": "variant", "hint": "text"},
    "clip": {"ty": "embedding", "size": 2, "api": None},
    "place": {"ty": "geospatial"},
    "old": {"ty": "tombstone", "deleted_ty": {"ty": "variant", "hint": "number"}},
}
COUNTS = """
{ metadataSchema { keys(includeDeleted: true) {
  name fileCount { value isExact } typeErrorCount { value isExact }
} } }
"""
ERRORS = """
query ($keys: [String!], $first: Int, $after: String, $last: Int) { metadataSchema {
  typeErrors(keys: $keys, first: $first, after: $after, last: $last) {
    nodes { key { name } file { id } frame found }
    totalCount { value isExact }
    pageInfo { hasNextPage endCursor }
  }
} }
"""


@pytest.fixture
async def person(api: Api) -> Any:
    await api.change(IMPORT, input={"document": DOCUMENT, "expectedRevision": 0})
    return api.person


async def counts(api: Api) -> dict[str, tuple[int, int]]:
    """Of each key: files with a value, files with a wrong one."""
    keys = (await api(COUNTS))["metadataSchema"]["keys"]
    return {
        key["name"]: (key["fileCount"]["value"], key["typeErrorCount"]["value"]) for key in keys
    }


async def errors(api: Api, **arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await api(ERRORS, **arguments))["metadataSchema"]["typeErrors"]
    return found


async def test_values_of_each_kind_are_counted_and_so_are_those_that_do_not_fit(
    api: Api, world: World, person: Any
) -> None:
    folder = await world.folder(person)
    full = {"price": 1, "weather": "rain", "story": "once", "clip": [1, 2], "place": [3, 4]}
    await world.file(person, folder, metadata={**full, "old": 1, "other": 1})
    await world.file(person, folder, metadata={**full, "price": None, "place": None})
    await world.file(person, folder, metadata={"price": "n/a", "weather": "fog", "clip": [1]})
    await world.file(person, folder)
    assert await counts(api) == {
        "price": (1, 1),
        "weather": (2, 1),
        "story": (2, 0),
        "clip": (3, 1),
        "place": (1, 0),
        "old": (0, 0),
    }


async def test_wrong_values_are_listed_with_their_file_and_what_was_found(
    api: Api, world: World, person: Any
) -> None:
    folder = await world.folder(person)
    file = await world.file(person, folder, metadata={"price": "n/a"})
    video = await world.file(
        person,
        folder,
        type="VIDEO",
        metadata={"$encord": {"frames": {"7": {"price": True}}}, "weather": "fog"},
    )
    found = await errors(api)
    assert found["nodes"] == [
        {
            "key": {"name": "price"},
            "file": {"id": f"file_{file.id.hex}"},
            "frame": None,
            "found": 'Expected a number; found the text "n/a".',
        },
        {
            "key": {"name": "price"},
            "file": {"id": f"file_{video.id.hex}"},
            "frame": 7,
            "found": "Expected a number; found true.",
        },
        {
            "key": {"name": "weather"},
            "file": {"id": f"file_{video.id.hex}"},
            "frame": None,
            "found": 'Expected one of the options; found the text "fog".',
        },
    ]
    assert found["totalCount"] == {"value": 3, "isExact": True}
    assert [one["key"]["name"] for one in (await errors(api, keys=["weather"]))["nodes"]] == [
        "weather"
    ]
    for none in ([], ["old"], ["unknown"], ["\0"]):
        assert (await errors(api, keys=none))["nodes"] == []


async def test_wrong_values_are_paged(api: Api, world: World, person: Any) -> None:
    folder = await world.folder(person)
    for number in range(3):
        await world.file(person, folder, metadata={"price": f"no {number}"})
    first = await errors(api, first=2)
    assert first["pageInfo"]["hasNextPage"]
    rest = await errors(api, first=2, after=first["pageInfo"]["endCursor"])
    found = [one["found"][-6:-2] for one in first["nodes"] + rest["nodes"]]
    assert found == ["no 0", "no 1", "no 2"]
    assert [one["found"][-6:-2] for one in (await errors(api, last=1))["nodes"]] == ["no 2"]
    refused = await api.errors(ERRORS, after=first["pageInfo"]["endCursor"], keys=["price"])
    assert refused[0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_too_many_names_are_refused(api: Api) -> None:
    (error,) = await api.errors(ERRORS, keys=[str(number) for number in range(1_001)])
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["field"] == ["keys"]


async def test_files_that_one_may_not_see_are_neither_counted_nor_listed(
    api: Api, world: World, person: Any
) -> None:
    secret, shared = await world.folder(person), await world.folder(person)
    for folder in (secret, shared, secret):
        await world.file(
            person,
            folder,
            metadata={"price": "n/a", "weather": "rain", "story": "a", "place": 1},
        )
    member = await world.member(person)
    await world.share(shared, member)
    theirs = api.as_(member)
    assert (await counts(theirs)) == {
        "price": (0, 1),
        "weather": (1, 0),
        "story": (1, 0),
        "clip": (0, 0),
        "place": (1, 0),
        "old": (0, 0),
    }
    assert (await errors(theirs))["totalCount"]["value"] == 1
    stranger = api.as_(await world.organisation())
    assert (await errors(stranger))["nodes"] == []


async def test_counting_stops_at_its_caps_and_says_so(
    api: Api, world: World, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MOST_FILES", "MOST_DOCUMENTS", "MOST_ERRORS"):
        monkeypatch.setattr(verification, name, 2)
    folder = await world.folder(person)
    given = {"price": "n/a", "weather": "rain", "story": "a", "place": 1}
    for _ in range(2):
        await world.file(person, folder, metadata=given)
    assert all(key["fileCount"]["isExact"] for key in (await api(COUNTS))["metadataSchema"]["keys"])
    await world.file(person, folder, metadata=given)
    keys = {key["name"]: key for key in (await api(COUNTS))["metadataSchema"]["keys"]}
    assert keys["price"]["typeErrorCount"] == {"value": 2, "isExact": False}
    for name in ("weather", "story", "place"):
        assert keys[name]["fileCount"]["isExact"] is False
        assert keys[name]["fileCount"]["value"] >= 2


async def test_the_report_takes_as_many_statements_for_many_keys_as_for_few(
    api: Api, world: World, person: Any, statements: Statements
) -> None:
    many = {f"key {number}": {"ty": "variant", "hint": "number"} for number in range(30)}
    folder = await world.folder(person)
    await world.file(person, folder, metadata={"price": "n/a", "weather": "fog"})
    query = (
        "{ metadataSchema { revision document keys { fileCount { value } typeErrorCount { value } }"
        " typeErrors { nodes { found key { name } file { id } } totalCount { value } } } }"
    )
    costs = []
    for revision in (1, 2):
        statements.clear()
        await api(query)
        costs.append(len(statements))
        document = {**DOCUMENT, **many}
        if revision == 1:
            await api.change(IMPORT, input={"document": document, "expectedRevision": 1})
    # the schema; keys by id, twice; typed, texts, documents; errors by key; a page, its files, its count
    assert costs == [10, 10]


async def test_without_counts_the_schema_is_one_statement(
    api: Api, person: Any, statements: Statements
) -> None:
    statements.clear()
    await api("{ metadataSchema { revision document keys { name type options } } }")
    assert len(statements) == 1
