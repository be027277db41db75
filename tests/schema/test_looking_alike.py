"""Similar pictures, from the encoder to the search: what a person would call alike comes first."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from app.core import ids
from app.core.ids import Kind
from app.files.models import File, Folder, StorageLocation
from app.media.samples import samples
from tests.client import Api
from tests.encoder import FakeEncoder, encoding, service
from tests.schema.test_encoders import KEY, SET
from tests.world import World

COMPUTE = """
mutation ($input: ComputeEmbeddingsInput!) {
  computeEmbeddings(input: $input) { job { id kind state } userErrors { code message field } }
}
"""
JOB = """
query ($id: ID!) { node(id: $id) { ... on BackgroundJob {
  state message doneCount totalCount
  computedEmbeddings { encodedCount skippedCount skipped { reason file { name } } }
} } }
"""
SIMILAR = """
query ($similar: SimilarityInput!, $first: Int) {
  files(similarTo: $similar, first: $first) { edges { score node { name } } }
}
"""
LOOK = {"key": "look", "encoder": {"local": {"model": "OPEN_NSFW_FEATURES"}}}


def paths() -> Iterator[Path]:
    """The pictures of the demo: those that come with scikit-image."""
    return (one.path for one in samples() if one.type == "IMAGE" and one.good)


async def registered(
    api: Api, world: World, folder: Folder, *found: Path, is_strict: bool = False
) -> dict[str, File]:
    """Files that lie where they are on this machine, by name."""
    assert api.person is not None
    root = Path("/")
    integration = await world.local_integration(api.person, root, is_strict=is_strict)
    return {
        path.name: await world.file(
            api.person,
            folder,
            path.name,
            storage_location=StorageLocation.LOCAL,
            integration_id=integration.id,
            url=path.as_uri(),
        )
        for path in found
    }


async def ended(api: Api, **given: Any) -> dict[str, Any]:
    """What a job for `look` came to."""
    answer = await api.change(COMPUTE, input={"key": "look", **given})
    with anyio.fail_after(60):
        while True:
            job: dict[str, Any] = (await api(JOB, id=answer["job"]["id"]))["node"]
            if job["state"] not in {"QUEUED", "RUNNING"}:
                return job
            await anyio.sleep(0.1)


async def looking_like(api: Api, file: File, first: int = 50) -> list[tuple[str, float]]:
    """Name and score of the pictures that look like this one, the likest first."""
    anchor = {"fileId": ids.encode(Kind.FILE, file.id)}
    similar = {"embedding": "look", "anchor": anchor}
    edges = (await api(SIMILAR, similar=similar, first=first))["files"]["edges"]
    return [(edge["node"]["name"], edge["score"]) for edge in edges]


NEAREST = {
    "motorcycle_left.png": ["motorcycle_right.png"],
    "motorcycle_right.png": ["motorcycle_left.png"],
    "chessboard_GRAY.png": ["chessboard_RGB.png"],
    "chessboard_RGB.png": ["chessboard_GRAY.png"],
    # grids
    "brick.png": ["chessboard_GRAY.png", "chessboard_RGB.png"],
    # speckles, then tissue under a microscope
    "grass.png": ["gravel.png", "ihc.png"],
    "gravel.png": ["grass.png", "ihc.png"],
    # bright spots in the sky, craters on the moon
    "hubble_deep_field.jpg": ["moon.png"],
    "moon.png": ["hubble_deep_field.jpg"],
    # discs on a plain ground
    "retina.jpg": ["logo.png", "color.png", "phantom.png"],
    # one bright spot on grey
    "cell.png": ["clock_motion.png"],
}
"""By eye: of all the others, these in any order are the likest."""
MARGIN = 0.01


@pytest.mark.usefixtures("worker")
async def test_pictures_that_look_alike_find_each_other(api: Api, world: World) -> None:
    assert api.person is not None
    folder = await world.folder(api.person)
    files = await registered(api, world, folder, *paths())
    await api.change(KEY, input={"key": "look", "dimensions": 1_024})
    await api.change(SET, input=LOOK)
    job = await ended(api, folderId=ids.encode(Kind.FOLDER, folder.id))
    assert job["computedEmbeddings"] == {
        "encodedCount": len(files),
        "skippedCount": 0,
        "skipped": [],
    }
    for name, alike in NEAREST.items():
        found = await looking_like(api, files[name])
        assert len(found) == len(files) - 1
        assert {other for other, _ in found[: len(alike)]} == set(alike), (name, found[:5])
        assert found[len(alike) - 1][1] > found[len(alike)][1] + MARGIN, (name, found[:5])
    (twin, score), (_, next_score), *_ = await looking_like(api, files["motorcycle_left.png"])
    assert (twin, score > 0.95, next_score < 0.75) == ("motorcycle_right.png", True, True)


@pytest.fixture
async def folder(api: Api, world: World) -> Folder:
    """With an embedding `look` that has an encoder."""
    assert api.person is not None
    await api.change(KEY, input={"key": "look", "dimensions": 1_024})
    await api.change(SET, input=LOOK)
    return await world.folder(api.person)


def two() -> list[Path]:
    return [path for path in paths() if path.name in {"moon.png", "coins.png"}]


@pytest.mark.usefixtures("worker")
async def test_what_cannot_be_encoded_is_told_and_the_rest_is_done(
    api: Api, world: World, folder: Folder, tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    await registered(api, world, folder, *two(), tmp_path / "broken.png", tmp_path / "gone.png")
    await registered(api, world, folder, Path("/closed.png"), is_strict=True)
    assert api.person is not None
    await world.file(api.person, folder, "nowhere.png")
    job = await ended(api)
    found = job["computedEmbeddings"]
    reasons = {one["file"]["name"]: one["reason"] for one in found["skipped"]}
    assert (job["state"], job["doneCount"], job["totalCount"]) == ("DONE", 6, 6)
    assert (found["encodedCount"], found["skippedCount"]) == (2, 4)
    assert "no image" in reasons["broken.png"]
    assert "no object" in reasons["gone.png"]
    assert "read no media" in reasons["closed.png"]
    assert "no bytes" in reasons["nowhere.png"]


@pytest.mark.usefixtures("worker")
async def test_images_that_have_vectors_are_left_as_they_are(
    api: Api, world: World, folder: Folder
) -> None:
    await registered(api, world, folder, *two())
    first, second = await ended(api), await ended(api)
    assert first["computedEmbeddings"]["encodedCount"] == 2
    assert second["computedEmbeddings"]["encodedCount"] == 0
    assert second["totalCount"] == 0


@pytest.mark.usefixtures("worker")
async def test_only_what_may_be_edited_is_encoded(api: Api, world: World, folder: Folder) -> None:
    assert api.person is not None
    await registered(api, world, folder, two()[0])
    reader = await world.member(api.person)
    await world.share(folder, reader)
    theirs = await world.folder(reader)
    await registered(api.as_(reader), world, theirs, two()[1])
    async with encoding() as far:
        await connect_to(api, far)
        far.always = lambda: service([1.0] * 1_024)
        found = (await ended(api.as_(reader)))["computedEmbeddings"]
    assert (found["encodedCount"], found["skippedCount"]) == (1, 1)
    assert len(far.asked) == 1  # what nobody may write is not made, either
    assert "does not allow to edit" in found["skipped"][0]["reason"]
    told = await api.as_(reader).refusal(
        COMPUTE, input={"key": "look", "folderId": ids.encode(Kind.FOLDER, folder.id)}
    )
    assert told["code"] == "FORBIDDEN"


@pytest.mark.usefixtures("worker")
async def test_an_endpoint_is_sent_the_pictures_as_they_are_stored(
    api: Api, world: World, folder: Folder
) -> None:
    await registered(api, world, folder, *two())
    async with encoding() as far:
        await connect_to(api, far)
        far.always = lambda: service([1.0, 0.0, 2.0])
        far.answers = [lambda: service([1.0])]
        wrong = await ended(api)
        assert (wrong["state"], "of 1 numbers" in wrong["message"]) == ("ERROR", True)
        far.always = lambda: service([0.5] * 1_024)
        assert (await ended(api))["computedEmbeddings"]["encodedCount"] == 2
    sent = {one.body["images"][0][:8] for one in far.asked}
    assert [one.path for one in far.asked] == ["/images"] * 3
    assert sent == {"iVBORw0K"}  # how a PNG begins


async def connect_to(api: Api, far: FakeEncoder) -> None:
    own = {"url": far.url, "imagePath": "/images"}
    await api.change(SET, input={"key": "look", "encoder": {"endpoint": own}})


async def test_a_key_without_an_encoder_computes_nothing(api: Api, world: World) -> None:
    await api.change(KEY, input={"key": "look", "dimensions": 2})
    told = await api.refusal(COMPUTE, input={"key": "look"})
    assert (told["code"], told["field"]) == ("CONFLICT", ["key"])
