"""Near duplicates through the API: looked for by a job, read in pages, by those who may."""

from typing import Any

import numpy as np
import pytest

from app.core import ids
from app.core.ids import Kind
from app.embeddings import comparing, duplicates, grouping, hunting, tables, walk
from app.embeddings.models import VectorIndexState, VectorTable
from app.embeddings.projection import Matrix
from tests.client import Api
from tests.shelves import KEY, Shelf, noise
from tests.world import World

FIND = """
mutation ($input: FindNearDuplicatesInput!) {
  findNearDuplicates(input: $input) { job { id } userErrors { code message field } }
}
"""
PAIRS = """
query ($job: ID!, $score: Float, $first: Int = 1000, $after: String) {
  nearDuplicates(jobId: $job, minScore: $score, first: $first, after: $after) {
    nodes { score frame otherFrame file { id name } otherFile { id name } }
    pageInfo { endCursor hasNextPage }
    totalCount { value }
  }
}
"""
GROUPS = """
query ($job: ID!, $first: Int = 50, $after: String, $files: Int = 50) {
  nearDuplicateGroups(jobId: $job, first: $first, after: $after) {
    nodes { fileCount files(first: $files) { nodes { name } totalCount { value } } }
    pageInfo { endCursor hasNextPage }
    totalCount { value }
  }
}
"""
MOVE = "mutation ($input: MoveFilesInput!) { moveFiles(input: $input) { userErrors { code } } }"
Pair = dict[str, Any]


@pytest.fixture
async def shelf(api: Api, world: World) -> Shelf:
    """A folder of the administrator's, and a key of 16 dimensions."""
    shelf = await Shelf.of(api, world)
    await shelf.key(16)
    return shelf


def clustered(count: int) -> Matrix:
    """Rows of which five each are near to each other."""
    rows = np.repeat(noise(count // 5, 16), 5, axis=0) + 0.12 * noise(count, 16, seed=1)
    return np.float16(rows[np.random.default_rng(2).permutation(count)]).astype(np.float32)


def plainly(rows: Matrix, threshold: float) -> dict[tuple[str, str], float]:
    """By the names of the files."""
    exact = rows.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    scores = exact @ exact.T
    return {
        (f"{i}.png", f"{j}.png"): scores[i, j]
        for i in range(len(rows))
        for j in range(i + 1, len(rows))
        if scores[i, j] >= threshold
    }


async def pairs_of(shelf: Shelf, job_id: str, api: Api | None = None, **asked: Any) -> list[Pair]:
    data = await (api or shelf.api)(PAIRS, job=job_id, **asked)
    found: list[Pair] = data["nearDuplicates"]["nodes"]
    return found


def scores(found: list[Pair]) -> dict[tuple[str, str], float]:
    named = {(pair["file"]["name"], pair["otherFile"]["name"]): pair["score"] for pair in found}
    assert len(named) == len(found), "each pair once"
    return named


@pytest.mark.usefixtures("worker")
async def test_a_worker_finds_every_pair_that_plain_comparing_finds(shelf: Shelf) -> None:
    rows = clustered(200)
    await shelf.put(rows)
    job = await shelf.ended(await shelf.start("findNearDuplicates", threshold=0.9))
    assert (job["state"], job["kind"]) == ("DONE", "NEAR_DUPLICATES"), job
    expected = plainly(rows, 0.9)
    found = await pairs_of(shelf, job["id"])
    assert scores(found) == pytest.approx(expected, abs=1e-6)
    assert [pair["score"] for pair in found] == sorted(expected_scores(found), reverse=True)
    result = job["nearDuplicates"]
    assert result["pairCount"] == len(expected) > 50
    assert (result["isComplete"], result["isExact"], result["vectorCount"]) == (True, True, 200)
    assert result["fileCount"] == len({name for pair in expected for name in pair})
    assert sum(result["groupSizes"]) == result["fileCount"]
    assert len(result["groupSizes"]) == result["groupCount"]


def expected_scores(found: list[Pair]) -> list[float]:
    return [pair["score"] for pair in found]


async def test_exact_copies_are_found_at_a_threshold_of_one(shelf: Shelf) -> None:
    rows = noise(30, 16)
    rows[17] = rows[4] * 3  # another length says nothing
    rows[20] = rows[4]
    await shelf.put(rows)
    job = await shelf.done("findNearDuplicates", threshold=1.0)
    found = scores(await pairs_of(shelf, job["id"]))
    assert ("4.png", "20.png") in found
    assert found[("4.png", "17.png")] == pytest.approx(1, abs=1e-6)
    assert len(found) == 3
    result = job["nearDuplicates"]
    assert (result["groupCount"], result["groupSizes"], result["fileCount"]) == (1, [3], 3)


async def test_pages_and_the_least_score_are_of_the_sorted_list(shelf: Shelf) -> None:
    await shelf.put(np.concatenate([clustered(100), np.repeat(noise(3, 16, seed=9), 4, axis=0)]))
    job = await shelf.done("findNearDuplicates", threshold=0.85)
    whole = await pairs_of(shelf, job["id"])
    paged: list[Pair] = []
    after = None
    while True:
        data = (await shelf.api(PAIRS, job=job["id"], first=7, after=after))["nearDuplicates"]
        paged += data["nodes"]
        after = data["pageInfo"]["endCursor"]
        if not data["pageInfo"]["hasNextPage"]:
            break
    assert paged == whole
    assert data["totalCount"]["value"] == len(whole)
    near = [pair for pair in whole if pair["score"] >= 0.98]
    assert 0 < len(near) < len(whole)
    assert await pairs_of(shelf, job["id"], score=0.98) == near


async def groups_of(
    shelf: Shelf, job_id: str, api: Api | None = None, **asked: Any
) -> list[list[str]]:
    """The names of the files of each group."""
    found = (await (api or shelf.api)(GROUPS, job=job_id, **asked))["nearDuplicateGroups"]
    return [[file["name"] for file in one["files"]["nodes"]] for one in found["nodes"]]


async def test_groups_are_files_that_hang_together_in_pages_the_largest_first(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "WRITTEN", 3)
    rows = np.repeat(noise(4, 16), [2, 4, 1, 3], axis=0)
    await shelf.put(rows)
    job = await shelf.done("findNearDuplicates", threshold=0.99)
    whole = [["2.png", "3.png", "4.png", "5.png"], ["7.png", "8.png", "9.png"], ["0.png", "1.png"]]
    assert await groups_of(shelf, job["id"]) == whole
    assert await groups_of(shelf, job["id"], files=1) == [one[:1] for one in whole]
    data, after = {"pageInfo": {"hasNextPage": True}}, None
    paged: list[Any] = []
    while data["pageInfo"]["hasNextPage"]:
        data = (await shelf.api(GROUPS, job=job["id"], first=1, after=after))["nearDuplicateGroups"]
        paged += data["nodes"]
        after = data["pageInfo"]["endCursor"]
    assert [one["fileCount"] for one in paged] == [4, 3, 2] == job["nearDuplicates"]["groupSizes"]
    assert [one["files"]["totalCount"]["value"] for one in paged] == [4, 3, 2]
    assert data["totalCount"]["value"] == 3


async def test_groups_are_for_the_asker_while_they_see_two_of_the_files(
    shelf: Shelf, world: World
) -> None:
    files = await shelf.put(np.repeat(noise(1, 16), 3, axis=0))
    user, other, hidden = (
        await world.member(shelf.owner),
        await world.member(shelf.owner),
        await world.folder(shelf.owner, "Hidden"),
    )
    for person in (user, other):
        await world.share(shelf.folder, person)
    mine = Shelf(shelf.api.as_(user), world, user, shelf.folder)
    job = (await mine.done("findNearDuplicates"))["id"]
    for person in (other, await world.organisation()):
        data = await shelf.api.as_(person)(GROUPS, job=job)
        assert data["nearDuplicateGroups"] is None
    for left in (["1.png", "2.png"], None):
        given = {
            "fileIds": [files[0 if left else 1]],
            "sourceFolderId": shelf.folder_id,
            "targetFolderId": ids.encode(Kind.FOLDER, hidden.id),
        }
        await shelf.api.change(MOVE, input=given)
        assert await groups_of(mine, job) == ([left] if left else [])
    assert await groups_of(shelf, job) == [["0.png", "1.png", "2.png"]]


async def test_a_job_that_dies_while_it_writes_groups_writes_them_once(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "WRITTEN", 2)
    await shelf.put(np.repeat(noise(3, 16), 3, axis=0))
    job_id = await shelf.start("findNearDuplicates", threshold=0.99)
    held, calls = walk.held, list[int]()

    async def dying(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 4:
            raise Killed
        return await held(*given)

    monkeypatch.setattr(walk, "held", dying)
    with pytest.raises(Killed):
        await shelf.run(job_id)
    assert await groups_of(shelf, job_id) == [], "not before it is done"
    await shelf.run(job_id)
    assert [len(one) for one in await groups_of(shelf, job_id)] == [3, 3, 3]


async def test_frames_of_different_files_make_pairs_and_those_of_one_do_not(shelf: Shelf) -> None:
    one, other = noise(2, 16)
    rows = np.stack([one, one, other, one])
    await shelf.put(rows, frames=[(0, 0), (0, 1), (0, 2), (1, -1)])
    job = await shelf.done("findNearDuplicates")
    found = await pairs_of(shelf, job["id"])
    named = [(pair["file"]["name"], pair["frame"], pair["otherFrame"]) for pair in found]
    assert sorted(named) == [("0.png", 0, None), ("0.png", 1, None)]


async def test_a_folder_counts_with_what_is_below_it_and_nothing_else(
    shelf: Shelf, world: World
) -> None:
    rows = np.repeat(noise(2, 16), 2, axis=0)
    below = await world.folder(shelf.owner, "Below", shelf.folder)
    await shelf.put(rows[:3])
    await shelf.put(rows[3:], folder=below)
    await shelf.put(rows, folder=await world.folder(shelf.owner, "Elsewhere"))
    job = await shelf.done("findNearDuplicates", threshold=0.99)
    assert (job["nearDuplicates"]["pairCount"], job["nearDuplicates"]["vectorCount"]) == (2, 4)
    everywhere = await shelf.done("findNearDuplicates", threshold=0.99, folderId=None)
    assert everywhere["nearDuplicates"]["pairCount"] == 12


async def test_a_filter_says_among_which_files_to_look(shelf: Shelf) -> None:
    await shelf.put(np.repeat(noise(2, 16), [4, 2], axis=0))
    some = {"or": [{"name": {"in": ["0.png", "2.png", "4.png"]}}, {"byteSize": {"gt": 1}}]}
    job = await shelf.done("findNearDuplicates", threshold=0.99, filter=some)
    assert list(scores(await pairs_of(shelf, job["id"]))) == [("0.png", "2.png")]
    assert job["nearDuplicates"]["vectorCount"] == 3
    everything = await shelf.done("findNearDuplicates", threshold=0.99, filter={}, folderId=None)
    assert everything["nearDuplicates"]["pairCount"] == 7


@pytest.mark.usefixtures("worker")
async def test_a_worker_reads_the_filter(shelf: Shelf) -> None:
    await shelf.put(np.repeat(noise(1, 16), 3, axis=0))
    some = {"not": {"name": {"startsWith": "0"}}}
    job = await shelf.ended(await shelf.start("findNearDuplicates", filter=some))
    assert list(scores(await pairs_of(shelf, job["id"]))) == [("1.png", "2.png")]


async def test_a_filter_that_does_not_fit_is_refused_and_one_that_no_longer_fits_ends_the_job(
    shelf: Shelf,
) -> None:
    await shelf.put(noise(3, 16))
    test = {"metadata": [{"key": "sharp", "is": {"number": {"gt": 0.5}}}]}
    given = {"key": KEY, "folderId": shelf.folder_id, "filter": {"and": [test]}}
    refused = await shelf.api.refusal(FIND, input=given)
    assert refused["field"] == ["filter", "and", "0", "metadata", "0", "key"]
    await shelf.api.change(
        'mutation { addMetadataScalar(input: {key: "sharp", type: NUMBER}) { userErrors { code } } }'
    )
    job_id = await shelf.start("findNearDuplicates", filter=test)
    await shelf.api.change(
        'mutation { deleteMetadataKey(input: {key: "sharp"}) { userErrors { code } } }'
    )
    job = await shelf.run(job_id)
    assert job["state"] == "ERROR"
    assert "no longer fits: The metadata key `sharp` is deleted" in job["message"]


async def test_pairs_are_for_the_asker_as_far_as_they_see_both_files(
    shelf: Shelf, world: World
) -> None:
    await shelf.put(np.repeat(noise(2, 16), 2, axis=0))
    user, other, foreigner = (
        await world.member(shelf.owner),
        await world.member(shelf.owner),
        await world.organisation(),
    )
    for person in (user, other, foreigner):
        given = {"key": KEY, "folderId": shelf.folder_id}
        api = shelf.api.as_(person)
        assert (await api.refusal(FIND, input=given))["code"] in {"NOT_FOUND", "FORBIDDEN"}
    for person in (user, other):
        await world.share(shelf.folder, person)
    mine = Shelf(shelf.api.as_(user), world, user, shelf.folder)
    job = await mine.done("findNearDuplicates")
    assert len(await pairs_of(mine, job["id"])) == 2
    assert len(await pairs_of(shelf, job["id"])) == 2, "administrators see all jobs"
    for person in (other, foreigner):
        data = await shelf.api.as_(person)(PAIRS, job=job["id"])
        assert data["nearDuplicates"] is None
    await world.unshare(shelf.folder, user)
    assert await pairs_of(mine, job["id"]) == []


@pytest.mark.parametrize(("moved", "left"), [(0, ("1.png", "2.png")), (2, ("0.png", "1.png"))])
async def test_a_pair_needs_both_of_its_files(
    shelf: Shelf, world: World, moved: int, left: tuple[str, str]
) -> None:
    files = await shelf.put(np.repeat(noise(1, 16), 3, axis=0))
    user, hidden = await world.member(shelf.owner), await world.folder(shelf.owner, "Hidden")
    await world.share(shelf.folder, user)
    mine = Shelf(shelf.api.as_(user), world, user, shelf.folder)
    job = await mine.done("findNearDuplicates")
    target = ids.encode(Kind.FOLDER, hidden.id)
    await shelf.api.change(
        MOVE,
        input={
            "fileIds": [files[moved]],
            "sourceFolderId": shelf.folder_id,
            "targetFolderId": target,
        },
    )
    assert list(scores(await pairs_of(mine, job["id"]))) == [left]
    assert len(await pairs_of(shelf, job["id"])) == 3


async def test_all_files_are_for_administrators(shelf: Shelf, world: World) -> None:
    await shelf.put(noise(3, 16))
    api = shelf.api.as_(await world.member(shelf.owner))
    assert (await api.refusal(FIND, input={"key": KEY}))["code"] == "FORBIDDEN"


@pytest.mark.parametrize("threshold", [0.79, 1.01])
async def test_a_threshold_without_sense_is_refused(shelf: Shelf, threshold: float) -> None:
    await shelf.put(noise(3, 16))
    refused = await shelf.api.refusal(FIND, input={"key": KEY, "threshold": threshold})
    assert (refused["code"], refused["field"]) == ("INVALID", ["threshold"])


async def test_it_stops_at_the_most_pairs_and_says_so(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hunting, "MOST_PAIRS", 100)
    await shelf.put(np.repeat(noise(1, 16), 30, axis=0))
    result = (await shelf.done("findNearDuplicates"))["nearDuplicates"]
    assert (result["pairCount"], result["isComplete"]) == (100, False)


class Killed(BaseException):
    """What a worker's death looks like from inside."""


async def test_a_killed_worker_loses_no_pair_and_doubles_none(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "BLOCK", 16)
    monkeypatch.setattr(comparing, "TILE", 32)
    rows = clustered(100)
    await shelf.put(rows)
    job_id = await shelf.start("findNearDuplicates", threshold=0.9)
    noted, note = list[int](), hunting.Hunt.note

    async def dying(hunt: hunting.Hunt, done: int, *rest: Any) -> None:
        if done in {32, 64} and done not in noted:
            noted.append(done)
            raise Killed
        noted.append(done)
        await note(hunt, done, *rest)

    monkeypatch.setattr(hunting.Hunt, "note", dying)
    for reached in (32, 64):
        with pytest.raises(Killed):
            await shelf.run(job_id)
        assert (await shelf.look(job_id))["state"] == "RUNNING"
        assert noted[-1] == reached
    again = len(noted)
    job = await shelf.run(job_id)
    assert min(noted[again:]) == 48, "finished blocks are not compared again"
    expected = plainly(rows, 0.9)
    assert job["nearDuplicates"]["pairCount"] == len(expected)
    assert scores(await pairs_of(shelf, job_id)) == pytest.approx(expected, abs=1e-6)


async def test_a_cancelled_job_stops_and_keeps_what_it_found(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "BLOCK", 16)
    await shelf.put(clustered(100))
    job_id = await shelf.start("findNearDuplicates", threshold=0.9)
    noted, note = list[int](), hunting.Hunt.note
    cancel = "mutation ($id: ID!) { cancelBackgroundJob(input: {id: $id}) { userErrors { code } } }"

    async def cancelled(hunt: hunting.Hunt, done: int, *rest: Any) -> None:
        noted.append(done)
        await note(hunt, done, *rest)
        if done == 32:
            await shelf.api.change(cancel, id=job_id)

    monkeypatch.setattr(hunting.Hunt, "note", cancelled)
    job = await shelf.run(job_id)
    assert (job["state"], job["nearDuplicates"]) == ("CANCELLED", None)
    assert max(noted) < 100
    assert await pairs_of(shelf, job_id)


async def test_very_many_vectors_are_looked_up_in_their_index(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = clustered(300)
    await shelf.put(rows)
    monkeypatch.setattr(hunting, "HELD", 1_000)
    monkeypatch.setattr(hunting, "LOOKED_UP", 64)
    monkeypatch.setattr(walk, "MOST_IN_WINDOW", 100)
    job_id = await shelf.start("findNearDuplicates", threshold=0.9)
    refused = await shelf.run(job_id)
    assert (refused["state"], "index" in refused["message"]) == ("ERROR", True)
    await indexed(shelf, len(rows))
    job = await shelf.done("findNearDuplicates", threshold=0.9)
    assert job["nearDuplicates"]["isExact"] is False
    assert scores(await pairs_of(shelf, job["id"])) == pytest.approx(plainly(rows, 0.9), abs=1e-6)


async def indexed(shelf: Shelf, count: int) -> None:
    """Note the index as ready; few vectors need none, and a statement finds the same without."""
    actor = shelf.owner.actor
    async with shelf.runtime.db.transaction(actor.scope) as tx:
        number = (await tables.table_of(tx, actor, KEY)).number
        row = await tx.get_one(VectorTable, (actor.organisation_id, number))
        row.index_state, row.indexed_count = VectorIndexState.READY, count
        tx.add(row)


def test_the_limits_are_those_that_the_api_tells() -> None:
    assert (duplicates.LEAST, duplicates.MOST, duplicates.MOST_PAIRS) == (0.8, 1.0, 1_000_000)
