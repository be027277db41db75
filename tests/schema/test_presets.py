"""Filter presets, through the API."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.accounts.roles import EntityRole
from app.core import ids
from app.core.clock import new_id
from app.core.ids import Kind
from app.files.models import Folder
from tests.client import Api
from tests.schema.public_ids import public
from tests.shelves import Shelf, noise
from tests.statements import Statements
from tests.world import Person, World

ERRORS = "userErrors { code message field }"
PRESET = """
fragment Preset on FilterPreset {
  id name description filter isShared revision folder { id } createdBy { email }
  problems { message field }
}
"""
CREATE = f"""
mutation ($input: CreateFilterPresetInput!) {{
  createFilterPreset(input: $input) {{ preset {{ ...Preset }} replayed {ERRORS} }}
}} {PRESET}
"""
UPDATE = f"""
mutation ($input: UpdateFilterPresetInput!) {{
  updateFilterPreset(input: $input) {{ preset {{ ...Preset }} {ERRORS} }}
}} {PRESET}
"""
DELETE = f"""
mutation ($input: DeleteFilterPresetInput!) {{
  deleteFilterPreset(input: $input) {{ deletedFilterPresetId preset {{ revision }} {ERRORS} }}
}}
"""
IMPORT = f"""
mutation ($input: ImportFilterPresetInput!) {{
  importFilterPreset(input: $input) {{ preset {{ ...Preset }} {ERRORS} }}
}} {PRESET}
"""
LOOK = f"query ($id: ID!) {{ filterPreset(id: $id) {{ ...Preset }} }} {PRESET}"
LIST = """
query ($filter: FilterPresetFilter, $first: Int) {
  filterPresets(filter: $filter, first: $first) { nodes { name problems { message } } }
}
"""
FIND = """
query ($filter: FileFilter, $presetIds: [ID!]) {
  files(filter: $filter, presetIds: $presetIds) { nodes { name } totalCount { value } }
}
"""
SCALAR = """
mutation ($input: AddMetadataScalarInput!) { addMetadataScalar(input: $input) { userErrors { code } } }
"""
ENUM = """
mutation ($input: AddMetadataEnumInput!) { addMetadataEnum(input: $input) { userErrors { code } } }
"""
FORGET = """
mutation ($input: DeleteMetadataKeyInput!) { deleteMetadataKey(input: $input) { userErrors { code } } }
"""
Given = dict[str, Any]


@pytest.fixture
async def ann(api: Api, world: World) -> Person:
    """A member without any role on a thing."""
    assert api.person is not None
    return await world.member(api.person)


@pytest.fixture
async def folder(api: Api, world: World) -> Folder:
    """A folder with two images of cats and one of a dog."""
    assert api.person is not None
    found = await world.folder(api.person, "Top")
    for name in ("cat 1", "cat 2", "dog"):
        await world.file(api.person, found, name)
    return found


async def saved(api: Api, tree: Given, name: str = "Cats", **more: Any) -> str:
    """The id of a new preset."""
    payload = await api.change(CREATE, input={"name": name, "filter": tree, **more})
    found: str = payload["preset"]["id"]
    return found


async def look(api: Api, preset_id: str) -> Given:
    """The preset."""
    found: Given = (await api(LOOK, id=preset_id))["filterPreset"]
    return found


async def names(api: Api, **tree: Any) -> list[str]:
    """The names in a list of presets."""
    found = (await api(LIST, filter=tree))["filterPresets"]["nodes"]
    return [one["name"] for one in found]


async def found(api: Api, *preset_ids: str, **tree: Any) -> list[str]:
    """The names of the files that presets and a filter let through."""
    answer = await api(FIND, presetIds=list(preset_ids), filter=tree)
    return [one["name"] for one in answer["files"]["nodes"]]


CATS = {"name": {"startsWith": "cat"}}
FILTERS: list[Given] = [
    CATS,
    {"name": {"contains": "Ä", "ignoreCase": True}},
    {"type": {"in": ["IMAGE", "VIDEO"]}, "isComponent": False},
    {"byteSize": {"gte": 2**40}, "durationSeconds": {"lt": 0.25}},
    {"createdAt": {"gt": "2026-01-01T00:00:00Z", "isNull": False}},
    {"folder": {"id": ids.encode(Kind.FOLDER, UUID(int=7)), "recursive": True}},
    {"and": [{"or": [CATS, {"not": {"id": {"in": [ids.encode(Kind.FILE, UUID(int=8))]}}}]}]},
    {"and": [{"and": [{"and": [{"and": [CATS]}]}]}]},
]


@pytest.mark.parametrize("tree", FILTERS, ids=str)
async def test_a_filter_is_read_back_as_it_was_sent(api: Api, tree: Given) -> None:
    key = await saved(api, tree)
    assert (await look(api, key))["filter"] == tree
    assert (await look(api, key))["problems"] == []


async def test_a_filter_may_be_a_literal_as_well(api: Api) -> None:
    create = """
    mutation {
      createFilterPreset(input: {
        name: "Cats", filter: {name: {startsWith: "cat"}, type: {eq: IMAGE}, byteSize: {gt: 5}}
      }) { preset { filter } userErrors { code } }
    }
    """
    payload = await api.change(create)
    stored = {"name": {"startsWith": "cat"}, "type": {"eq": "IMAGE"}, "byteSize": {"gt": 5}}
    assert payload["preset"] == {"filter": stored}


EMPTY: list[Given] = [
    {},
    {"and": []},
    {"and": [{}, {"or": [{"not": {}}]}]},
    {"id": {}},
    {"name": {"ignoreCase": True}},
    {"metadata": []},
    {"folderTags": []},
]


@pytest.mark.parametrize("tree", EMPTY, ids=str)
async def test_a_preset_that_says_nothing_is_refused(api: Api, tree: Given) -> None:
    refused = await api.refusal(CREATE, input={"name": "Nothing", "filter": tree})
    assert (refused["code"], refused["field"]) == ("INVALID", ["filter"])


async def test_a_filter_must_fit_the_metadata_schema(api: Api) -> None:
    await api.change(SCALAR, input={"key": "score", "type": "NUMBER"})
    await saved(api, {"metadata": [{"key": "score", "is": {"number": {"gt": 0.5}}}]})
    for key, predicate in (("skore", {"exists": True}), ("score", {"flag": True})):
        tree = {"and": [{"metadata": [{"key": key, "is": predicate}]}]}
        refused = await api.refusal(CREATE, input={"name": "a", "filter": tree})
        assert refused["code"] == "INVALID"
        assert refused["field"][:5] == ["filter", "and", "0", "metadata", "0"]
        assert "score" in refused["message"]


async def test_null_and_text_that_cannot_be_stored_are_refused(api: Api) -> None:
    for tree in ({"name": None}, {"id": {"in": ["a\0b"]}}, {"name": {"eq": "a\0b"}}):
        refused = await api.refusal(CREATE, input={"name": "a", "filter": tree})
        assert refused["code"] == "INVALID"
        assert refused["field"][0] == "filter"


async def test_a_filter_that_is_too_deep_is_refused(api: Api) -> None:
    tree: Given = CATS
    for _ in range(5):
        tree = {"not": tree}
    refused = await api.refusal(CREATE, input={"name": "a", "filter": tree})
    assert refused["code"] == "TOO_LARGE"


# changing and deleting


async def test_what_is_absent_stays_and_null_clears(api: Api, folder: Folder) -> None:
    key = await saved(api, CATS, description="Furry", folderId=public(folder))
    given = {"presetId": key, "filter": {"name": {"eq": "dog"}}, "isShared": True}
    preset = (await api.change(UPDATE, input=given))["preset"]
    assert preset["filter"] == {"name": {"eq": "dog"}}
    assert (preset["description"], preset["folder"]) == ("Furry", {"id": public(folder)})
    assert (preset["isShared"], preset["revision"]) == (True, 2)
    given = {"presetId": key, "folderId": None, "description": None, "name": "Dogs"}
    preset = (await api.change(UPDATE, input=given))["preset"]
    assert (preset["name"], preset["description"], preset["folder"]) == ("Dogs", "", None)
    refused = await api.refusal(UPDATE, input={"presetId": key, "filter": {}})
    assert refused["code"] == "INVALID"


async def test_another_revision_is_a_conflict_that_shows_what_is_stored(api: Api) -> None:
    key = await saved(api, CATS)
    given = {"presetId": key, "expectedRevision": 7}
    payload = await api.payload(UPDATE, input={**given, "name": "Dogs"})
    assert payload["userErrors"][0]["code"] == "REVISION_CONFLICT"
    assert (payload["preset"]["name"], payload["preset"]["revision"]) == ("Cats", 1)
    payload = await api.payload(DELETE, input=given)
    assert payload["preset"] == {"revision": 1}
    payload = await api.change(DELETE, input={"presetId": key, "expectedRevision": 1})
    assert payload["deletedFilterPresetId"] == key
    assert await look(api, key) is None


async def test_the_same_key_makes_one_preset(api: Api) -> None:
    given = {"name": "Cats", "filter": CATS, "idempotencyKey": "once"}
    first = await api.change(CREATE, input=given)
    again = await api.change(CREATE, input=given)
    assert (again["preset"], again["replayed"]) == (first["preset"], True)
    assert await names(api) == ["Cats"]
    refused = await api.refusal(CREATE, input={**given, "filter": {"name": {"eq": "b"}}})
    assert refused["code"] == "IDEMPOTENCY_KEY_REUSED"


# who sees and who may


async def test_a_preset_is_its_makers_until_it_is_shared(api: Api, ann: Person) -> None:
    key = await saved(api.as_(ann), CATS)
    assert await look(api, key) is None
    assert await names(api) == []
    refused = await api.refusal(UPDATE, input={"presetId": key, "name": "Mine"})
    unknown = {"presetId": ids.encode(Kind.FILTER_PRESET, new_id()), "name": "Mine"}
    assert refused == await api.refusal(UPDATE, input=unknown)
    await api.as_(ann).change(UPDATE, input={"presetId": key, "isShared": True})
    assert await names(api) == ["Cats"]


async def test_a_shared_preset_is_changed_by_its_maker_and_administrators(
    api: Api, world: World, ann: Person
) -> None:
    bob = await world.member(ann)
    key = await saved(api.as_(ann), CATS, isShared=True)
    assert (await look(api.as_(bob), key))["createdBy"] == {"email": ann.email}
    refused = await api.as_(bob).refusal(UPDATE, input={"presetId": key, "name": "Bob's"})
    assert refused["code"] == "FORBIDDEN"
    assert (await api.as_(bob).refusal(DELETE, input={"presetId": key}))["code"] == "FORBIDDEN"
    await api.change(UPDATE, input={"presetId": key, "name": "Everyone's"})


async def test_a_shared_preset_of_a_folder_is_seen_by_those_who_see_the_folder(
    api: Api, world: World, folder: Folder, ann: Person
) -> None:
    key = await saved(api, CATS, isShared=True, folderId=public(folder))
    assert await look(api.as_(ann), key) is None
    await world.share(folder, ann, EntityRole.USER)
    assert (await look(api.as_(ann), key))["folder"] == {"id": public(folder)}
    given = {"name": "a", "filter": CATS, "folderId": public(await world.folder(api.person))}  # type: ignore[arg-type]
    assert (await api.as_(ann).refusal(CREATE, input=given))["code"] == "NOT_FOUND"


async def test_presets_are_found_by_id_folder_and_whose_they_are(
    api: Api, folder: Folder, ann: Person
) -> None:
    cats = await saved(api, CATS, "Cats", folderId=public(folder))
    await saved(api, CATS, "Shared", isShared=True)
    await saved(api.as_(ann), CATS, "Ann's", isShared=True)
    assert await names(api) == ["Cats", "Shared", "Ann's"]
    assert await names(api, isMine=True) == ["Cats", "Shared"]
    assert await names(api, isMine=False) == ["Ann's"]
    assert await names(api, isShared=True) == ["Shared", "Ann's"]
    assert await names(api, isShared=False, isMine=True) == ["Cats"]
    assert await names(api, folderId=public(folder)) == ["Cats"]
    assert await names(api, ids=[cats]) == ["Cats"]
    assert await names(api, ids=[]) == []


async def test_presets_of_others_organisations_are_like_unknown_ones(
    api: Api, world: World
) -> None:
    other = await world.organisation()
    key = await saved(api.as_(other), CATS, isShared=True)
    assert await look(api, key) is None
    assert await names(api) == []
    (error,) = await api.errors(FIND, presetIds=[key])
    (unknown,) = await api.errors(FIND, presetIds=[ids.encode(Kind.FILTER_PRESET, new_id())])
    assert error["message"] == unknown["message"]
    assert error["extensions"]["field"] == unknown["extensions"]["field"] == ["presetIds", "0"]


# in the search


async def test_a_search_goes_by_its_filter_and_its_presets(api: Api, folder: Folder) -> None:
    cats = await saved(api, CATS)
    second = await saved(api, {"name": {"contains": "2"}})
    assert await found(api, cats) == ["cat 1", "cat 2"]
    assert await found(api, cats, second) == ["cat 2"]
    assert await found(api, cats, name={"contains": "1"}) == ["cat 1"]
    assert await found(api, cats, name={"eq": "dog"}) == []
    assert await found(api) == ["cat 1", "cat 2", "dog"]


async def test_a_preset_of_a_folder_finds_what_is_below_it_and_nothing_else(
    api: Api, world: World, folder: Folder
) -> None:
    assert api.person is not None
    deep = await world.folder(api.person, "Deep", folder)
    await world.file(api.person, deep, "cat 3")
    await world.file(api.person, await world.folder(api.person), "cat 4")
    key = await saved(api, CATS, folderId=public(folder))
    assert await found(api, key) == ["cat 1", "cat 2", "cat 3"]


async def test_a_preset_is_as_deep_as_a_filter_and_so_is_the_filter_beside_it(
    api: Api, folder: Folder
) -> None:
    deep: Given = {"and": [{"and": [{"and": [{"and": [CATS]}]}]}]}
    key = await saved(api, deep, folderId=public(folder))
    assert await found(api, key, **deep) == ["cat 1", "cat 2"]


async def test_parts_of_composites_are_hidden_unless_a_preset_names_them(
    api: Api, world: World, folder: Folder
) -> None:
    assert api.person is not None
    await world.file(api.person, folder, "cat part", is_component=True)
    assert await found(api, await saved(api, CATS)) == ["cat 1", "cat 2"]
    parts = await saved(api, {"isComponent": True})
    assert await found(api, parts) == ["cat part"]


async def test_at_most_ten_presets_make_a_search(api: Api) -> None:
    key = await saved(api, CATS)
    (error,) = await api.errors(FIND, presetIds=[key] * 11)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "at most 10" in error["message"]


async def test_a_preset_costs_few_statements(
    api: Api, folder: Folder, statements: Statements
) -> None:
    keys = [await saved(api, CATS) for _ in range(5)]
    await found(api, *keys)
    statements.clear()
    await found(api, *keys)
    assert len(statements) <= 4


EXPLAIN = """
query ($presetIds: [ID!]) { explainFilter(presetIds: $presetIds) { foundCount } }
"""
COUNT = """
query ($presetIds: [ID!]) {
  files(presetIds: $presetIds) { facets(fields: [FOLDER]) { items { values { count } } } }
}
"""


async def test_facets_and_the_explanation_are_of_what_a_preset_finds(
    api: Api, folder: Folder
) -> None:
    key = await saved(api, CATS)
    assert (await api(EXPLAIN, presetIds=[key]))["explainFilter"] == {"foundCount": 2}
    (facet,) = (await api(COUNT, presetIds=[key]))["files"]["facets"]["items"]
    assert facet["values"] == [{"count": 2}]
    (error,) = await api.errors(EXPLAIN, presetIds=[public(folder)])
    assert error["extensions"]["field"] == ["presetIds", "0"]


# when the metadata schema moves on


async def test_a_preset_says_what_no_longer_fits_and_a_search_with_it_is_an_error(
    api: Api, folder: Folder
) -> None:
    for name, kind in (("score", "NUMBER"), ("site", "VARCHAR")):
        await api.change(SCALAR, input={"key": name, "type": kind})
    tests = [
        {"key": "score", "is": {"number": {"gt": 0.5}}},
        {"key": "site", "is": {"text": {"eq": "a"}}},
    ]
    key = await saved(api, {"or": [CATS, {"metadata": tests}]})
    assert (await look(api, key))["problems"] == []
    await api.change(FORGET, input={"key": "score"})
    await api.change(SCALAR, input={"key": "site", "type": "BOOLEAN"})
    problems = (await look(api, key))["problems"]
    assert [one["field"] for one in problems] == [
        ["or", "1", "metadata", "0", "key"],
        ["or", "1", "metadata", "1", "is", "text"],
    ]
    assert "`score` is deleted" in problems[0]["message"]
    assert "BOOLEAN" in problems[1]["message"]
    (error,) = await api.errors(FIND, presetIds=[key])
    assert error["extensions"]["field"] == ["presetIds", "0"]
    assert "'Cats' no longer fits" in error["message"]
    assert await names(api) == ["Cats"]


async def test_a_preset_from_another_version_tells_what_cannot_be_read(
    api: Api, world: World
) -> None:
    key = await saved(api, CATS)
    assert api.person is not None
    async with world.runtime.db.transaction(api.person.actor.scope) as tx:
        await tx.execute(_OLDEN, {"id": ids.decode(Kind.FILTER_PRESET, key)})
    (problem,) = (await look(api, key))["problems"]
    assert "colour" in problem["message"]
    (error,) = await api.errors(FIND, presetIds=[key])
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_list_of_presets_costs_no_more_statements_when_it_grows(
    api: Api, folder: Folder, statements: Statements
) -> None:
    query = "{ filterPresets { nodes { name problems { message } folder { name } createdBy { email } } } }"
    counts = []
    for _ in range(3):
        await saved(api, CATS, folderId=public(folder))
        await api(query)
        statements.clear()
        await api(query)
        counts.append(len(statements))
    assert counts[1] == counts[2] <= 5


# from another product


async def test_a_definition_document_becomes_a_filter_of_ours(
    api: Api, world: World, folder: Folder
) -> None:
    assert api.person is not None
    await api.change(ENUM, input={"key": "weather", "options": ["rain", "sun"]})
    await world.file(api.person, folder, "wet", metadata={"weather": "rain"})
    await world.file(api.person, folder, "dry", metadata={"weather": "sun"})
    document = {
        "local_filters": {"00000000-0000-0000-0000-000000000000": {"filters": []}},
        "global_filters": {
            "filters": [{"key": "weather", "type": "enum", "include": True, "values": ["rain"]}]
        },
    }
    preset = (await api.change(IMPORT, input={"name": "Wet", "document": document}))["preset"]
    predicate = {"metadata": [{"key": "weather", "is": {"text": {"in": ["rain"]}}}]}
    assert preset["filter"] == {"and": [predicate]}
    assert await found(api, preset["id"]) == ["wet"]
    document["global_filters"]["filters"][0]["include"] = False
    preset = (await api.change(IMPORT, input={"name": "Dry", "document": document}))["preset"]
    assert await found(api, preset["id"]) == ["cat 1", "cat 2", "dog", "dry"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"key": "whether", "type": "enum", "values": ["rain"]}, "`whether` is no metadata key"),
        ({"key": "weather", "type": "number", "values": [1]}, "is of type ENUM"),
        ({"key": "weather", "type": "enum", "values": ["snow"]}, "`snow` is no option"),
        ({"key": "weather", "type": "enum", "values": [1]}, "expected a text, found 1"),
        (None, "at least one comparison"),
    ],
)
async def test_a_document_that_does_not_fit_is_refused_in_plain_words(
    api: Api, entry: Given | None, message: str
) -> None:
    await api.change(ENUM, input={"key": "weather", "options": ["rain", "sun"]})
    document = {"global_filters": {"filters": [entry] if entry else []}}
    refused = await api.refusal(IMPORT, input={"name": "Wet", "document": document})
    assert message in refused["message"]
    assert (refused["code"], refused["field"]) == ("INVALID", ["document"])


_OLDEN = text("""update filter_preset set filter = '{"colour": {"eq": "red"}}' where id = :id""")


# when a plot is drawn anew

WHOLE = {"xMin": -9, "yMin": -9, "xMax": 9, "yMax": 9}


async def test_a_preset_keeps_the_region_of_a_plot_and_says_when_that_is_gone(
    api: Api, world: World
) -> None:
    shelf = await Shelf.of(api, world)
    await shelf.key(8)
    await shelf.put(noise(3))
    plot = (await shelf.done("computeEmbeddingPlot"))["plot"]["id"]
    tree = {"or": [{"region": {"plotId": plot, **WHOLE}}]}
    key = await saved(api, tree)
    assert (await look(api, key))["filter"] == tree
    assert (await look(api, key))["problems"] == []
    assert await found(api, key) == ["0.png", "1.png", "2.png"]
    await shelf.done("computeEmbeddingPlot")
    (problem,) = (await look(api, key))["problems"]
    assert problem["field"] == ["or", "0", "region", "plotId"]
    (error,) = await api.errors(FIND, presetIds=[key])
    assert "'Cats' no longer fits: The plot of this region is gone" in error["message"]
