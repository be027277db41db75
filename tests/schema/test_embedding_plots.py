"""Plots of vectors through the API: computed by a job, seen in parts, by those who may."""

from typing import Any

import numpy as np
import psycopg
import pytest
from sqlalchemy import text

from app.accounts.roles import EntityRole
from app.core import bulk, ids
from app.core.ids import Kind
from app.embeddings import plot_views, plots, plotting, projection, walk
from app.embeddings.models import EmbeddingPlot
from tests.client import Api
from tests.shelves import KEY, Shelf, noise
from tests.world import World

PLOT = """
query ($folder: ID, $bounds: PlotBounds, $most: Int! = 2000) {
  embeddingPlot(key: "clip", folderId: $folder, bounds: $bounds, maxPoints: $most) {
    plot { id method pointCount extent { xMin yMin xMax yMax } folder { id } }
    bounds { xMin yMin xMax yMax }
    isDense pointCount
    points { fileId frame x y file { id name } }
    tiles { x y width height count sampleFileId sampleFile { id } }
  }
}
"""
COMPUTE = """
mutation ($input: ComputeEmbeddingPlotInput!) {
  computeEmbeddingPlot(input: $input) { job { id kind } userErrors { code message field } }
}
"""
Seen = dict[str, Any]
WHOLE = {"xMin": -9, "yMin": -9, "xMax": 9, "yMax": 9}


@pytest.fixture
async def shelf(api: Api, world: World) -> Shelf:
    """A folder of the administrator's, and a key of eight dimensions."""
    shelf = await Shelf.of(api, world)
    await shelf.key(8)
    return shelf


async def seen(shelf: Shelf, api: Api | None = None, **asked: Any) -> Seen:
    data = await (api or shelf.api)(PLOT, **{"folder": shelf.folder_id, **asked})
    found: Seen = data["embeddingPlot"]
    return found


def at(view: Seen) -> dict[str, tuple[float, float]]:
    return {point["fileId"]: (point["x"], point["y"]) for point in view["points"]}


@pytest.mark.usefixtures("worker")
async def test_a_worker_lays_the_vectors_out_by_their_principal_components(shelf: Shelf) -> None:
    rows = noise(60)
    files = await shelf.put(rows)
    job = await shelf.ended(await shelf.start("computeEmbeddingPlot"))
    assert (job["state"], job["kind"], job["plot"]["pointCount"]) == ("DONE", "EMBEDDING_PLOT", 60)
    view = await seen(shelf)
    assert view["plot"]["id"] == job["plot"]["id"]
    assert (view["isDense"], view["pointCount"], view["tiles"]) == (False, 60, [])
    kept = projection.unit(rows.astype(np.float16).astype(np.float32))
    _, _, directions = np.linalg.svd(kept - kept.mean(axis=0))
    expected = (kept - kept.mean(axis=0)) @ directions[:2].T
    found = np.array([at(view)[file] for file in files])
    assert np.abs(np.corrcoef(expected[:, 0], found[:, 0])[0, 1]) > 0.9999
    assert np.abs(np.corrcoef(expected[:, 1], found[:, 1])[0, 1]) > 0.9999
    corners = view["plot"]["extent"]
    assert [corners["xMin"], corners["yMin"]] == pytest.approx(found.min(axis=0).tolist())
    assert [corners["xMax"], corners["yMax"]] == pytest.approx(found.max(axis=0).tolist())


async def test_computed_again_it_is_the_same_and_only_the_newer_one_is_left(shelf: Shelf) -> None:
    await shelf.put(noise(30))
    first = (await shelf.done("computeEmbeddingPlot"))["plot"]["id"]
    before = await seen(shelf)
    second = (await shelf.done("computeEmbeddingPlot"))["plot"]["id"]
    after = await seen(shelf)
    assert after["plot"]["id"] == second != first
    assert after["points"] == before["points"]
    assert (await shelf.api("query ($id: ID!) { node(id: $id) { id } }", id=first))["node"] is None
    assert await points_of(shelf, first) == 0


async def test_frames_have_points_of_their_own(shelf: Shelf) -> None:
    await shelf.put(noise(4), frames=[(0, -1), (0, 0), (0, 7), (1, 3)])
    await shelf.done("computeEmbeddingPlot")
    view = await seen(shelf)
    named = [(point["file"]["name"], point["frame"]) for point in view["points"]]
    assert named == [("0.png", None), ("0.png", 0), ("0.png", 7), ("1.png", 3)]


async def test_a_part_shows_the_points_in_it_and_the_filter_finds_their_files(shelf: Shelf) -> None:
    await shelf.put(noise(200))
    job = await shelf.done("computeEmbeddingPlot")
    everything = at(await seen(shelf))
    part = {"xMin": -0.2, "yMin": -0.1, "xMax": 0.4, "yMax": 0.15}
    within = {file for file, (x, y) in everything.items() if -0.2 <= x <= 0.4 and -0.1 <= y <= 0.15}
    assert 5 < len(within) < 195
    assert at(await seen(shelf, bounds=part)).keys() == within
    region = {"plotId": job["plot"]["id"], **part}
    assert await in_region(shelf.api, region) == within
    assert await in_region(shelf.api, {**region, "xMin": 5, "xMax": 6}) == set()


async def test_edges_belong_to_a_part(shelf: Shelf) -> None:
    await shelf.put(noise(20))
    await shelf.done("computeEmbeddingPlot")
    file, (x, y) = next(iter(at(await seen(shelf)).items()))
    dot = {"xMin": x, "yMin": y, "xMax": x, "yMax": y}
    view = await seen(shelf, bounds=dot)
    assert list(at(view)) == [file]


async def test_where_points_are_dense_tiles_add_up_to_their_number(shelf: Shelf) -> None:
    await shelf.put(noise(300))
    await shelf.done("computeEmbeddingPlot")
    points = np.array(list(at(await seen(shelf)).values()))
    view = await seen(shelf, most=25)
    assert (view["isDense"], view["points"], view["pointCount"]) == (True, [], 300)
    tiles = view["tiles"]
    assert 1 < len(tiles) <= 25
    assert sum(tile["count"] for tile in tiles) == 300
    for tile in tiles:
        low, size = np.array([tile["x"], tile["y"]]), np.array([tile["width"], tile["height"]])
        inside = ((points >= low - 1e-12) & (points <= low + size + 1e-12)).all(axis=1)
        assert inside.sum() >= tile["count"] >= 1
        assert tile["sampleFile"]["id"] == tile["sampleFileId"]
    one = await seen(shelf, most=1)
    assert [tile["count"] for tile in one["tiles"]] == [300]
    enough = await seen(shelf, most=300)
    assert not enough["isDense"]


async def test_only_files_that_one_sees_are_shown_and_counted(shelf: Shelf, world: World) -> None:
    theirs = await world.folder(shelf.owner, "Theirs")
    mine = await shelf.put(noise(30))
    await shelf.put(noise(40, seed=1), folder=theirs)
    await shelf.done("computeEmbeddingPlot", folderId=None)
    assert (await seen(shelf, folder=None))["pointCount"] == 70
    user = await world.member(shelf.owner)
    await world.share(shelf.folder, user)
    api = shelf.api.as_(user)
    view = await seen(shelf, api, folder=None)
    assert (view["pointCount"], set(at(view))) == (30, set(mine))
    dense = await seen(shelf, api, folder=None, most=9)
    assert sum(tile["count"] for tile in dense["tiles"]) == 30
    assert {tile["sampleFileId"] for tile in dense["tiles"]} <= set(mine)
    region = {"plotId": view["plot"]["id"], **WHOLE}
    assert await in_region(api, region) == set(mine)


async def test_a_plot_of_a_folder_is_for_those_who_see_it(shelf: Shelf, world: World) -> None:
    await shelf.put(noise(10))
    plot = (await shelf.done("computeEmbeddingPlot"))["plot"]["id"]
    stranger, foreigner = await world.member(shelf.owner), await world.organisation()
    node = "query ($id: ID!) { node(id: $id) { id } }"
    for person in (stranger, foreigner):
        api = shelf.api.as_(person)
        assert (await api(node, id=plot))["node"] is None
        given = {"key": KEY, "folderId": shelf.folder_id}
        assert (await api.refusal(COMPUTE, input=given))["code"] == "NOT_FOUND"
        assert await in_region(api, {"plotId": plot, **WHOLE}) == set()
    assert await seen(shelf, shelf.api.as_(stranger)) is None
    await world.share(shelf.folder, stranger, EntityRole.USER)
    assert (await seen(shelf, shelf.api.as_(stranger)))["pointCount"] == 10
    given = {"key": KEY, "folderId": shelf.folder_id}
    await shelf.api.as_(stranger).change(COMPUTE, input=given)


async def test_a_plot_of_all_files_is_for_administrators_to_compute(
    shelf: Shelf, world: World
) -> None:
    await shelf.put(noise(10))
    api = shelf.api.as_(await world.member(shelf.owner))
    assert (await api.refusal(COMPUTE, input={"key": KEY}))["code"] == "FORBIDDEN"
    await shelf.api.change(COMPUTE, input={"key": KEY})


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"most": 0}, "maxPoints"),
        ({"most": 10_001}, "maxPoints"),
        ({"bounds": {**WHOLE, "xMin": 10}}, "xMin"),
        ({"bounds": {**WHOLE, "yMax": -10}}, "yMin"),
    ],
)
async def test_bounds_and_sizes_without_sense_are_refused(
    shelf: Shelf, asked: dict[str, Any], word: str
) -> None:
    await shelf.put(noise(3))
    await shelf.done("computeEmbeddingPlot")
    (error,) = await shelf.api.errors(PLOT, folder=shelf.folder_id, **asked)
    assert (error["extensions"]["code"], word in error["message"]) == ("BAD_USER_INPUT", True)


async def test_an_unknown_key_is_an_error_and_a_key_without_vectors_cannot_be_plotted(
    shelf: Shelf,
) -> None:
    refused = await shelf.api.refusal(COMPUTE, input={"key": "clop"})
    assert (refused["code"], refused["field"]) == ("INVALID", ["key"])
    refused = await shelf.api.refusal(COMPUTE, input={"key": KEY})
    assert refused["code"] == "NOT_FOUND"
    (error,) = await shelf.api.errors(PLOT.replace('"clip"', '"clop"'))
    assert "`clop`" in error["message"]
    assert await seen(shelf) is None


async def test_umap_is_refused_where_it_is_not_installed(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "umap", None)
    await shelf.put(noise(3))
    refused = await shelf.api.refusal(COMPUTE, input={"key": KEY, "method": "UMAP"})
    assert (refused["code"], refused["field"]) == ("INVALID", ["method"])


class Killed(BaseException):
    """What a worker's death looks like from inside."""


async def test_a_killed_worker_leaves_nothing_to_be_seen_and_the_next_one_goes_on(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "MOST_IN_WINDOW", 20)
    await shelf.put(noise(110))
    await shelf.done("computeEmbeddingPlot")
    expected = await seen(shelf)
    job_id = await shelf.start("computeEmbeddingPlot")
    inserted, insert = [0], bulk.insert

    async def dying(*arguments: Any) -> None:
        inserted[0] += 1
        if inserted[0] in {3, 5}:
            raise Killed
        await insert(*arguments)

    monkeypatch.setattr(bulk, "insert", dying)
    for _ in range(2):
        with pytest.raises(Killed):
            await shelf.run(job_id)
        assert (await shelf.look(job_id))["state"] == "RUNNING"
        assert await seen(shelf) == expected, "the older plot is shown meanwhile"
    job = await shelf.run(job_id)
    assert job["state"] == "DONE"
    assert inserted[0] == 6 + 2, "what was written is not written again"
    after = await seen(shelf)
    assert after["points"] == expected["points"]


async def test_a_cancelled_plot_is_never_seen_and_leaves_nothing_behind(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "MOST_IN_WINDOW", 10)
    await shelf.put(noise(50))
    job_id = await shelf.start("computeEmbeddingPlot")
    plot_id = (await shelf.row(job_id)).input["plot_id"]
    inserted, insert = [0], bulk.insert

    async def cancelled(*arguments: Any) -> None:
        inserted[0] += 1
        await insert(*arguments)
        if inserted[0] == 2:
            monkeypatch.setattr(plotting.Drawing, "progress", stop_first(shelf, job_id))

    monkeypatch.setattr(bulk, "insert", cancelled)
    job = await shelf.run(job_id)
    assert (job["state"], job["plot"], inserted[0]) == ("CANCELLED", None, 2)
    assert await seen(shelf) is None
    assert await points_of(shelf, f"plot_{plot_id}") == 0


def stop_first(shelf: Shelf, job_id: str) -> Any:
    """Somebody cancels the job between two of its steps."""
    progress = plotting.Drawing.progress
    cancel = "mutation ($id: ID!) { cancelBackgroundJob(input: {id: $id}) { userErrors { code } } }"

    async def stopped(drawing: Any, tx: Any, count: int) -> Any:
        await shelf.api.change(cancel, id=job_id)
        return await progress(drawing, tx, count)

    return stopped


async def test_a_deleted_file_loses_its_points(shelf: Shelf) -> None:
    first, *others = await shelf.put(noise(12))
    await shelf.done("computeEmbeddingPlot")
    await shelf.api.change(
        "mutation ($input: DeleteFilesInput!) { deleteFiles(input: $input) { userErrors { code } } }",
        input={"folderId": shelf.folder_id, "fileIds": [first]},
    )
    assert set(at(await seen(shelf))) == set(others)


async def test_a_file_that_is_moved_away_is_seen_by_those_who_see_it_there(
    shelf: Shelf, world: World
) -> None:
    first, *others = await shelf.put(noise(12))
    await shelf.done("computeEmbeddingPlot")
    user, hidden = await world.member(shelf.owner), await world.folder(shelf.owner, "Hidden")
    await world.share(shelf.folder, user)
    target = ids.encode(Kind.FOLDER, hidden.id)
    await shelf.api.change(
        "mutation ($input: MoveFilesInput!) { moveFiles(input: $input) { userErrors { code message } } }",
        input={"fileIds": [first], "sourceFolderId": shelf.folder_id, "targetFolderId": target},
    )
    assert set(at(await seen(shelf, shelf.api.as_(user)))) == set(others)
    assert set(at(await seen(shelf))) == {first, *others}


async def test_a_part_of_a_big_plot_is_found_by_its_index(shelf: Shelf) -> None:
    await shelf.put(noise(4))
    plot = ids.decode(Kind.EMBEDDING_PLOT, (await shelf.done("computeEmbeddingPlot"))["plot"]["id"])
    organisation = shelf.owner.organisation_id
    async with shelf.runtime.db.transaction(shelf.owner.actor.scope) as tx:
        given = {"organisation": organisation, "plot": plot}
        await tx.execute(FILL, given)
    actor, runtime = shelf.owner.actor, shelf.runtime
    with psycopg.connect(runtime.settings.database_url or "", autocommit=True) as owner:
        owner.execute("analyze embedding_plot_point")
    row = EmbeddingPlot(organisation_id=organisation, id=plot)
    bounds = plots.Bounds(x_min=0.5, y_min=0.5, x_max=0.501, y_max=0.6)
    given = plot_views._given(row, bounds, 2_000, 44)
    for make in (plot_views._points, plot_views._tiles):
        compiled = runtime.reads.compiler.compiled(make(actor))
        sql, arguments = f"explain {compiled.sql}", compiled.arguments(given)
        plan = await runtime.reads.fetch(actor.scope, sql, arguments, plans="force_custom_plan")
        told = "\n".join(line[0] for line in plan)
        assert "embedding_plot_point_organisation_id_plot_id_x_y_index" in told, told
        assert "Seq Scan on embedding_plot_point" not in told, told


FILL = text(
    "with points as (insert into embedding_plot_point"
    " (organisation_id, plot_id, file_id, frame, folder_id, x, y)"
    " select cast(:organisation as uuid), cast(:plot as uuid), file.id, frame, folder_id, random(), random()"
    " from file, generate_series(0, 4999) frame where file.organisation_id = :organisation"
    " returning 1) select count(*) from points"
)


async def points_of(shelf: Shelf, plot: str) -> int:
    key = ids.decode(Kind.EMBEDDING_PLOT, plot)
    async with shelf.runtime.db.read(shelf.owner.actor.scope) as session:
        statement = text("select count(*) from embedding_plot_point where plot_id = :plot")
        return int((await session.execute(statement, {"plot": key})).scalar_one())


async def in_region(api: Api, region: dict[str, Any]) -> set[str]:
    """The files that the filter member lets through."""
    data = await api(
        "query ($region: PlotRegionFilter!) { files(filter: {region: $region}, first: 1000)"
        " { nodes { id } } }",
        region=region,
    )
    return {file["id"] for file in data["files"]["nodes"]}
