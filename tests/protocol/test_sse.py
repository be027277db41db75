"""Server-sent events as graphql-sse has them, over the network."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson
import pytest

from app.core.runtime import Runtime
from app.worker import working
from schema.transport import sse
from tests.client import Api
from tests.protocol.caller import EVENTS, GRAPHQL, JSON, Caller, code_of
from tests.schema.registering import Desk, image
from tests.schema.test_upload_progress import PROGRESS
from tests.world import World

TYPENAME = "{ __typename }"
BOTH = f"{JSON}, {EVENTS}"


@dataclass(slots=True)
class Frame:
    """One event as it stood on the wire."""

    fields: dict[str, str]

    @property
    def data(self) -> Any:
        """What came with it."""
        return orjson.loads(self.fields["data"])

    @property
    def progress(self) -> Any:
        """The event of the subscription of these tests."""
        return self.data["data"]["uploadProgress"]


async def frames(response: httpx2.Response) -> AsyncGenerator[Frame]:
    """The events of a stream, without heartbeats; the test fails if anything but LF ends a line."""
    rest = b""
    async for piece in response.aiter_raw():
        assert b"\r" not in piece
        *whole, rest = (rest + piece).split(b"\n\n")
        for text in whole:
            if text != b":":
                lines = [line.partition(":") for line in text.decode().split("\n")]
                yield Frame({name: value.removeprefix(" ") for name, _, value in lines})
    assert rest == b""


@asynccontextmanager
async def stream(
    caller: Caller, body: dict[str, Any], **headers: str
) -> AsyncGenerator[httpx2.Response]:
    """A POST that is answered by a stream."""
    async with caller.http.stream(
        "POST", "/graphql", json=body, headers=caller.headers(EVENTS, **headers)
    ) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield response


@pytest.fixture
async def desk(api: Api, world: World) -> Desk:
    return await Desk.opened(api, world)


@pytest.fixture
async def caller(api: Api, server: str) -> AsyncGenerator[Caller]:
    async with Caller.over(server, api.person) as one:
        yield one


def documents(count: int) -> dict[str, Any]:
    return {"json": {"images": [image(f"{n}.png") for n in range(count)]}}


async def test_a_subscription_comes_event_by_event_and_says_when_it_is_over(
    caller: Caller, desk: Desk, runtime: Runtime
) -> None:
    job = await desk.start(documents(500))
    body = {"query": PROGRESS, "variables": {"id": job["id"]}}
    async with stream(caller, body) as response, asyncio.timeout(30):
        found = frames(response)
        first = await anext(found)
        assert first.fields["event"] == "next"
        assert first.fields["id"] == first.progress["cursor"]
        async with working(runtime, grace_seconds=1):
            *middle, last, end = [frame async for frame in found]
    assert all(frame.fields["id"] == frame.progress["cursor"] for frame in [*middle, last])
    assert last.progress["job"]["doneCount"] == 500
    assert end.fields == {"event": "complete", "data": ""}


FOLLOW = "uploadProgress(jobId: $id, minIntervalMs: 0{after}) {{ cursor job {{ status }} }}"


@pytest.mark.parametrize(
    "document",
    [
        PROGRESS,
        f"subscription ($id: ID!) {{ {FOLLOW.format(after='')} }}",
        f"subscription ($id: ID!) {{ {FOLLOW.format(after=', after: null')} }}",
        f"subscription ($id: ID!) {{ ... on Subscription {{ p: {FOLLOW.format(after='')} }} }}",
        f"""subscription ($id: ID!) {{ ...F }}
        fragment F on Subscription {{ {FOLLOW.format(after=', after: "nonsense"')} }}""",
    ],
)
async def test_a_stream_goes_on_after_the_last_event_that_its_client_has_seen(
    caller: Caller, desk: Desk, document: str
) -> None:
    job = await desk.start(documents(3))
    body = {"query": document, "variables": {"id": job["id"]}}
    seen = await last_id(caller, {**body, "query": PROGRESS})
    # nothing has happened since, so there is nothing to tell
    assert await last_id(caller, body, last_event_id=seen) == ""


async def last_id(caller: Caller, body: dict[str, Any], **headers: str) -> str:
    """The id of the last event before the stream falls silent; empty if it is silent from the start."""
    seen = ""
    async with stream(caller, body, **headers) as response:
        found = frames(response)
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(1):
                    seen = (await anext(found)).fields["id"]
    return seen


async def test_a_last_event_id_of_nobody_s_is_refused_in_the_stream(
    caller: Caller, desk: Desk
) -> None:
    job = await desk.start(documents(3))
    body = {"query": PROGRESS, "variables": {"id": job["id"]}}
    async with stream(caller, body, last_event_id="nonsense") as response, asyncio.timeout(30):
        told, end = [frame async for frame in frames(response)]
    assert told.data["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert end.fields["event"] == "complete"


async def test_what_cannot_be_opened_is_told_in_the_stream(caller: Caller) -> None:
    body = {"query": PROGRESS, "variables": {"id": "upl_nothing"}}
    async with stream(caller, body) as response, asyncio.timeout(30):
        told, end = [frame async for frame in frames(response)]
    assert "data" not in told.data
    assert told.data["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert end.fields["event"] == "complete"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query ($x: ID!) { node(id: $x) { id } }"}, "BAD_USER_INPUT"),
    ],
)
async def test_errors_of_graphql_are_events_for_who_reads_streams_only(
    caller: Caller, body: dict[str, Any], code: str
) -> None:
    async with stream(caller, body) as response:
        told, end = [frame async for frame in frames(response)]
    assert told.data["errors"][0]["extensions"]["code"] == code
    assert end.fields["event"] == "complete"


async def test_errors_of_http_are_not(caller: Caller) -> None:
    answer = await caller.post(b"no JSON", EVENTS)
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")
    answer = await caller.post(TYPENAME, EVENTS, authorization="Bearer nonsense")
    assert (answer.status_code, code_of(answer)) == (401, "UNAUTHENTICATED")


async def test_a_query_is_a_stream_of_one_only_for_who_wants_that(caller: Caller) -> None:
    async with stream(caller, {"query": TYPENAME}) as response:
        told, end = [frame async for frame in frames(response)]
    assert told.data["data"] == {"__typename": "Query"}
    assert "id" not in told.fields
    assert end.fields["event"] == "complete"
    for accept in (BOTH, f"{GRAPHQL}, {BOTH}, multipart/mixed", f"{EVENTS};q=0.9, {JSON}"):
        assert (await caller.post(TYPENAME, accept)).json()["data"] == {"__typename": "Query"}


async def test_a_subscription_goes_by_get_too_as_event_source_asks_for_it(
    caller: Caller, desk: Desk
) -> None:
    job = await desk.start(documents(3))
    parameters = {"query": PROGRESS, "variables": orjson.dumps({"id": job["id"]}).decode()}
    headers = caller.headers(EVENTS, content_type="")
    async with (
        caller.http.stream("GET", "/graphql", params=parameters, headers=headers) as response,
        asyncio.timeout(30),
    ):
        assert (await anext(frames(response))).progress["job"]["status"] == "PENDING"


async def test_a_client_that_leaves_leaves_nothing_behind(
    caller: Caller, desk: Desk, runtime: Runtime
) -> None:
    job = await desk.start(documents(3))
    body = {"query": PROGRESS, "variables": {"id": job["id"]}}
    before = runtime.hub.subscriber_count
    async with stream(caller, body) as response:
        await anext(frames(response))
        assert runtime.hub.subscriber_count > before
    async with asyncio.timeout(30):
        while runtime.hub.subscriber_count > before:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_stream_ends_with_the_credentials(caller: Caller, desk: Desk, api: Api) -> None:
    job = await desk.start(documents(3))
    body = {"query": PROGRESS, "variables": {"id": job["id"]}}
    async with stream(caller, body) as response, asyncio.timeout(30):
        found = frames(response)
        await anext(found)
        await api("""mutation { signOut(input: { everywhere: true }) { userErrors { code } } }""")
        *_, told, end = [frame async for frame in found]
    assert told.data["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert end.fields["event"] == "complete"


async def test_a_quiet_stream_shows_that_it_lives(
    caller: Caller, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "BEAT_SECONDS", 0.1)
    job = await desk.start(documents(3))
    body = {"query": PROGRESS, "variables": {"id": job["id"]}}
    async with stream(caller, body) as response, asyncio.timeout(30):
        async for piece in response.aiter_raw():
            if piece == b":\n\n":
                break
        else:
            pytest.fail("there was no heartbeat")
