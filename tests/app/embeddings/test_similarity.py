"""The nearest files by every plan, over 6,000 vectors with an index, against numpy.

What counts as few vectors and as few files is set lower here, so that every plan is taken.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, true
from starlette.applications import Starlette

from app.accounts.actor import Actor
from app.core import halfvec, ids
from app.core.compiled import Compiled
from app.core.ids import Kind
from app.core.orders import Order
from app.core.paging import Listing
from app.core.reads import CUSTOM, USUAL_SCAN, Scan
from app.core.runtime import Runtime
from app.embeddings import plans, similarity, statements
from app.embeddings import recall as recalls
from app.embeddings.asked import Asked, Candidates, Vectors
from app.embeddings.plans import Plan
from app.embeddings.similarity import Found, Search
from app.files import access
from app.files.models import File
from tests import nearby
from tests.client import Api
from tests.nearby import Nearby
from tests.world import Person, World

COUNT, DIMENSIONS, CLUSTERS = 6_000, 64, 50
SIZE, CLUSTER = File.__table__.c.byte_size, File.__table__.c.width  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "FEW_VECTORS", 1_000)
    monkeypatch.setattr(plans, "FEW_FILES", 500)


@pytest.fixture(scope="module")
async def near(runtime: Runtime) -> Nearby:
    """Its owner sees all; the folder that holds one file in a hundred has another member."""
    world = World(runtime)
    owner = await world.organisation()
    folder, narrow = await world.folder(owner), await world.folder(owner, "Narrow")
    vectors, which = nearby.clustered(COUNT, DIMENSIONS, CLUSTERS)
    places = [narrow if number % 100 == 0 else folder for number in range(COUNT)]
    widths = [int(cluster) + 1 for cluster in which]
    return await nearby.filled(runtime, owner, vectors, places, widths=widths, is_indexed=True)


@pytest.fixture(scope="module")
async def narrow(near: Nearby) -> Person:
    """Somebody who sees one file in a hundred."""
    world = World(near.runtime)
    member = await world.member(near.owner)
    async with nearby.bare(near.runtime, near.owner) as owning:
        folder_id = await owning.fetchval("select folder_id from file where id = $1", near.ids[0])
    async with near.runtime.db.read(near.owner.actor.scope) as session:
        folder = (await session.exec(access.visible_folders(near.owner.actor))).all()
    await world.share(next(one for one in folder if one.id == folder_id), member)
    return member


def candidates(
    actor: Actor, *tests: ColumnElement[bool], whole: bool = True, leaves_most: bool = False
) -> Candidates:
    """Files as the actor sees them."""
    statement = access.listed_files(actor, whole_organisation=whole).where(*(tests or [true()]))
    order = Order[File]([File.__table__.c.id])  # type: ignore[attr-defined]
    return Candidates(Listing(statement, order), leaves_most)


def asked(near: Nearby, vector: Any, actor: Actor | None = None) -> Asked:
    """A search for what is near to a vector."""
    vectors = Vectors(name=near.table, dimensions=DIMENSIONS, count=COUNT, is_indexed=True)
    return Asked((actor or near.owner.actor).scope, vectors, halfvec.pack(vector))


async def find(near: Nearby, vector: Any, files: Candidates | None, k: int, **terms: Any) -> Found:
    """The nearest files."""
    return await similarity.nearest(
        near.runtime.reads, Search(asked(near, vector), **terms), files, k
    )


def queries(near: Nearby, count: int = 20) -> Any:
    """Vectors near to some that are there."""
    random = np.random.default_rng(7)
    some = near.vectors[random.integers(0, COUNT, count)]
    return some + random.normal(size=some.shape).astype(np.float32) * 0.2


def recall(near: Nearby, found: Found, vector: Any, among: NDArray[np.bool_], k: int) -> float:
    """Which part of the true k nearest is among the first k."""
    true_ones = near.nearest(vector, among, k)
    hits = near.numbers([hit.file_id for hit in found.hits[:k]])
    assert len(hits) == len(true_ones), "the page is full if files exist"
    assert all(among[hits])
    return len({*hits} & {*true_ones}) / len(true_ones)


async def explained(
    near: Nearby, statement: Select[Any], scan: Scan = USUAL_SCAN, **given: Any
) -> str:
    """The plan of a statement as the application's role, with row security."""
    compiled = Compiled.of(statement)
    sql = "explain (costs off) " + compiled.sql
    rows = await near.runtime.reads.fetch(
        near.owner.actor.scope, sql, compiled.arguments(given), plans=CUSTOM, scan=scan
    )
    return "\n".join(row[0] for row in rows)


async def test_the_index_is_used_behind_the_walls(near: Nearby) -> None:
    some = asked(near, near.vectors[0])
    files = candidates(near.owner.actor, SIZE < COUNT // 2)
    index = f"Index Scan using {near.table}_ann"
    for statement, scan in (
        (statements.first_of_index(200, some, None), plans.PROBE),
        (statements.first_of_index(200, some, candidates(near.owner.actor)), plans.PROBE),
        (statements.first_of_index(200, some, files), plans.PROBE),
        (statements.until_enough(some, files), plans.DEEP),
    ):
        assert index in await explained(near, statement, scan, **some.given, most=50)
    exact = await explained(near, statements.every_vector(some, files), **some.given, most=50)
    assert index not in exact


async def test_few_files_are_compared_by_their_ids(near: Nearby) -> None:
    some = asked(near, near.vectors[0])
    files = candidates(near.owner.actor, SIZE < 50)
    given = {"few": 100, "one_more": 101, "most": 50}
    plan = await explained(near, statements.unless_many(some, files), **some.given, **given)
    assert f"{near.table}_pkey" in plan


async def test_without_a_filter_the_index_serves(near: Nearby) -> None:
    all_of_them = np.ones(COUNT, dtype=bool)
    everything = candidates(near.owner.actor, leaves_most=True)
    for k, bound in ((10, 0.99), (100, 0.99), (400, 0.98), (1_000, 0.98)):
        found = [await find(near, one, everything, k) for one in queries(near, 10)]
        assert {one.figures.plan for one in found} == {Plan.ANN_VERIFIED}
        pairs = zip(found, queries(near, 10), strict=True)
        assert np.mean([recall(near, *pair, all_of_them, k) for pair in pairs]) >= bound


@pytest.mark.parametrize("part", [0.001, 0.01, 0.1, 0.5])
@pytest.mark.parametrize("kind", ["independent", "towards", "away"])
async def test_what_a_filter_leaves_is_found_whichever_way_it_points(
    near: Nearby, part: float, kind: str
) -> None:
    recalls: dict[int, list[float]] = {10: [], 100: []}
    clusters = near_clusters(near)
    for vector in queries(near, 8):
        among, test = filtered(near, vector, part, kind, clusters)
        files = candidates(near.owner.actor, test)
        for k, found in recalls.items():
            found.append(recall(near, await find(near, vector, files, k), vector, among, k))
    assert np.mean(recalls[10]) >= 0.99
    assert np.mean(recalls[100]) >= 0.99


def near_clusters(near: Nearby) -> Any:
    """The cluster of each file."""
    return nearby.clustered(COUNT, DIMENSIONS, CLUSTERS)[1] + 1


def filtered(
    near: Nearby, vector: Any, part: float, kind: str, clusters: Any
) -> tuple[NDArray[np.bool_], ColumnElement[bool]]:
    """A filter that leaves this part of the files: which, and its condition."""
    numbers = np.arange(COUNT) + 1
    if kind == "independent":
        return numbers <= COUNT * part, int(COUNT * part) >= SIZE
    order = [int(clusters[number]) for number in near.nearest(vector, numbers > 0, COUNT)]
    by_distance = list(dict.fromkeys(order))
    wanted = max(1, round(CLUSTERS * part))
    chosen = by_distance[:wanted] if kind == "towards" else by_distance[-wanted:]
    most = int(COUNT * part * CLUSTERS / wanted)
    among = np.isin(clusters, chosen) & (numbers <= most)
    return among, CLUSTER.in_(chosen) & (most >= SIZE)


async def test_each_plan_says_what_it_is(near: Nearby, monkeypatch: pytest.MonkeyPatch) -> None:
    vector, actor = near.vectors[3], near.owner.actor
    few = await find(near, vector, candidates(actor, SIZE <= 300), 10)
    assert (few.figures.plan, few.figures.candidate_count) == (Plan.EXACT, 300)
    assert few.figures.compared_count == 300
    wide = await find(near, vector, candidates(actor, SIZE <= 5_000), 10)
    assert (wide.figures.plan, wide.figures.candidate_count) == (Plan.ANN_VERIFIED, None)
    deep = await find(near, vector, candidates(actor, SIZE <= 5_000), 500)
    assert deep.figures.plan is Plan.EXACT
    demanded = await find(near, vector, None, 10, is_exact=True)
    assert (demanded.figures.plan, demanded.figures.compared_count) == (Plan.EXACT, COUNT)
    monkeypatch.setattr(plans, "affordable", lambda _: 2_000)
    rough = await find(near, vector, candidates(actor, SIZE <= 5_000), 500)
    assert rough.figures.plan is Plan.APPROXIMATE
    assert len(rough.hits) >= 500
    assert rough.figures.milliseconds > 0


async def test_who_sees_one_file_in_a_hundred_gets_full_pages_of_those(
    near: Nearby, narrow: Person
) -> None:
    among = np.arange(COUNT) % 100 == 0
    for vector in queries(near, 5):
        search = Search(asked(near, vector, narrow.actor))
        files = candidates(narrow.actor, whole=False)
        found = await similarity.nearest(near.runtime.reads, search, files, 100)
        assert recall(near, found, vector, among, 100) == 1


async def test_another_organisations_neighbour_never_appears(near: Nearby) -> None:
    other = await World(near.runtime).organisation("Other")
    search = Search(asked(near, near.vectors[0], other.actor))
    for files in (None, candidates(other.actor), candidates(near.owner.actor)):
        for terms in ({}, {"is_exact": True}):
            found = await similarity.nearest(
                near.runtime.reads, Search(search.asked, **terms), files, 10
            )
            assert found.hits == []


async def test_a_least_score_ends_the_list(near: Nearby) -> None:
    vector = queries(near, 1)[0]
    everything = candidates(near.owner.actor, leaves_most=True)
    whole = await find(near, vector, everything, 100)
    least = whole.hits[30].score
    cut = await find(near, vector, everything, 100, min_score=least)
    assert [hit.file_id for hit in cut.hits] == [hit.file_id for hit in whole.hits[:31]]
    assert cut.is_complete
    assert not whole.is_complete


async def test_settings_of_a_search_do_not_stick_to_connections(near: Nearby) -> None:
    everything = candidates(near.owner.actor, leaves_most=True)
    await find(near, near.vectors[0], everything, 1_000)
    ask = "select current_setting('hnsw.ef_search'), current_setting('hnsw.iterative_scan')"
    rows: Sequence[Any] = await near.runtime.reads.fetch(near.owner.actor.scope, ask)
    assert tuple(rows[0]) == ("200", "off")


async def test_vectors_of_4096_numbers_are_found_by_their_bits_and_compared_exactly(
    runtime: Runtime,
) -> None:
    world, count = World(runtime), 1_200
    owner = await world.organisation()
    vectors, _ = nearby.clustered(count, 4_096, 10)
    folders = [await world.folder(owner)] * count
    wide = await nearby.filled(runtime, owner, vectors, folders, is_indexed=True)
    all_of_them = np.ones(count, dtype=bool)
    files = candidates(owner.actor, leaves_most=True)
    table = Vectors(name=wide.table, dimensions=4_096, count=count, is_indexed=True)
    for number in range(5):
        vector = vectors[number] + 0.1
        some = Asked(owner.actor.scope, table, halfvec.pack(vector))
        found = await similarity.nearest(runtime.reads, Search(some), files, 10)
        assert found.figures.plan is Plan.ANN_VERIFIED
        assert recall(wide, found, vector, all_of_them, 10) == 1
        exact = await similarity.nearest(runtime.reads, Search(some, is_exact=True), files, 10)
        assert [hit.file_id for hit in exact.hits[:10]] == [hit.file_id for hit in found.hits[:10]]
    bits, index = statements.first_by_bits(400, some, files), f"Index Scan using {wide.table}_ann"
    assert index in await explained(wide, bits, plans.scan_for(100, 4_096)[0], **some.given)


RECALL = """
mutation ($input: MeasureEmbeddingRecallInput!) {
  measureEmbeddingRecall(input: $input) { job { id } userErrors { code field } }
}
"""
JOB = """
query ($id: ID!) {
  node(id: $id) { ... on BackgroundJob {
    state message doneCount totalCount
    recall {
      k vectorCount queryCount mean minimum indexMs exactMs worst { recall frame file { id } }
    }
  } }
}
"""


async def test_recall_is_measured_on_ones_own_vectors_as_a_job(
    near: Nearby, app: Starlette
) -> None:
    async with Api.connect(app, near.owner) as api:
        given = {"key": nearby.KEY, "sample": 30, "k": 10}
        job = await run(near.runtime, api, given)
    assert (job["state"], job["doneCount"], job["totalCount"]) == ("DONE", 30, 30), job
    found = job["recall"]
    assert (found["k"], found["vectorCount"], found["queryCount"]) == (10, COUNT, 30)
    assert found["mean"] >= 0.99
    assert found["minimum"] == found["worst"][0]["recall"]
    assert len(found["worst"]) == 20
    known = {ids.encode(Kind.FILE, one) for one in near.ids}
    assert {one["file"]["id"] for one in found["worst"]} <= known
    assert 0 < found["indexMs"] < found["exactMs"]


async def test_a_poor_index_is_seen_in_its_recall(
    near: Nearby, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "scan_for", lambda *_: (Scan(ef_search=2), 10))
    vectors = Vectors(name=near.table, dimensions=DIMENSIONS, count=COUNT, is_indexed=True)
    measured = recalls.measured(near.runtime.reads, near.owner.actor, vectors, 20, 10)
    told = recalls.summed([one async for one in measured], 10, COUNT)
    assert told["minimum"] <= told["mean"] < 0.5


async def test_without_an_index_there_is_no_recall_to_measure(
    runtime: Runtime, app: Starlette
) -> None:
    world = World(runtime)
    owner = await world.organisation()
    vectors, _ = nearby.clustered(5, 4, 1)
    await nearby.filled(runtime, owner, vectors, [await world.folder(owner)] * 5)
    async with Api.connect(app, owner) as api:
        given = {"key": nearby.KEY}
        refusal = await api.refusal(RECALL, input=given)
        assert (refusal["code"], refusal["field"]) == ("INVALID", ["key"])
        refusal = await api.refusal(RECALL, input={**given, "k": 1_001})
        assert refusal["field"] == ["k"]


async def run(runtime: Runtime, api: Api, given: dict[str, Any]) -> dict[str, Any]:
    """A measurement, done here and now as the worker would do it."""
    job_id = (await api.change(RECALL, input=given))["job"]["id"]
    assert api.person is not None
    await recalls.measure_embedding_recall(
        runtime,
        organisation_id=api.person.organisation_id.hex,
        job_id=ids.decode(Kind.BACKGROUND_JOB, job_id).hex,
        user_id=api.person.user_id.hex,
    )
    found: dict[str, Any] = (await api(JOB, id=job_id))["node"]
    return found


async def test_parts_of_composites_do_not_empty_a_page(near: Nearby, app: Starlette) -> None:
    vector = queries(near, 1)[0]
    order = near.nearest(vector, np.ones(COUNT, dtype=bool), 400)
    parts = [near.ids[number] for number in order[:300]]
    change = "update file set is_component = $2 where id = any($1)"
    document = """
    query ($to: SimilarityInput!) {
      files(similarTo: $to, first: 20, includeOrganisationAccess: true) {
        nodes { id } pageInfo { hasNextPage } similarity { plan }
      }
    }
    """
    to = {"embedding": nearby.KEY, "anchor": {"vector": vector.tolist()}}
    async with nearby.bare(near.runtime, near.owner) as owning, Api.connect(app, near.owner) as api:
        await owning.execute(change, parts, True)
        found = (await api(document, to=to))["files"]
        await owning.execute(change, parts, False)
    others = [ids.encode(Kind.FILE, near.ids[number]) for number in order[300:]]
    assert len({*(node["id"] for node in found["nodes"])} & {*others[:20]}) >= 19
    assert len(found["nodes"]) == 20
    assert found["pageInfo"]["hasNextPage"]
    assert found["similarity"]["plan"] == "ANN_VERIFIED"
