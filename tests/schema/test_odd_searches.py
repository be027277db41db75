"""Searches as odd clients write them: each is answered, or refused with the place of the fault."""

import asyncio
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from app.core import ids
from app.core.ids import Kind
from app.embeddings import tables
from app.metadata import service
from app.metadata.kinds import ScalarKind
from app.search.keys import BELIEVED_SECONDS
from tests.client import Api
from tests.shelves import Shelf
from tests.world import World

FIND = """
query ($f: FileFilter, $s: [FileSort!], $a: String) {
  files(filter: $f, sort: $s, after: $a) { nodes { name } pageInfo { endCursor } }
}
"""


NEAR = """
query ($id: ID!) {
  files(similarTo: {embedding: "clip", anchor: {fileId: $id}}) { nodes { id } }
}
"""
REMOVE = """
mutation ($input: RemoveEmbeddingsInput!) {
  removeEmbeddings(input: $input) { userErrors { code message } }
}
"""
IDS = "query ($f: FileFilter) { files(filter: $f) { nodes { id } } }"
DELETE = 'mutation { deleteMetadataKey(input: {key: "clip", hard: true}) { userErrors { code } } }'


@pytest.fixture
async def mine(api: Api, world: World) -> Api:
    assert api.person is not None
    async with world.runtime.db.transaction(api.person.actor.scope) as tx:
        await service.add_scalar(tx, api.person.actor, key="notes", kind=ScalarKind.TEXT)
        await service.add_scalar(tx, api.person.actor, key="size", kind=ScalarKind.NUMBER)
    folder = await world.folder(api.person)
    await world.file(api.person, folder, "fog", metadata={"notes": "fog", "size": 1})
    return api


@pytest.mark.parametrize("words", ["-" * 33, "-! " * 33, "fog " + "-" * 60, "-(" * 40 + "fog"])
async def test_a_row_of_dashes_is_no_fault_of_the_server(mine: Api, words: str) -> None:
    answer = await mine.raw(FIND, f={"metadata": [{"key": "notes", "is": {"words": words}}]})
    assert "errors" not in answer


async def test_two_hundred_alternatives_are_two_hundred_tests(mine: Api) -> None:
    some = [{"name": {"eq": f"file {number}"}} for number in range(200)]
    assert (await mine(FIND, f={"or": some}))["files"]["nodes"] == []


@pytest.mark.parametrize("predicate", [{}, {"flag": True, "exists": True}, {"flag": None}])
async def test_a_predicate_that_is_not_one_is_told_with_its_place(
    mine: Api, predicate: dict[str, Any]
) -> None:
    tests = [{"key": "size", "is": {"exists": True}}, {"key": "size", "is": predicate}]
    (error,) = await mine.errors(FIND, f={"metadata": tests})
    assert "metadata[1].is" in error["message"] or "1" in error["extensions"].get("field", [])


async def test_a_key_in_other_letters_is_suggested(mine: Api) -> None:
    (error,) = await mine.errors(FIND, f={"metadata": [{"key": "SIZE", "is": {"exists": True}}]})
    assert "Perhaps you mean `size`." in error["message"]


@pytest.mark.parametrize("number", [2**53 + 1, 1152921504606847000, 1732198765123456800])
async def test_a_number_as_javascript_writes_it_is_a_float(mine: Api, number: int) -> None:
    tests = [{"key": "size", "is": {"number": {"lt": number}}}]
    assert (await mine(FIND, f={"metadata": tests}))["files"]["nodes"] == [{"name": "fog"}]


async def test_a_cursor_of_a_sorted_list_says_so_in_one_that_is_not(mine: Api) -> None:
    page = (await mine(FIND, s=[{"by": {"metadataKey": "size"}}]))["files"]
    (error,) = await mine.errors(FIND, a=page["pageInfo"]["endCursor"])
    assert "another filter or sort" in error["message"]


async def test_as_many_vectors_are_told_as_were_compared(api: Api, world: World) -> None:
    shelf = await Shelf.of(api, world)
    await shelf.key(3)
    await shelf.put(np.eye(3, dtype=np.float32), frames=[(0, 0), (0, 1), (0, 2)])
    found = await api(
        'query { files(similarTo: {embedding: "clip", anchor: {vector: [1, 0, 0]}})'
        " { totalCount { value } similarity { comparedCount } } }"
    )
    assert found["files"]["similarity"]["comparedCount"] >= 3


async def test_a_region_inside_out_is_a_fault_as_bounds_of_a_plot_are(api: Api) -> None:
    region = {"plotId": "none", "xMin": 1, "xMax": 0, "yMin": 0, "yMax": 1}
    (error,) = await api.errors(FIND, f={"region": region})
    assert error["extensions"]["field"] == ["filter", "region", "xMin"]


async def test_a_key_of_texts_is_not_said_to_have_no_index(mine: Api) -> None:
    found = await mine(
        "query ($f: FileFilter) { explainFilter(filter: $f) { sentences indexes { use } } }",
        f={"metadata": [{"key": "notes", "is": {"words": "fog"}}]},
    )
    told = found["explainFilter"]["sentences"]
    assert not any("There is no index on `notes`" in one for one in told)


async def test_a_search_near_a_file_knows_at_once_that_the_key_was_deleted_for_good(
    api: Api, world: World
) -> None:
    shelf = await Shelf.of(api, world)
    await shelf.key(3)
    (one, *_) = await shelf.put(np.eye(3, dtype=np.float32))
    await api(NEAR, id=one)
    actor = shelf.owner.actor
    async with world.runtime.db.transaction(actor.scope) as tx:
        number = (await tables.table_of(tx, actor, "clip")).number
    await api.change(DELETE)
    async with world.runtime.db.transaction(actor.scope) as tx:
        await tx.execute(text("select drop_vector_table(:number)"), {"number": number})
    (error,) = await api.errors(NEAR, id=one)
    assert error["extensions"]["field"] == ["similarTo", "embedding"]


async def test_a_malformed_id_in_a_change_is_told_with_its_place(api: Api) -> None:
    refused = await api("""mutation {
      computeEmbeddingPlot(input: {key: "clip", folderId: "nonsense"}) { userErrors { field message } }
    }""")
    (error,) = refused["computeEmbeddingPlot"]["userErrors"]
    assert (error["field"], "nonsense" in error["message"]) == (["folderId"], True)


async def test_pairs_above_what_a_cosine_can_be_are_refused(api: Api, world: World) -> None:
    shelf = await Shelf.of(api, world)
    await shelf.key(3)
    await shelf.put(np.eye(3, dtype=np.float32))
    job_id = await shelf.start("findNearDuplicates", threshold=0.9)
    document = "query ($id: ID!) { nearDuplicates(jobId: $id, minScore: 2) { nodes { score } } }"
    (error,) = await api.errors(document, id=job_id)
    assert error["extensions"]["field"] == ["minScore"]


async def test_files_without_a_vector_are_found(api: Api, world: World) -> None:
    shelf = await Shelf.of(api, world)
    await shelf.key(3)
    bare = await world.file(shelf.owner, shelf.folder, "bare")

    async def found(exists: bool) -> list[str]:
        asked = {"metadata": [{"key": "clip", "is": {"exists": exists}}]}
        return [node["id"] for node in (await api(IDS, f=asked))["files"]["nodes"]]

    other = ids.encode(Kind.FILE, bare.id)
    assert (await found(exists=True), await found(exists=False)) == ([], [other])
    held = await shelf.put(np.eye(3, dtype=np.float32))
    await asyncio.sleep(BELIEVED_SECONDS)  # that there is no vector was believed so long
    assert (await found(exists=True), await found(exists=False)) == (held, [other])
    removal = {"key": "clip", "items": [{"fileId": held[1]}]}
    await api.change(REMOVE, input=removal)
    assert await found(exists=True) == [held[0], held[2]]
    assert await found(exists=False) == [other, held[1]]
