"""Live progress of registration jobs, over a real WebSocket."""

import asyncio
from typing import Any

import pytest

from app.core.runtime import Runtime
from app.worker import working
from tests.client import Api
from tests.schema.registering import Desk, image
from tests.socket import Open
from tests.world import World

PROGRESS = """
subscription ($id: ID!, $after: EventCursor, $ms: Int! = 0) {
  uploadProgress(jobId: $id, after: $after, minIntervalMs: $ms) {
    cursor
    job { status phase unitCount pendingCount doneCount errorCount cancelledCount revision }
  }
}
"""


def document(count: int) -> dict[str, Any]:
    return {"json": {"images": [image(f"{n}.png") for n in range(count)]}}


def check(events: list[dict[str, Any]]) -> None:
    """Counts add up in every event, nothing goes back, and the end is the end."""
    for event in events:
        job = event["job"]
        parts = ("pendingCount", "doneCount", "errorCount", "cancelledCount")
        assert job["unitCount"] == sum(job[part] for part in parts)
    revisions = [event["job"]["revision"] for event in events]
    assert revisions == sorted(revisions)
    assert [e["job"]["status"] == "PENDING" for e in events] == [True] * (len(events) - 1) + [False]


async def followed(stream: Any) -> list[dict[str, Any]]:
    async with asyncio.timeout(60):
        return [event["uploadProgress"] async for event in stream]


async def test_a_snapshot_comes_first_then_changes_and_the_last_state_always(
    api: Api, world: World, runtime: Runtime, open_socket: Open
) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.start(document(5_000))
    async with open_socket(api.person) as socket:
        stream = await socket.subscribe(PROGRESS, id=job["id"])
        first = (await anext(stream))["uploadProgress"]
        assert (first["job"]["status"], first["job"]["phase"]) == ("PENDING", "QUEUED")
        async with working(runtime, grace_seconds=1):
            events = [first, *await followed(stream)]
    check(events)
    assert len(events) > 3
    assert events[-1]["job"]["doneCount"] == 5_000
    assert len({event["cursor"] for event in events}) == len(events)


async def test_events_are_thinned_to_one_per_interval_and_none_is_lost_at_the_end(
    api: Api, world: World, worker: None, open_socket: Open
) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.start(document(12_000))
    loop = asyncio.get_running_loop()
    async with open_socket(api.person) as socket:
        stream = await socket.subscribe(PROGRESS, id=job["id"], ms=400)
        times: list[float] = []
        events: list[dict[str, Any]] = []
        async with asyncio.timeout(60):
            async for event in stream:
                times.append(loop.time())
                events.append(event["uploadProgress"])
    check(events)
    assert (
        len(times) - 1 <= (times[-1] - times[0]) / 0.35
    )  # one may come late, and the next in time
    assert events[-1]["job"]["doneCount"] == 12_000


async def test_a_job_that_has_ended_is_told_once_and_the_stream_ends(
    api: Api, world: World, worker: None, open_socket: Open
) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.register(document(1))
    async with open_socket(api.person) as socket:
        (event,) = await followed(await socket.subscribe(PROGRESS, id=job["id"]))
    assert event["job"]["status"] == "DONE"


async def test_a_client_that_resumes_with_its_cursor_begins_with_the_state_of_now(
    api: Api, world: World, runtime: Runtime, open_socket: Open
) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.start(document(100))
    async with open_socket(api.person) as socket:
        stream = await socket.subscribe(PROGRESS, id=job["id"])
        cursor = (await anext(stream))["uploadProgress"]["cursor"]
    async with working(runtime, grace_seconds=1):
        await desk.ended(job)
    async with open_socket(api.person) as socket:
        events = await followed(await socket.subscribe(PROGRESS, id=job["id"], after=cursor))
    assert [event["job"]["status"] for event in events] == ["DONE"]


async def test_a_flushed_valkey_costs_no_event(
    api: Api, world: World, runtime: Runtime, worker: None, open_socket: Open
) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.start(document(8_000))
    async with open_socket(api.person) as socket:
        stream = await socket.subscribe(PROGRESS, id=job["id"])
        first = (await anext(stream))["uploadProgress"]
        for key in await runtime.bus.keys("labelgraph:events:*"):
            await runtime.bus.delete(key)
        events = [first, *await followed(stream)]
    check(events)
    assert events[-1]["job"]["doneCount"] == 8_000


@pytest.mark.parametrize("cursor", ["nonsense", ""])
async def test_a_bad_cursor_is_refused_or_taken_for_none(
    api: Api, world: World, worker: None, open_socket: Open, cursor: str
) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.register(document(1))
    async with open_socket(api.person) as socket:
        stream = await socket.subscribe(PROGRESS, id=job["id"], after=cursor)
        if cursor:
            (error,) = await stream.errors()
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert error["extensions"]["field"] == ["after"]
        else:
            assert len(await followed(stream)) == 1


async def test_a_job_of_somebody_else_cannot_be_followed(
    api: Api, world: World, worker: None, open_socket: Open
) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.register(document(1))
    async with open_socket(await world.organisation("Other")) as socket:
        stream = await socket.subscribe(PROGRESS, id=job["id"])
        (error,) = await stream.errors()
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_who_loses_the_folder_hears_no_more(
    api: Api, world: World, runtime: Runtime, open_socket: Open
) -> None:
    """Permission is asked again for each event."""
    assert api.person is not None
    desk = await Desk.opened(api, world)
    friend = await world.member(api.person)
    await world.share(desk.folder, friend)
    job = await desk.start(document(100))
    async with open_socket(friend) as socket:
        stream = await socket.subscribe(PROGRESS, id=job["id"])
        await anext(stream)
        await world.unshare(desk.folder, friend)
        async with working(runtime, grace_seconds=1):
            await desk.ended(job)
        (error,) = await stream.first_errors()
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
