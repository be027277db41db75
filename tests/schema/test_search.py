"""The search for files, through the API."""

from typing import Any

import pytest

from app.collections.models import CollectionFile
from app.core import ids
from app.core.db import Scope
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.files.models import File, Folder
from app.search import keys
from tests.app.search.shelf import OPTIONS, UUIDS, declare
from tests.client import Api
from tests.schema.public_ids import public
from tests.statements import Statements
from tests.world import Person, World

FILES = """
query ($filter: FileFilter, $sort: [FileSort!], $first: Int, $after: String, $last: Int, $before: String) {
  files(filter: $filter, sort: $sort, first: $first, after: $after, last: $last, before: $before) {
    nodes { name }
    pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
  }
}
"""
ERRORS = """
query ($filter: FileFilter, $sort: [FileSort!]) {
  files(filter: $filter, sort: $sort) {
    typeErrors { key count { value isExact } sample { fileId frame found file { name } } }
  }
}
"""
ADD = """
mutation ($key: String!, $type: MetadataScalarType!) {
  addMetadataScalar(input: {key: $key, type: $type}) { userErrors { message } }
}
"""
DELETE = """
mutation ($key: String!) { deleteMetadataKey(input: {key: $key}) { userErrors { message } } }
"""


DOCUMENTS = {
    "a": {
        "number": 0.5,
        "boolean": True,
        "datetime": "2026-01-01",
        "uuid": UUIDS[0],
        "varchar": "A1",
        "text": "The quick fox",
        "enum": "rain",
    },
    "b": {"number": 1, "varchar": "b2", "text": "a Fox", "enum": "snow"},
    "c": {"number": 2, "boolean": False, "datetime": "2026-01-02"},
    "wrong": {"number": "1", "enum": "hail", "text": 3, "boolean": "yes", "uuid": "u"},
    "none": {},
}


@pytest.fixture(scope="module")
async def reader(runtime: Runtime) -> Person:
    """Somebody with these files, who changes nothing."""
    world = World(runtime)
    reader = await world.organisation()
    await declare(world, reader)
    folder = await world.folder(reader)
    for name, document in DOCUMENTS.items():
        width = 4 if name == "a" else None
        await world.file(reader, folder, name, metadata=document, width=width)
    return reader


@pytest.fixture
async def person(api: Api, world: World) -> Person:
    """The administrator of an organisation with a key of each type."""
    assert api.person is not None
    await declare(world, api.person)
    return api.person


@pytest.fixture
async def folder(world: World, person: Person) -> Folder:
    return await world.folder(person)


async def names(api: Api, **variables: Any) -> list[str]:
    found = (await api(FILES, **variables))["files"]["nodes"]
    return [node["name"] for node in found]


async def refused(api: Api, given: dict[str, Any]) -> tuple[str, str]:
    """The path and the message of the one error."""
    (error,) = await api.errors(FILES, filter=given)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    return ".".join(error["extensions"]["field"]), error["message"]


def key(name: str, **predicate: Any) -> dict[str, Any]:
    """A filter of one metadata key."""
    return {"metadata": [{"key": name, "is": predicate}]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (key("number", number={"gte": 1}), ["b", "c"]),
        (key("number", number={"in": [1, 3]}), ["b"]),
        (key("number", number={"ne": 1}), ["a", "c", "wrong", "none"]),
        (key("number", exists=False), ["wrong", "none"]),
        (key("number", number={"isNull": False}), ["a", "b", "c"]),
        (key("boolean", flag=True), ["a"]),
        (key("datetime", instant={"lt": "2026-01-02T01:00:00+01:00"}), ["a"]),
        (key("uuid", text={"eq": UUIDS[0].upper()}), ["a"]),
        (key("varchar", text={"startsWith": "A"}), ["a"]),
        (key("varchar", text={"contains": "2", "ignoreCase": True}), ["b"]),
        (key("varchar", text={"notIn": ["A1"]}), ["b", "c", "wrong", "none"]),
        (key("text", words="FOX quick"), ["a"]),
        (key("text", words='"quick fox"'), ["a"]),
        (key("text", words="fox -quick"), ["b"]),
        (key("text", exists=True), ["a", "b"]),
        (key("enum", text={"in": ["rain", "snow"]}), ["a", "b"]),
        ({"not": key("enum", text={"eq": "rain"})}, ["b", "c", "wrong", "none"]),
        ({"metadata": []}, ["a", "b", "c", "wrong", "none"]),
        (
            {
                "metadata": [
                    {"key": "number", "is": {"number": {"gte": 0}}},
                    {"key": "enum", "is": {"exists": True}},
                ]
            },
            ["a", "b"],
        ),
        ({"width": {"gt": 2**40}}, []),
        ({"width": {"lte": 2**40}}, ["a"]),
        ({"mimeType": {"isNull": True}, "width": {"isNull": False}}, ["a"]),
        ({"integrationId": {"isNull": True}, "name": {"in": ["A"], "ignoreCase": True}}, ["a"]),
        ({"name": {"notIn": ["a", "b"]}, "type": {"ne": "VIDEO"}}, ["c", "wrong", "none"]),
        ({"createdBy": {"notIn": []}, "folderTags": []}, ["a", "b", "c", "wrong", "none"]),
        ({"folderTags": ["nowhere"]}, []),
        ({"collectionId": {"isNull": False}}, []),
    ],
)
async def test_files_are_found_by_what_they_have(
    api: Api, reader: Person, given: dict[str, Any], expected: list[str]
) -> None:
    assert await names(api.as_(reader), filter=given) == expected


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        (key("numbr", exists=True), "metadata.0.key", "Perhaps you mean `number`"),
        (key("gone", exists=True), "metadata.0.key", "is deleted"),
        (key("\0", exists=True), "metadata.0.key", "U+0000"),
        (key("number", text={"eq": "1"}), "metadata.0.is.text", "number or exists fits"),
        (key("number", flag=True), "metadata.0.is.flag", "of type NUMBER"),
        (key("datetime", number={"eq": 1}), "metadata.0.is.number", "instant or exists fits"),
        (key("boolean", text={"eq": "true"}), "metadata.0.is.text", "flag or exists fits"),
        (key("varchar", words="x"), "metadata.0.is.words", "text or exists fits"),
        (key("text", text={"eq": "x"}), "metadata.0.is.text", "words or exists fits"),
        (key("embedding", number={"gt": 1}), "metadata.0.is.number", "exists fits"),
        (key("geospatial", exists=True), "metadata.0.is.exists", "no comparison fits"),
        (key("enum", text={"contains": "r"}), "metadata.0.is.text.contains", "no parts"),
        (
            key("enum", text={"eq": "rain", "ignoreCase": True}),
            "metadata.0.is.text.ignoreCase",
            "no parts",
        ),
        (key("enum", text={"in": ["rain", "hail"]}), "metadata.0.is.text.in.1", OPTIONS[0]),
        (key("enum", text={"notIn": ["hail"]}), "metadata.0.is.text.notIn.0", "no option"),
        (key("uuid", text={"ne": "u"}), "metadata.0.is.text.ne", "is none"),
        (key("varchar", text={"startsWith": "x" * 513}), "metadata.0.is.text.startsWith", "512"),
        (key("varchar", text={"in": ["x"] * 1001}), "metadata.0.is.text.in", "1,001"),
        (key("number", number={"eq": None}), "metadata.0.is.number.eq", "leave it out"),
        (key("text", words="x" * 1001), "metadata.0.is.words", "1,000"),
        ({"name": {"startsWith": "\0"}}, "name.startsWith", "U+0000"),
        ({"name": {"notIn": ["a", "\0"]}}, "name.notIn.1", "U+0000"),
        ({"createdAt": {"isNull": None}}, "createdAt.isNull", "leave it out"),
        ({"mimeType": None}, "mimeType", "mimeType is null; leave it out"),
        ({"folderTags": ["a"] * 1001}, "folderTags", "1,001"),
        ({"frameCount": {"in": [1] * 1001}}, "frameCount.in", "1,001"),
        ({"or": [{}] * 201}, "", "201 tests"),
        ({"metadata": key("number", exists=True)["metadata"] * 201}, "", "201 tests"),
    ],
)
async def test_a_fault_is_told_with_its_path_however_deep_it_lies(
    api: Api, reader: Person, given: dict[str, Any], path: str, message: str
) -> None:
    api = api.as_(reader)
    where, told = await refused(api, given)
    assert where == ".".join(filter(None, ["filter", path]))
    assert message in told
    if not path:
        return
    deep = {"and": [{}, {"or": [{"not": given}]}]}
    assert await refused(api, deep) == (f"filter.and.1.or.0.not.{path}", told)


async def test_a_filter_nests_five_levels_and_no_more(api: Api) -> None:
    given: dict[str, Any] = {}
    for _ in range(4):
        given = {"or": [given]}
    assert await names(api, filter=given) == []
    where, told = await refused(api, {"not": given})
    assert (where, "5 levels" in told) == ("filter.not.or.0.or.0.or.0.or.0", True)


@pytest.mark.parametrize(
    ("sort", "path", "message"),
    [
        (
            [{"by": {"field": name}} for name in ("NAME", "SIZE", "WIDTH", "HEIGHT")],
            "sort",
            "at most 3",
        ),
        ([{"by": {"field": "SIZE"}}] * 2, "sort.1.by", "named twice"),
        ([{"by": {"metadataKey": "nothing"}}], "sort.0.by.metadataKey", "no metadata key"),
        ([{"by": {"metadataKey": "gone"}}], "sort.0.by.metadataKey", "deleted"),
        ([{"by": {"metadataKey": "text"}}], "sort.0.by.metadataKey", "has no order"),
        ([{"by": {"metadataKey": "embedding"}}], "sort.0.by.metadataKey", "has no order"),
    ],
)
async def test_a_sort_that_cannot_be_is_an_error(
    api: Api, reader: Person, sort: list[Any], path: str, message: str
) -> None:
    (error,) = await api.as_(reader).errors(FILES, sort=sort)
    assert ".".join(error["extensions"]["field"]) == path
    assert message in error["message"]


async def test_folders_are_sorted_by_what_they_have(api: Api, folder: Folder) -> None:
    document = "query ($sort: [FileSort!]) { folders(sort: $sort) { nodes { name } } }"
    for by in ({"field": "SIZE"}, {"metadataKey": "number"}):
        (error,) = await api.errors(document, sort=[{"by": by}])
        assert error["extensions"]["field"] == ["sort", "0", "by"]
    (error,) = await api.errors(document, sort=[{"by": {"field": "NAME"}}] * 2)
    assert error["extensions"]["field"] == ["sort"]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_files_without_a_value_come_last_in_either_direction(
    api: Api, world: World, folder: Folder, direction: str
) -> None:
    for name, document in {
        "x": {},
        "1": {"number": 1},
        "y": {"number": "?"},
        "2": {"number": 2},
    }.items():
        await world.file(api.person, folder, name, metadata=document)
    sort = [{"by": {"metadataKey": "number"}, "direction": direction}]
    expected = ["1", "2", "x", "y"] if direction == "ASC" else ["2", "1", "y", "x"]
    assert await names(api, sort=sort) == expected
    forward, cursor = [], None
    for _ in expected:
        page = (await api(FILES, sort=sort, first=1, after=cursor))["files"]
        cursor = page["pageInfo"]["endCursor"]
        forward += [node["name"] for node in page["nodes"]]
    assert (forward, page["pageInfo"]["hasNextPage"]) == (expected, False)
    backward, cursor = [], None
    for _ in expected:
        page = (await api(FILES, sort=sort, last=1, before=cursor))["files"]
        cursor = page["pageInfo"]["startCursor"]
        backward += [node["name"] for node in page["nodes"]]
    assert (backward[::-1], page["pageInfo"]["hasPreviousPage"]) == (expected, False)


async def test_values_that_do_not_fit_are_told_of_and_fail_nothing(
    api: Api, world: World, folder: Folder
) -> None:
    wrong = [
        await world.file(api.person, folder, f"wrong {number}", metadata={"number": "n/a"})
        for number in range(7)
    ]
    await world.file(api.person, folder, "right", metadata={"number": 1, "boolean": "?"})
    given = {"not": key("number", number={"lt": 0}), **key("boolean", exists=False)}
    (found, other) = sorted(
        (await api(ERRORS, filter=given))["files"]["typeErrors"], key=lambda one: one["key"]
    )[::-1]
    assert (found["key"], found["count"]) == ("number", {"value": 7, "isExact": True})
    assert [one["fileId"] for one in found["sample"]] == [public(file) for file in wrong[:5]]
    assert found["sample"][0] == {
        "fileId": public(wrong[0]),
        "frame": None,
        "found": 'Expected a number; found the text "n/a".',
        "file": {"name": "wrong 0"},
    }
    assert (other["key"], other["count"]["value"]) == ("boolean", 1)
    by_sort = await api(ERRORS, sort=[{"by": {"metadataKey": "boolean"}}])
    assert [one["key"] for one in by_sort["files"]["typeErrors"]] == ["boolean"]
    assert (await api(ERRORS))["files"]["typeErrors"] == []
    assert (await api(ERRORS, filter=key("enum", exists=True)))["files"]["typeErrors"] == []


async def test_values_of_files_that_one_may_not_see_are_not_told_of(
    api: Api, world: World, folder: Folder
) -> None:
    await world.file(api.person, folder, "secret", metadata={"number": "secret"})
    ann = await world.member(api.person)
    hers = await world.file(ann, await world.folder(ann), metadata={"number": "hers"})
    answer = await api.as_(ann).raw(ERRORS, filter=key("number", exists=True))
    (found,) = answer["data"]["files"]["typeErrors"]
    assert (found["count"]["value"], found["sample"][0]["fileId"]) == (1, public(hers))
    assert "secret" not in str(answer)


async def test_another_organisations_keys_are_unknown(
    api: Api, world: World, folder: Folder
) -> None:
    await world.file(api.person, folder, "ours", metadata={"number": 1, "own": 2})
    await api.change(ADD, key="own", type="NUMBER")
    other = api.as_(await world.organisation("Other"))
    assert other.person is not None
    where, told = await refused(other, key("own", exists=True))
    assert (where, "No key is declared yet" in told) == ("filter.metadata.0.key", True)
    await other.change(ADD, key="own", type="VARCHAR")
    await world.file(
        other.person, await world.folder(other.person), "theirs", metadata={"own": "2"}
    )
    assert await names(other, filter=key("own", text={"eq": "2"})) == ["theirs"]
    assert (await refused(other, key("own", number={"eq": 2})))[0] == "filter.metadata.0.is.number"


async def test_a_change_of_the_schema_holds_at_once(api: Api, world: World, folder: Folder) -> None:
    await world.file(api.person, folder, "a", metadata={"own": "1"})
    await refused(api, key("own", exists=True))
    await api.change(ADD, key="own", type="NUMBER")
    assert await names(api, filter=key("own", exists=True)) == []
    await api.change(ADD, key="own", type="VARCHAR")
    await world.file(api.person, folder, "b", metadata={"own": "1"})
    assert await names(api, filter=key("own", text={"eq": "1"})) == ["b"]
    await refused(api, key("own", number={"eq": 1}))
    await api.change(DELETE, key="own")
    assert "deleted" in (await refused(api, key("own", text={"eq": "1"})))[1]


async def test_a_change_that_another_process_made_is_found_by_what_it_breaks(
    api: Api, world: World, folder: Folder
) -> None:
    assert await names(api, filter=key("number", exists=True)) == []
    held = keys.known(world.runtime.reads)
    before = dict(held._held)
    await api.change(ADD, key="new", type="NUMBER")
    held._held.update(before)  # as if nobody had told this process
    assert await names(api, filter=key("new", exists=True)) == []


async def test_a_filtered_page_costs_one_statement_more_at_its_end_and_two_at_first(
    api: Api, world: World, folder: Folder, statements: Statements
) -> None:
    await world.file(api.person, folder, "a", metadata={"number": 1})
    sort = [{"by": {"metadataKey": "number"}}, {"by": {"field": "NAME"}}]
    counts = []
    for _ in range(5):  # the schema's change may be heard of only now
        statements.clear()
        assert await names(api, filter=key("number", number={"gt": 0}), sort=sort) == ["a"]
        counts.append(len(statements))
    # files without a number come last, and are looked for once the others have run out
    assert min(counts) == 2, statements.texts
    assert max(counts) == 4, "the first one reads the keys, and how much of the folders one sees"
    statements.clear()
    await names(api, filter=key("number", number={"gt": 0}), sort=sort, first=0)
    assert len(statements) == 1
    statements.clear()
    await names(api, filter={"name": {"contains": "a"}, "width": {"isNull": True}})
    assert len(statements) == 1
    statements.clear()
    await api(ERRORS.replace("file { name }", ""), filter=key("number", exists=True))
    assert len(statements) <= 3
    assert sum("file_type_error" in text for text in statements.texts) == 1


async def test_files_of_folders_are_filtered_and_sorted_together(
    api: Api, world: World, person: Person, statements: Statements
) -> None:
    document = """
    query ($filter: FileFilter, $sort: [FileSort!]) { folders(sort: [{by: {field: NAME}}]) { nodes {
      files(filter: $filter, sort: $sort) { totalCount { value } nodes { name } }
    } } }
    """
    for name in ("one", "two"):
        folder = await world.folder(person, name)
        for value in (2, 1, "?"):
            await world.file(person, folder, f"{name} {value}", metadata={"number": value})
    given = {"filter": key("number", number={"ne": 7}), "sort": [{"by": {"metadataKey": "number"}}]}
    statements.clear()
    nodes = (await api(document, **given))["folders"]["nodes"]
    assert [[file["name"] for file in node["files"]["nodes"]] for node in nodes] == [
        ["one 1", "one 2", "one ?"],
        ["two 1", "two 2", "two ?"],
    ]
    assert [node["files"]["totalCount"]["value"] for node in nodes] == [3, 3]
    assert len(statements) <= 5, statements.texts
    (error, *_) = await api.errors(document, filter=key("nothing", exists=True))
    assert error["extensions"]["field"] == ["filter", "metadata", "0", "key"]
    (error, *_) = await api.errors(document, sort=[{"by": {"metadataKey": "nothing"}}])
    assert error["extensions"]["field"] == ["sort", "0", "by", "metadataKey"]


async def test_who_may_not_see_a_collection_cannot_ask_for_what_is_in_it(
    api: Api, world: World, folder: Folder
) -> None:
    file = await world.file(api.person, folder, "a")
    ann = await world.member(api.person)
    hidden, shown = await world.folder(api.person, "hidden"), folder
    await world.share(shown, ann)
    found = {}
    for place in (hidden, shown):
        collection = await api.change(
            """mutation ($input: CreateCollectionInput!) {
              createCollection(input: $input) { collection { id } userErrors { message } } }""",
            input={"name": "c", "folderId": public(place)},
        )
        found[place.name] = collection["collection"]["id"]
        await add_file(world, found[place.name], file)
    for name, of in found.items():
        assert await names(api, filter={"collectionId": {"eq": of}}) == ["a"]
        expected = [] if name == "hidden" else ["a"]
        assert await names(api.as_(ann), filter={"collectionId": {"in": [of]}}) == expected
    assert await names(api.as_(ann), filter={"collectionId": {"notIn": [found["hidden"]]}}) == ["a"]


async def add_file(world: World, collection: str, file: File) -> None:
    """Put a file into a collection."""

    row = CollectionFile(
        organisation_id=file.organisation_id,
        collection_id=ids.decode(Kind.COLLECTION, collection),
        file_id=file.id,
    )
    async with world.runtime.db.transaction(Scope(file.organisation_id)) as tx:
        tx.add(row)
