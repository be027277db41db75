"""What must not happen when two workers have the same job, or one comes back to a job half read."""

import asyncio
from typing import Any

from app.core import ids
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.media.samples import samples
from app.uploads import jobs
from tests.client import Api
from tests.schema.registering import Desk, image, url
from tests.world import World


def arguments(desk: Desk, job: dict[str, Any]) -> dict[str, str]:
    """What the worker is told of a job."""
    assert desk.api.person is not None
    return {
        "organisation_id": desk.folder.organisation_id.hex,
        "job_id": ids.decode(Kind.UPLOAD_JOB, job["id"]).hex,
        "user_id": desk.api.person.user_id.hex,
    }


async def test_a_worker_that_was_taken_for_dead_doubles_nothing(
    api: Api, world: World, runtime: Runtime
) -> None:
    desk = await Desk.opened(api, world)
    real = next(one.path for one in samples() if one.path.name == "logo.png")
    units = [{"objectUrl": url(real)} for _ in range(60)]
    job = await desk.start({"json": {"images": [image(f"{n}.png") for n in range(300)] + units}})
    told = arguments(desk, job)
    # the first has read the document, so that both find the same units pending
    first = asyncio.create_task(jobs.register_files(runtime, **told))
    await desk.moving(job)
    await asyncio.gather(first, *(jobs.register_files(runtime, **told) for _ in range(2)))
    ended = await desk.ended(job)
    assert (ended["status"], ended["doneCount"], ended["errorCount"]) == ("DONE", 360, 0)
    data = await api(
        "query ($f: ID!) { node(id: $f) { ... on Folder { files(first: 1) {"
        " totalCount { value } } } } }",
        f=desk.folder_id,
    )
    assert data["node"]["files"]["totalCount"]["value"] == 360


async def test_a_document_that_was_half_read_is_read_on_from_there(
    api: Api, world: World, runtime: Runtime
) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.start({"json": {"images": [image(f"{n}.png") for n in range(9_000)]}})
    told = arguments(desk, job)
    reading = asyncio.create_task(jobs.register_files(runtime, **told))
    while not (half := (await desk.look(job))["unitCount"]):  # noqa: ASYNC110  it is not ours
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    assert half < 9_000
    await jobs.register_files(runtime, **told)
    ended = await desk.ended(job)
    assert (ended["status"], ended["unitCount"], ended["doneCount"]) == ("DONE", 9_000, 9_000)
