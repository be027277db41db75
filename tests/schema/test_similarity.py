"""Files by similarity, through the API."""

import asyncio
from functools import partial
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from app.core import ids
from app.core.clock import new_id
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.embeddings import plans, results
from app.files.models import Folder
from tests import nearby
from tests.client import Api
from tests.nearby import KEY, Nearby
from tests.statements import Statements
from tests.world import World

SEARCH = """
query (
  $to: SimilarityInput!, $first: Int, $after: String, $last: Int, $before: String, $filter: FileFilter
  $all: Boolean = true
) {
  files(
    similarTo: $to, first: $first, after: $after, last: $last, before: $before, filter: $filter
    includeOrganisationAccess: $all
  ) {
    edges { score frame cursor node { id name folder { name } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    similarity { plan candidateCount comparedCount milliseconds isStored }
  }
}
"""
PLAIN = "{ files(includeOrganisationAccess: true, first: 1) { edges { cursor } } }"


@pytest.fixture
async def folder(api: Api, world: World) -> Folder:
    """A folder of the administrator's."""
    assert api.person is not None
    return await world.folder(api.person)


async def fill(
    runtime: Runtime, api: Api, folder: Folder, count: int, dimensions: int = 8
) -> Nearby:
    """So many files with vectors, in the folder."""
    assert api.person is not None
    vectors, _ = nearby.clustered(count, dimensions, 5)
    return await nearby.filled(runtime, api.person, vectors, [folder] * count)


def public(near: Nearby, number: int) -> str:
    """The id of a file."""
    return ids.encode(Kind.FILE, near.ids[number])


def like(near: Nearby, number: int, **terms: Any) -> dict[str, Any]:
    """The argument for what is near to the vector of a file, which is found, too."""
    return {"embedding": KEY, "anchor": {"vector": near.vectors[number].tolist()}, **terms}


async def find(api: Api, to: dict[str, Any], **variables: Any) -> dict[str, Any]:
    """A page."""
    data = await api(SEARCH, to=to, **variables)
    found: dict[str, Any] = data["files"]
    return found


def found_ids(page: dict[str, Any]) -> list[str]:
    """The ids on a page."""
    return [edge["node"]["id"] for edge in page["edges"]]


async def test_the_nearest_files_come_first_with_their_scores(
    runtime: Runtime, api: Api, folder: Folder
) -> None:
    near = await fill(runtime, api, folder, 300)
    page = await find(api, like(near, 7), first=20)
    true_ones = near.nearest(near.vectors[7], np.ones(300, dtype=bool), 20)
    assert found_ids(page) == [public(near, number) for number in true_ones]
    scores = [edge["score"] for edge in page["edges"]]
    expected = near.singles[true_ones] @ near.singles[7]
    assert scores == pytest.approx(expected.tolist(), abs=1e-3)
    assert {edge["frame"] for edge in page["edges"]} == {None}
    assert page["edges"][0]["node"]["folder"] == {"name": "Folder"}
    told = page["similarity"]
    assert (told["plan"], told["isStored"], told["comparedCount"]) == ("EXACT", False, 300)


async def test_a_file_that_is_asked_about_is_not_found_itself(
    runtime: Runtime, api: Api, folder: Folder
) -> None:
    near = await fill(runtime, api, folder, 50)
    to = {"embedding": KEY, "anchor": {"fileId": public(near, 3)}}
    page = await find(api, to, first=50)
    others = near.nearest(near.vectors[3], np.arange(50) != 3, 50)
    assert found_ids(page) == [public(near, number) for number in others]
    assert not page["pageInfo"]["hasNextPage"]


async def test_a_search_costs_the_same_statements_however_long_its_page_is(
    runtime: Runtime, api: Api, folder: Folder, statements: Statements
) -> None:
    near = await fill(runtime, api, folder, 60)
    to = {"embedding": KEY, "anchor": {"fileId": public(near, 3)}}
    counts = set()
    for first in (1, 50):
        statements.clear()
        await find(api, to, first=first)
        counts.add(len(statements))
    # the anchor, the search, the files with their folders; and the key, unless that was read a second ago
    assert counts <= {3, 4}


async def test_without_similar_to_there_is_no_score(
    runtime: Runtime, api: Api, folder: Folder
) -> None:
    await fill(runtime, api, folder, 2)
    document = "{ files { edges { score frame } similarity { plan } } }"
    found = (await api(document))["files"]
    assert found == {"edges": [{"score": None, "frame": None}] * 2, "similarity": None}


async def test_pages_to_a_thousand_come_from_one_result_while_files_come_and_go(
    runtime: Runtime, api: Api, folder: Folder
) -> None:
    near = await fill(runtime, api, folder, 1_200)
    order = near.nearest(near.vectors[0], np.ones(1_200, dtype=bool), 1_200)
    seen, gone, stored = list[str](), set[str](), list[bool]()
    after, has_next = None, True
    while has_next:
        page = await find(api, like(near, 0), first=150, after=after)
        seen += found_ids(page)
        stored.append(page["similarity"]["isStored"])
        after, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert len(page["edges"]) == 150 or not has_next
        gone.add(public(near, order[len(seen) + 20]))
        await near.remove(order[len(seen) + 20])
        await near.add(folder, near.vectors[0])
    assert stored[:2] == [False, True]
    assert len(seen) == len({*seen}) >= 1_000 - len(gone)
    old = [public(near, number) for number in order]
    shown = [one for one in seen if one in {*old}]
    assert shown == [one for one in old if one not in gone][: len(shown)]


async def test_what_valkey_has_lost_is_searched_again(
    runtime: Runtime, api: Api, folder: Folder
) -> None:
    near = await fill(runtime, api, folder, 60)
    order = near.nearest(near.vectors[0], np.ones(60, dtype=bool), 60)
    first = await find(api, like(near, 0), first=20)
    ours = await runtime.held.get("results", partial(results.opened, runtime.bus))
    await asyncio.gather(*ours._tasks)
    lost = [key async for key in runtime.bus.scan_iter("labelgraph:similar:*")]
    assert lost
    await runtime.bus.delete(*lost)
    second = await find(api, like(near, 0), first=20, after=first["pageInfo"]["endCursor"])
    assert found_ids(first) + found_ids(second) == [public(near, number) for number in order[:40]]
    assert not second["similarity"]["isStored"]


async def test_pages_go_back_as_they_came(runtime: Runtime, api: Api, folder: Folder) -> None:
    near = await fill(runtime, api, folder, 50)
    first = await find(api, like(near, 0), first=20)
    second = await find(api, like(near, 0), first=20, after=first["pageInfo"]["endCursor"])
    back = await find(api, like(near, 0), last=20, before=second["pageInfo"]["startCursor"])
    assert found_ids(back) == found_ids(first)
    assert (back["pageInfo"]["hasPreviousPage"], back["pageInfo"]["hasNextPage"]) == (False, True)
    farthest = await find(api, like(near, 0), last=5)
    order = near.nearest(near.vectors[0], np.ones(50, dtype=bool), 50)
    assert found_ids(farthest) == [public(near, number) for number in order[-5:]]


async def test_files_that_are_out_of_sight_by_now_are_passed_over(
    runtime: Runtime, api: Api, world: World, folder: Folder
) -> None:
    assert api.person is not None
    other, ann = await world.folder(api.person, "Other"), await world.member(api.person)
    vectors, _ = nearby.clustered(90, 8, 5)
    folders = [other if number % 3 else folder for number in range(90)]
    near = await nearby.filled(runtime, api.person, vectors, folders)
    await world.share(folder, ann)
    await world.share(other, ann)
    hers = api.as_(ann)
    first = await find(hers, like(near, 0), first=10, all=False)
    await world.unshare(other, ann)
    second = await find(
        hers, like(near, 0), first=10, after=first["pageInfo"]["endCursor"], all=False
    )
    order = near.nearest(near.vectors[0], np.ones(90, dtype=bool), 90)
    still = [public(near, number) for number in order[10:] if number % 3 == 0]
    assert found_ids(second) == still[:10]


async def test_a_cursor_is_for_its_own_search(
    runtime: Runtime, api: Api, world: World, folder: Folder
) -> None:
    near = await fill(runtime, api, folder, 30)
    cursor = (await find(api, like(near, 0), first=3))["pageInfo"]["endCursor"]
    plain = (await api(PLAIN))["files"]["edges"][0]["cursor"]
    assert api.person is not None
    other = api.as_(await world.member(api.person))
    strange = [
        (api, like(near, 1), {"after": cursor}),
        (api, like(near, 0, mode="EXACT"), {"after": cursor}),
        (api, like(near, 0, minScore=0.1), {"after": cursor}),
        (api, like(near, 0), {"after": cursor, "filter": {"byteSize": {"gt": 1}}}),
        (api, like(near, 0), {"after": cursor, "all": False}),
        (other, like(near, 0), {"after": cursor, "all": False}),
        (api, like(near, 0), {"after": plain}),
        (api, like(near, 0), {"before": "nonsense"}),
    ]
    for asker, to, variables in strange:
        (error,) = await asker.errors(SEARCH, to=to, **variables)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "another search" in error["message"]
    document = "query ($after: String) { files(after: $after) { nodes { id } } }"
    assert (await api.errors(document, after=cursor))[0]["extensions"]["field"] == ["after"]


async def test_a_file_with_many_frames_is_found_once_by_its_nearest(
    runtime: Runtime, api: Api, folder: Folder
) -> None:
    assert api.person is not None
    vectors, _ = nearby.clustered(1_530, 8, 3)
    frames = [(0, number) for number in range(1_500)] + [(file, -1) for file in range(1, 31)]
    near = await nearby.filled(runtime, api.person, vectors, [folder] * 31, frames=frames)
    to = {"embedding": KEY, "anchor": {"vector": vectors[700].tolist()}}
    page = await find(api, to, first=40)
    assert len(found_ids(page)) == len({*found_ids(page)}) == 31
    assert page["edges"][0]["node"]["id"] == public(near, 0)
    assert page["edges"][0]["frame"] == 700
    frame = {"frame": {"fileId": public(near, 0), "frame": 700}}
    again = await find(api, {"embedding": KEY, "anchor": frame}, first=40)
    by_frame = {edge["node"]["id"]: edge["frame"] for edge in again["edges"]}
    assert by_frame[public(near, 0)] not in {700, None}


async def test_a_least_score_and_a_filter_narrow_what_is_found(
    runtime: Runtime, api: Api, folder: Folder
) -> None:
    near = await fill(runtime, api, folder, 100)
    whole = await find(api, like(near, 0), first=100)
    least = whole["edges"][29]["score"]
    cut = await find(api, like(near, 0, minScore=least - 1e-9), first=100)
    assert found_ids(cut) == found_ids(whole)[:30]
    narrow = {"byteSize": {"lte": 40}}
    page = await find(api, like(near, 0), first=100, filter=narrow)
    assert found_ids(page) == [one for one in found_ids(whole) if one in _first(near, 40)]
    document = """
    query ($to: SimilarityInput!) {
      files(similarTo: $to, includeOrganisationAccess: true, first: 1) { totalCount { value } }
    }
    """
    for terms, count in (({}, 100), ({"minScore": least - 1e-9}, 30)):
        data = await api(document, to=like(near, 0, **terms))
        assert data["files"]["totalCount"]["value"] == count


def _first(near: Nearby, count: int) -> set[str]:
    return {public(near, number) for number in range(count)}


async def test_what_cannot_be_compared_is_told_with_its_place(
    runtime: Runtime, api: Api, world: World, folder: Folder
) -> None:
    near = await fill(runtime, api, folder, 5)
    assert api.person is not None
    bare = await world.file(api.person, folder)
    other = await world.organisation("Other")
    hidden = await world.file(other, await world.folder(other))
    whole = {"fileId": public(near, 0)}
    good = [1.0] * 8
    wrong: list[tuple[dict[str, Any], list[str]]] = [
        ({"embedding": "no such", "anchor": whole}, ["embedding"]),
        ({"anchor": {"fileId": _public(hidden.id)}}, ["anchor", "fileId"]),
        ({"anchor": {"fileId": _public(new_id())}}, ["anchor", "fileId"]),
        ({"anchor": {"fileId": "nonsense"}}, ["anchor", "fileId"]),
        ({"anchor": {"fileId": _public(bare.id)}}, ["anchor", "fileId"]),
        ({"anchor": {"frame": {**whole, "frame": 3}}}, ["anchor", "frame", "fileId"]),
        ({"anchor": {"frame": {**whole, "frame": -1}}}, ["anchor", "frame", "frame"]),
        ({"anchor": {"vector": [1.0]}}, ["anchor", "vector"]),
        ({"anchor": {"vector": [0.0] * 8}}, ["anchor", "vector"]),
        ({"anchor": {"vector": [1e6, *good[1:]]}}, ["anchor", "vector", "0"]),
        ({"anchor": {"text": "a dog"}}, ["embedding"]),  # it has no encoder
        ({"anchor": {"text": " "}}, ["anchor", "text"]),
        ({"anchor": {"vector": good}, "minScore": 2.0}, ["minScore"]),
    ]
    for to, place in wrong:
        (error,) = await api.errors(SEARCH, to={"embedding": KEY, **to})
        assert error["extensions"]["code"] == "BAD_USER_INPUT", error
        assert error["extensions"]["field"] == ["similarTo", *place], error
    sorted_ = """
    query ($to: SimilarityInput!) {
      files(similarTo: $to, sort: [{ by: { field: NAME } }]) { nodes { id } }
    }
    """
    (error,) = await api.errors(sorted_, to={"embedding": KEY, "anchor": {"vector": good}})
    assert error["extensions"]["field"] == ["sort"]


def _public(file_id: Any) -> str:
    return ids.encode(Kind.FILE, file_id)


async def test_a_key_that_was_deleted_is_an_error_at_once(
    runtime: Runtime, api: Api, folder: Folder
) -> None:
    near = await fill(runtime, api, folder, 150)
    first = await find(api, like(near, 0), first=90)
    async with nearby.bare(runtime, near.owner) as owning:
        await owning.execute("delete from vector_table where name = $1", near.table)
        await owning.execute(f"drop table {near.table}")
    for after in (None, first["pageInfo"]["endCursor"]):
        (error,) = await api.errors(SEARCH, to=like(near, 0), first=90, after=after)
        assert error["extensions"]["field"] == ["similarTo", "embedding"], error


async def test_a_cursor_knows_every_number_of_its_vector(
    runtime: Runtime, api: Api, folder: Folder
) -> None:
    near = await fill(runtime, api, folder, 30, dimensions=2_000)
    cursor = (await find(api, like(near, 0), first=3))["pageInfo"]["endCursor"]
    other = like(near, 0)
    other["anchor"]["vector"][1_000] += 1.0
    (error,) = await api.errors(SEARCH, to=other, after=cursor)
    assert "another search" in error["message"]


@pytest.fixture
async def indexed(
    runtime: Runtime, api: Api, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> Nearby:
    """Files whose vectors have an index, which a search takes."""
    monkeypatch.setattr(plans, "FEW_VECTORS", 100)
    assert api.person is not None
    vectors, _ = nearby.clustered(400, 8, 5)
    return await nearby.filled(runtime, api.person, vectors, [folder] * 400, is_indexed=True)


async def test_by_the_index_the_first_page_comes_with_the_search(
    api: Api, indexed: Nearby, statements: Statements
) -> None:
    counts = []
    for _ in range(4):
        statements.clear()
        page = await find(api, like(indexed, 7), first=10)
        counts.append(len(statements))
    assert min(counts) == 1, statements.texts  # and one more where the key is read anew
    order = indexed.nearest(indexed.vectors[7], np.ones(400, dtype=bool), 20)
    assert found_ids(page) == [public(indexed, number) for number in order[:10]]
    assert page["similarity"]["plan"] == "ANN_VERIFIED"
    assert {edge["node"]["folder"]["name"] for edge in page["edges"]} == {"Folder"}
    scores = [edge["score"] for edge in page["edges"]]
    expected = indexed.singles[order[:10]] @ indexed.singles[7]
    assert scores == pytest.approx(expected.tolist(), abs=1e-3)
    after = page["pageInfo"]["endCursor"]
    rest = await find(api, like(indexed, 7), first=10, after=after)
    assert found_ids(rest) == [public(indexed, number) for number in order[10:]]
    assert rest["similarity"]["isStored"]


async def test_a_page_by_the_index_passes_over_what_is_not_shown(
    runtime: Runtime, api: Api, indexed: Nearby
) -> None:
    assert api.person is not None
    order = indexed.nearest(indexed.vectors[7], np.ones(400, dtype=bool), 12)
    gone = [indexed.ids[number] for number in order[1:3]]
    async with runtime.db.transaction(api.person.actor.scope) as tx:
        hide = "update file set is_component = true where id = any(:ids)"
        await tx.execute(text(hide), {"ids": gone})
    page = await find(api, like(indexed, 7), first=10)
    kept = [order[0], *order[3:12]]
    assert found_ids(page) == [public(indexed, number) for number in kept]


async def test_a_page_by_the_index_may_have_a_least_score(api: Api, indexed: Nearby) -> None:
    order = indexed.nearest(indexed.vectors[7], np.ones(400, dtype=bool), 4)
    third = float(indexed.singles[order[2]] @ indexed.singles[7])
    page = await find(api, like(indexed, 7, minScore=third - 1e-3), first=10)
    assert set(found_ids(page)[:3]) == {public(indexed, number) for number in order[:3]}
    assert all(edge["score"] >= third - 1e-3 for edge in page["edges"])


async def test_a_page_by_the_index_leaves_out_what_was_asked_about(
    api: Api, indexed: Nearby
) -> None:
    to = {"embedding": KEY, "anchor": {"fileId": public(indexed, 7)}}
    page = await find(api, to, first=10)
    others = indexed.nearest(indexed.vectors[7], np.arange(400) != 7, 10)
    assert found_ids(page) == [public(indexed, number) for number in others]
