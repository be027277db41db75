"""Searches of people who mean no good, and of those whose data are odd, through the API."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from starlette.applications import Starlette

from app.core import ids
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.files.models import FileType
from app.metadata import service
from app.metadata.kinds import ScalarKind
from tests import nearby
from tests.client import Api
from tests.shelves import Shelf
from tests.world import World

FIND = """
query ($filter: FileFilter, $sort: [FileSort!], $presetIds: [ID!], $first: Int, $after: String,
    $last: Int, $before: String) {
  files(filter: $filter, sort: $sort, presetIds: $presetIds, first: $first, after: $after, last: $last,
      before: $before) {
    nodes { name } pageInfo { hasNextPage endCursor hasPreviousPage startCursor }
  }
}
"""
FACETS = """
query ($keys: [String!]) {
  files { facets(keys: $keys, buckets: 2) { items {
    missingCount buckets { lower upper lowerAt upperAt count }
  } } }
}
"""
PRESET = """
mutation ($input: CreateFilterPresetInput!) {
  createFilterPreset(input: $input) { preset { id filter problems { message } } userErrors { message } }
}
"""
COLLECT = """
mutation ($input: AddFilesToCollectionInput!) {
  addFilesToCollection(input: $input) { results { status userErrors { code } } userErrors { code } }
}
"""
PLOT = """
query ($folder: ID, $bounds: PlotBounds) {
  embeddingPlot(key: "clip", folderId: $folder, bounds: $bounds, maxPoints: 1) { tiles { width } }
}
"""
LAST_INSTANT = "9999-12-31T23:59:59.999999Z"
DOCUMENTS: dict[str, dict[str, Any]] = {
    "most": {"size": 1e308, "at": LAST_INSTANT, "word": "\U0010ffff"},
    "least": {"size": -1e308, "at": "0001-01-01T00:00:00Z", "word": "\uffff"},
    "tiny": {"size": 5e-324, "at": "2024-02-29T12:00:00+14:00", "word": "\U0001f600 astral"},
    "minus nothing": {"size": -0.0, "at": "2024-02-28T22:00:00Z", "word": "100%_of\\it"},
    "nothing": {"size": 0, "word": ""},
    "whole": {"size": 2**60, "word": "\u00e9"},
    "of two signs": {"size": 1e23, "word": "e\u0301"},
    "wrong": {"size": "7", "at": "yesterday", "word": ["a"], "ready": 1},
    "null": {"size": None, "at": None, "word": None, "ready": None},
    "ready": {"ready": True},
    "empty": {},
}


@dataclass(frozen=True, slots=True)
class Odd:
    """A folder of files whose metadata are odd, and a video among them."""

    api: Api
    file_ids: dict[str, str]

    async def names(self, wanted: dict[str, Any] | None = None, **more: Any) -> list[str]:
        """What is found, on one page."""
        found = await self.api(FIND, filter=wanted, **more)
        return [node["name"] for node in found["files"]["nodes"]]


@pytest.fixture(scope="module")
async def odd(app: Starlette, runtime: Runtime) -> AsyncGenerator[Odd]:
    world = World(runtime)
    owner = await world.organisation("Odd")
    kinds = {"size": ScalarKind.NUMBER, "at": ScalarKind.DATETIME, "word": ScalarKind.VARCHAR}
    async with runtime.db.transaction(owner.actor.scope) as tx:
        for key, kind in {**kinds, "ready": ScalarKind.BOOLEAN}.items():
            await service.add_scalar(tx, owner.actor, key=key, kind=kind)
        await service.add_embedding(tx, owner.actor, key="clip", dimensions=3)
    folder = await world.folder(owner)
    files = {
        name: await world.file(owner, folder, name, metadata=document)
        for name, document in DOCUMENTS.items()
    }
    files["film"] = await world.file(
        owner, folder, "film", type=FileType.VIDEO, width=640, duration_seconds=2.5, fps=25.0
    )
    async with Api.connect(app, owner) as api:
        yield Odd(api, {name: ids.encode(Kind.FILE, file.id) for name, file in files.items()})


def of_key(key: str, **test: Any) -> dict[str, Any]:
    """The test of a metadata key."""
    return {"metadata": [{"key": key, "is": test}]}


TESTS: list[dict[str, Any]] = [
    {"width": {"lt": 1_000}},
    {"width": {"ne": 640}},
    {"durationSeconds": {"in": [2.5]}},
    {"fps": {"isNull": True}},
    {"integrationId": {"notIn": ["none"]}},
    {"collectionId": {"isNull": False}},
    {"folderTags": ["none"]},
    {"mimeType": {"startsWith": "v"}},
    {"createdAt": {"gt": LAST_INSTANT}},
    {"folder": {"id": "none", "recursive": True}},
    {"region": {"plotId": "none", "xMin": -1, "yMin": -1, "xMax": 1, "yMax": 1}},
    of_key("size", number={"gt": 0}),
    of_key("size", number={"ne": 0}),
    of_key("size", number={"in": []}),
    of_key("size", exists=True),
    of_key("at", instant={"lte": LAST_INSTANT}),
    of_key("word", text={"contains": "a"}),
    of_key("word", text={"notIn": ["a"], "ignoreCase": True}),
    of_key("ready", flag=False),
    {"or": []},
    {},
]


@pytest.mark.parametrize("test", TESTS, ids=str)
async def test_every_file_fits_a_test_or_its_negation_and_none_fits_both(
    odd: Odd, test: dict[str, Any]
) -> None:
    fits, fails = await odd.names(test), await odd.names({"not": test})
    assert sorted(fits + fails) == sorted(odd.file_ids)


async def test_a_missing_value_is_another_one_and_lies_within_no_bounds(odd: Odd) -> None:
    assert "film" not in await odd.names({"not": {"width": {"eq": 640}}})
    for other in ({"width": {"ne": 640}}, {"not": {"width": {"lt": 9_999}}}):
        assert "ready" in await odd.names(other)
    for other in ({"number": {"ne": 1}}, {"text": {"ne": "a"}}, {"exists": False}):
        key = "word" if "text" in other else "size"
        assert {"wrong", "null", "empty"} <= set(await odd.names(of_key(key, **other)))


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ({"eq": 0}, ["minus nothing", "nothing"]),
        ({"eq": -0.0}, ["minus nothing", "nothing"]),
        ({"gt": 0, "lt": 1e-300}, ["tiny"]),
        ({"gte": 1e308}, ["most"]),
        ({"lte": -1e308}, ["least"]),
        ({"eq": 1e23}, ["of two signs"]),
        ({"eq": 2.0**60}, ["whole"]),
        ({"gt": 1, "lt": 0}, []),
    ],
    ids=str,
)
async def test_numbers_at_the_edges_are_themselves(
    odd: Odd, test: dict[str, Any], found: list[str]
) -> None:
    assert await odd.names(of_key("size", number=test)) == found


async def test_instants_are_the_same_wherever_their_clock_stands(odd: Odd) -> None:
    same = of_key("at", instant={"eq": "2024-02-29T03:30:00+05:30"})
    assert await odd.names(same) == ["tiny", "minus nothing"]
    assert await odd.names(of_key("at", instant={"gte": LAST_INSTANT})) == ["most"]


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ({"startsWith": "\U0010ffff"}, ["most"]),
        ({"startsWith": "\uffff"}, ["least"]),
        ({"startsWith": "\U0001f600"}, ["tiny"]),
        ({"startsWith": "\ud7ff"}, []),
        ({"contains": "%_of\\"}, ["minus nothing"]),
        ({"eq": ""}, ["nothing"]),
        ({"eq": "\u00e9"}, ["whole"]),
        ({"eq": "\u00c9", "ignoreCase": True}, ["whole"]),
        ({"startsWith": "e"}, ["of two signs"]),
    ],
    ids=ascii,
)
async def test_texts_are_compared_by_code_point_and_have_no_wildcards(
    odd: Odd, test: dict[str, Any], found: list[str]
) -> None:
    assert await odd.names(of_key("word", text=test)) == found


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("key", ["size", "at", "word", "ready"])
async def test_odd_values_are_sorted_and_paged_alike_in_both_directions(
    odd: Odd, key: str, direction: str
) -> None:
    sort = [{"by": {"metadataKey": key}, "direction": direction}]
    whole = await odd.names(sort=sort)
    assert sorted(whole) == sorted(odd.file_ids)
    assert await turned(odd, sort, "first", "after", "hasNextPage", "endCursor") == whole
    assert await turned(odd, sort, "last", "before", "hasPreviousPage", "startCursor") == whole


async def turned(
    odd: Odd, sort: Any, size: str, behind: str, has_more: str, cursor: str
) -> list[str]:
    """All names in their order, by pages of two."""
    names: list[str] = []
    place = None
    while True:
        page = (await odd.api(FIND, sort=sort, **{size: 2, behind: place}))["files"]
        here = [node["name"] for node in page["nodes"]]
        names = names + here if size == "first" else here + names
        if not page["pageInfo"][has_more]:
            return names
        place = page["pageInfo"][cursor]


async def test_histograms_reach_the_ends_of_numbers_and_of_time(odd: Odd) -> None:
    size, at = (await odd.api(FACETS, keys=["size", "at"]))["files"]["facets"]["items"]
    assert [size["buckets"][0]["lower"], size["buckets"][-1]["upper"]] == [-1e308, 1e308]
    assert at["buckets"][0]["lowerAt"] == "0001-01-01T00:00:00Z"
    assert at["buckets"][-1]["upperAt"] == LAST_INSTANT
    for facet in (size, at):
        counted = sum(bucket["count"] for bucket in facet["buckets"])
        assert counted + facet["missingCount"] == len(odd.file_ids)


@pytest.mark.parametrize("bound", [1e23, -1e308, 2.0**70, 5e-324])
async def test_a_saved_filter_finds_what_it_found_unsaved(odd: Odd, bound: float) -> None:
    filter_ = of_key("size", number={"gt": bound})
    made = await odd.api.change(PRESET, input={"name": "saved", "filter": filter_})
    saved = await odd.names(presetIds=[made["preset"]["id"]])
    assert saved == await odd.names(filter_) == await odd.names(made["preset"]["filter"])


async def test_what_is_no_id_fares_like_an_unknown_one_beside_good_ones(odd: Odd) -> None:
    collection_id = (
        await odd.api.change(
            'mutation { createCollection(input: {name: "odd"}) { collection { id } userErrors { code } } }'
        )
    )["collection"]["id"]
    unknown = ids.encode(Kind.FILE, ids.decode(Kind.COLLECTION, collection_id))
    mixed = ["", "file_", unknown, odd.file_ids["film"]]
    answer = await odd.api.change(COLLECT, input={"collectionId": collection_id, "fileIds": mixed})
    assert [one["status"] for one in answer["results"]] == [*["REJECTED"] * 3, "UPDATED"]
    codes = [error["code"] for one in answer["results"] for error in one["userErrors"]]
    assert codes == ["NOT_FOUND"] * 3


async def test_a_window_as_wide_as_numbers_go_is_refused_with_its_place(
    api: Api, world: World
) -> None:
    shelf = await Shelf.of(api, world)
    await shelf.key(3)
    await shelf.put(np.eye(3, dtype=np.float32))
    await shelf.done("computeEmbeddingPlot")
    bounds = {"xMin": -1e308, "yMin": -1, "xMax": 1e308, "yMax": 1}
    (error,) = await api.errors(PLOT, folder=shelf.folder_id, bounds=bounds)
    assert error["extensions"]["field"] == ["bounds"]
    narrow = {**bounds, "xMin": -1e307, "xMax": 1e307}
    (tile,) = (await api(PLOT, folder=shelf.folder_id, bounds=narrow))["embeddingPlot"]["tiles"]
    assert tile["width"] == pytest.approx(2e307)


async def test_a_plot_of_one_folder_is_done_when_all_of_its_steps_are(
    api: Api, world: World
) -> None:
    shelf = await Shelf.of(api, world)
    await shelf.key(3)
    await shelf.put(np.eye(3, dtype=np.float32))
    await shelf.put(np.eye(3, dtype=np.float32), folder=await world.folder(shelf.owner))
    async with world.runtime.db.transaction(shelf.owner.actor.scope) as tx:
        await tx.execute(text("update vector_table set vector_count = 6"))
    job = await shelf.done("computeEmbeddingPlot")
    assert [job["doneCount"], job["totalCount"]] == [6, 6]


@pytest.mark.parametrize(
    ("mutation", "given"),
    [("computeEmbeddingPlot", {}), ("findNearDuplicates", {"threshold": 0.9})],
)
async def test_a_job_whose_key_was_deleted_for_good_meanwhile_says_so(
    api: Api, world: World, mutation: str, given: dict[str, Any]
) -> None:
    shelf = await Shelf.of(api, world)
    await shelf.key(3)
    await shelf.put(np.eye(3, dtype=np.float32))
    job_id = await shelf.start(mutation, **given)
    async with nearby.bare(shelf.runtime, shelf.owner) as owning:
        table = await owning.fetchval(
            "select name from vector_table where organisation_id = $1",
            shelf.owner.organisation_id,
        )
        await owning.execute(f"drop table {table}")  # as if between two windows of the job
        job = await shelf.run(job_id)
        await owning.execute("delete from vector_table where name = $1", table)
    assert (job["state"], job["message"]) == ("ERROR", "The key has no vectors any more.")
