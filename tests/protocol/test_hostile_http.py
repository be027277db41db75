"""The requests of tests/protocol/hostile.py over HTTP, and what only HTTP has: heads.

Times are of the processor, in the thread that runs the server's loop: other programs on the machine do not count.
"""

import asyncio
import gc
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import orjson
import psutil
import pytest

from schema.codes import Code
from tests.protocol.caller import EVENTS, GRAPHQL, JSON, MIXED, Caller
from tests.protocol.hostile import DOCUMENTS, TEXTS, TYPENAME
from tests.world import Person, World

LONGEST_SECONDS = 0.25
CANARY_SECONDS = 0.1
GROWTH_BYTES = 64 * 2**20

Call = Callable[[Caller], Any]
QUERY = {"query": TYPENAME}

HEADS: Mapping[str, Call] = {
    "no Content-Type": lambda c: c.post(QUERY, content_type=""),
    "a form": lambda c: c.post(b"query=x", content_type="application/x-www-form-urlencoded"),
    "an upload": lambda c: c.http.post(
        "/graphql",
        files={"operations": (None, orjson.dumps(QUERY)), "map": (None, "{}")},
        headers=c.headers(content_type=""),
    ),
    "a text": lambda c: c.post(QUERY, content_type="text/plain"),
    "nearly JSON": lambda c: c.post(QUERY, content_type="x-application/jsonx"),
    "JSON in UTF-16": lambda c: c.post(QUERY, content_type="application/json; charset=utf-16"),
    "a charset of 8,000 characters": lambda c: c.post(
        QUERY, content_type="application/json; charset=" + "x" * 8_000
    ),
    "10,000 parameters": lambda c: c.post(QUERY, content_type="application/json" + "; a=b" * 1_500),
    "gzip": lambda c: c.post(b"\x1f\x8b" + b"\0" * 100, content_encoding="gzip"),
    "an unknown encoding": lambda c: c.post(QUERY, content_encoding="nonsense, gzip, br"),
    "an Accept of 1,000 ranges": lambda c: c.post(QUERY, ",".join(["a/b;q=0.1"] * 800)),
    "an Accept of nonsense": lambda c: c.post(QUERY, ";;;,,,q=1;/*,*"),
    "an Accept that wants nothing": lambda c: c.post(QUERY, "*/*;q=0"),
    "an Accept for images": lambda c: c.post(QUERY, "image/*"),
    "a subscription for who reads no stream": lambda c: c.post(
        'subscription { uploadProgress(jobId: "x") { cursor } }'
    ),
    "a Last-Event-ID of nonsense": lambda c: c.post(
        'subscription { uploadProgress(jobId: "x") { cursor } }', EVENTS, last_event_id="\"\\}{'"
    ),
    "parts of a mutation": lambda c: c.post(
        "mutation { ... @defer { signOut(input: { everywhere: false }) { userErrors { code } } } }",
        MIXED,
    ),
    "a token of nonsense": lambda c: c.post(QUERY, authorization="Bearer " + "x" * 8_000),
    "another scheme": lambda c: c.post(QUERY, authorization="Basic eDp4"),
    "half a signature": lambda c: c.post(QUERY, authorization="", signature="encord-sig=:x:"),
    "a signature of nonsense": lambda c: c.post(
        QUERY, authorization="", signature="\"('", signature_input="\"('", content_digest="x"
    ),
    "two sessions": lambda c: c.post(QUERY, authorization="", cookie="labelgraph=a; labelgraph=b"),
    "a session without our header": lambda c: c.post(
        QUERY, authorization="", cookie="labelgraph=" + "a" * 100
    ),
    "10,000 cookies": lambda c: c.post(QUERY, authorization="", cookie="a=b; " * 1_500 + "c=d"),
    "PUT": lambda c: c.http.put("/graphql", json=QUERY),
    "DELETE": lambda c: c.http.delete("/graphql"),
    "a mutation by GET": lambda c: c.get(
        query="mutation { signOut(input: { everywhere: false }) { userErrors { code } } }"
    ),
    "a GET of nothing": lambda c: c.get(),
    "a GET of half a JSON": lambda c: c.get(query=TYPENAME, variables='{"a":'),
    "a GET of a deep JSON": lambda c: c.get(query=TYPENAME, variables="[" * 5_000),
    "a GET of another type": lambda c: c.get(query=TYPENAME, variables="[1]"),
    "a GET with a query twice": lambda c: c.http.get(
        "/graphql?query={a}&query={b}", headers=c.headers()
    ),
    "a GET of 1,000 parameters": lambda c: c.http.get(
        "/graphql?" + "a=b&" * 1_000, headers=c.headers()
    ),
    "a GET without UTF-8": lambda c: c.http.get("/graphql?query=%ff%fe", headers=c.headers()),
    "a GET of U+0000": lambda c: c.http.get("/graphql?query=%00", headers=c.headers()),
    "a GET of 60,000 bytes": lambda c: c.get(query=TYPENAME + " " * 60_000),
}

LARGE: Mapping[str, Callable[[], bytes]] = {
    "13 MB": lambda: b" " * 13_000_000,
    "13 MB of lists": lambda: b"[" * 13_000_000,
    "12 MB of objects": lambda: b"[" + b",".join([b"{}"] * 4_000_000) + b"]",
    "12 MB of texts": lambda: b'{"variables":[' + b'"a",' * 3_000_000 + b"1]}",
    "12 MB of numbers": lambda: b"[" + b"1.5," * 3_000_000 + b"1]",
    "12 MB of one text": lambda: (
        b'{"query":"{ nothing }","variables":{"x":"' + b"a" * 12_000_000 + b'"}}'
    ),
    "12 MB of digits": lambda: b'{"variables":{"x":' + b"9" * 12_000_000 + b"}}",
}


@pytest.fixture
async def person(world: World) -> Person:
    return await world.organisation()


@pytest.fixture
async def caller(server: str, person: Person) -> AsyncGenerator[Caller]:
    async with Caller.over(server, person) as one:
        yield one


@asynccontextmanager
async def canary(server: str) -> AsyncGenerator[list[float]]:
    """Asks something small all the time; how long the processor kept it waiting, in seconds."""
    waits: list[float] = []

    async def sing() -> None:
        async with Caller.over(server, None) as nobody:
            while True:
                before = time.thread_time()
                assert (await nobody.post(TYPENAME)).status_code == 200
                waits.append(time.thread_time() - before)
                await asyncio.sleep(0.01)

    task = asyncio.create_task(sing())
    try:
        yield waits
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def check(response: httpx2.Response) -> None:
    """It is an answer of GraphQL, with a code from the list, and the fault is not ours."""
    assert response.status_code < 500, response.text[:500]
    kind = response.headers["content-type"].partition(";")[0]
    body = response.content
    if kind == EVENTS:
        body = body.split(b"data: ")[1].split(b"\n")[0]
    else:
        assert kind in {JSON, GRAPHQL}
    assert len(body) < 50_000
    answer = orjson.loads(body)
    assert set(answer) <= {"data", "errors", "extensions"}
    for error in answer.get("errors", ()):
        assert len(error["message"]) <= 500
        assert error["extensions"]["requestId"]
        code = Code(error["extensions"]["code"])
        assert code is not Code.INTERNAL, error
    assert len(answer.get("errors", ())) <= 20
    if response.status_code >= 400:
        assert answer["errors"]
        assert "data" not in answer


async def timed(call: Call, caller: Caller, server: str) -> httpx2.Response:
    """The answer; the test fails if the processor was held up by it."""
    gc.collect()
    async with canary(server) as waits:
        await asyncio.sleep(0.05)
        before = time.thread_time()
        response: httpx2.Response = await call(caller)
        took = time.thread_time() - before
        await asyncio.sleep(0.05)
    assert took < LONGEST_SECONDS, f"{took:.3f} s"
    assert waits
    assert max(waits) < CANARY_SECONDS, f"the canary waited {max(waits):.3f} s"
    return response


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_hostile_document_gets_a_quick_and_civil_answer(
    caller: Caller, server: str, name: str
) -> None:
    body = orjson.dumps(DOCUMENTS[name]())
    check(await timed(lambda c: c.post(body, f"{GRAPHQL}, {EVENTS}"), caller, server))


@pytest.mark.parametrize("name", TEXTS)
async def test_a_hostile_text_is_refused_at_once(caller: Caller, server: str, name: str) -> None:
    body = TEXTS[name]()
    response = await timed(lambda c: c.post(body, GRAPHQL), caller, server)
    check(response)
    assert response.status_code == 400, response.text[:500]


@pytest.mark.parametrize("name", HEADS)
async def test_a_hostile_head_is_refused_at_once(caller: Caller, server: str, name: str) -> None:
    check(await timed(HEADS[name], caller, server))


@pytest.mark.parametrize("name", LARGE)
async def test_a_large_body_is_refused_at_once(caller: Caller, server: str, name: str) -> None:
    body = LARGE[name]()
    check(await timed(lambda c: c.post(body), caller, server))


def test_there_are_enough_of_them() -> None:
    assert len(DOCUMENTS) + len(TEXTS) + len(HEADS) + len(LARGE) >= 120


async def test_all_of_them_leave_the_memory_as_it_was(caller: Caller) -> None:
    async def all_of_them() -> None:
        for document in DOCUMENTS.values():
            await caller.post(orjson.dumps(document()))
        for text in TEXTS.values():
            await caller.post(text())

    process = psutil.Process()
    await all_of_them()
    gc.collect()
    before = process.memory_info().rss
    await all_of_them()
    gc.collect()
    assert process.memory_info().rss - before < GROWTH_BYTES
