"""Slow, stuck and oversized HTTP connections, by raw sockets."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import Any

import orjson
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app.core import connections
from app.core.connections import Connection

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers without looking at the body; below /long without end, as long as somebody is there."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while scope["path"] == "/long":
        gone = asyncio.create_task(receive())
        sent = asyncio.create_task(
            send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
        )
        await asyncio.wait([gone, sent], return_when=asyncio.FIRST_COMPLETED)
        if gone.done() and gone.result()["type"] == "http.disconnect":
            sent.cancel()
            return
        gone.cancel()
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b"hello"})


class _Server(uvicorn.Server):
    def capture_signals(self) -> Any:
        return nullcontext()


@asynccontextmanager
async def serving() -> AsyncGenerator[uvicorn.Server]:
    config = uvicorn.Config(
        hello, port=0, http=Connection, lifespan="off", log_config=None, timeout_graceful_shutdown=1
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    yield server
    server.should_exit = True
    await task


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[uvicorn.Server]:
    for name in ("HEAD_SECONDS", "REST_SECONDS", "STALL_SECONDS"):
        monkeypatch.setattr(connections, name, 0.5)
    async with serving() as one:
        yield one


async def connected(server: uvicorn.Server) -> Streams:
    port = server.servers[0].sockets[0].getsockname()[1]
    return await asyncio.open_connection("127.0.0.1", port)


async def talk(server: uvicorn.Server, *pieces: bytes) -> bytes:
    """What the server says to this until it closes the connection; the test fails if it does not."""
    reader, writer = await connected(server)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    try:
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()


def told(answer: bytes) -> tuple[int, str]:
    """The status, and the code of the error."""
    head, _, body = answer.partition(b"\r\n\r\n")
    code: str = orjson.loads(body)["errors"][0]["extensions"]["code"]
    return int(head.split(b" ")[1]), code


async def test_a_request_is_answered_and_the_connection_kept(server: uvicorn.Server) -> None:
    reader, writer = await connected(server)
    for _ in range(3):
        writer.write(ASK + b"\r\n")
        assert (await reader.readuntil(b"0\r\n\r\n")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.3)
    writer.close()


async def test_who_says_nothing_is_closed(server: uvicorn.Server) -> None:
    assert await talk(server) == b""


@pytest.mark.parametrize("before", [b"", ASK + b"\r\n"])
async def test_a_head_that_does_not_end_is_closed(server: uvicorn.Server, before: bytes) -> None:
    reader, writer = await connected(server)
    if before:
        writer.write(before)
        await reader.readuntil(b"0\r\n\r\n")
    began = time.monotonic()
    writer.write(ASK)
    drip = asyncio.create_task(dripping(writer))
    answer = await reader.read()
    drip.cancel()
    writer.close()
    assert told(answer) == (408, "TIMEOUT")
    assert time.monotonic() - began < 4


async def dripping(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"a: b\r\n")
        await asyncio.sleep(0.05)


async def test_a_head_has_its_size(server: uvicorn.Server) -> None:
    large = b"a: " + b"x" * 33_000 + b"\r\n"
    for head in ((ASK + large + b"\r\n",), (ASK, large), (ASK, b"b: " + b"x" * 40_000)):
        assert told(await talk(server, *head)) == (431, "BAD_REQUEST")
    url = b"GET /" + b"x" * 33_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert told(await talk(server, url)) == (431, "BAD_REQUEST")
    near = ASK + b"a: " + b"x" * 30_000 + b"\r\nConnection: close\r\n\r\n"
    assert (await talk(server, near)).startswith(b"HTTP/1.1 200")


async def test_a_head_has_a_hundred_fields(server: uvicorn.Server) -> None:
    close = b"Connection: close\r\n\r\n"
    assert (await talk(server, ASK + b"a: b\r\n" * 98 + close)).startswith(b"HTTP/1.1 200")
    assert told(await talk(server, ASK + b"a: b\r\n" * 99 + close)) == (431, "BAD_REQUEST")


async def test_a_request_has_one_host(server: uvicorn.Server) -> None:
    assert told(await talk(server, ASK + b"Host: y\r\n\r\n")) == (400, "BAD_REQUEST")


async def test_a_large_body_is_no_large_head(server: uvicorn.Server) -> None:
    post = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n"
    assert (await talk(server, post + b"x" * 100_000)).startswith(b"HTTP/1.1 200")


async def test_the_rest_of_a_body_that_was_answered_may_not_take_for_ever(
    server: uvicorn.Server,
) -> None:
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
    reader, writer = await connected(server)
    writer.write(post)
    await reader.readuntil(b"0\r\n\r\n")
    writer.write(b"x")
    async with asyncio.timeout(30):
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()


async def test_who_takes_nothing_of_an_answer_is_cut_off(server: uvicorn.Server) -> None:
    reader, writer = await connected(server)
    writer.write(ASK.replace(b"/", b"/long", 1) + b"\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    async with asyncio.timeout(30):
        while not server.server_state.connections:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        while server.server_state.connections:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    writer.close()
    del reader


@pytest.mark.parametrize("start", [b"", b"GET / HTT", ASK, ASK + b"a: "])
async def test_300_of_them_are_gone_in_time_and_others_do_not_notice(
    server: uvicorn.Server, start: bytes
) -> None:
    streams = [await connected(server) for _ in range(300)]
    for _, writer in streams:
        writer.write(start)
    before = time.thread_time()
    assert (await talk(server, ASK + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert time.thread_time() - before < 0.1
    async with asyncio.timeout(30):
        await asyncio.gather(*(reader.read() for reader, _ in streams))
    for _, writer in streams:
        writer.close()
