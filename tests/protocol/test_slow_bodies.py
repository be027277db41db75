"""Bodies that come too slowly, over the network, and those that come slowly enough."""

import asyncio
import time
from collections.abc import AsyncGenerator

import pytest

from schema.transport import vigil
from tests.protocol.caller import Caller

HEAD = (
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Accept: application/json\r\nContent-Length: %d\r\n\r\n"
)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of grace, so that the test is over soon."""
    monkeypatch.setattr(vigil, "GRACE_SECONDS", 1.0)


@pytest.fixture
async def nobody(server: str) -> AsyncGenerator[Caller]:
    async with Caller.over(server, None) as one:
        yield one


async def connected(server: str) -> Streams:
    host, _, port = server.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


async def drip(writer: asyncio.StreamWriter, piece: bytes, seconds: float) -> None:
    while True:
        writer.write(piece)
        await asyncio.sleep(seconds)


@pytest.mark.parametrize("piece", [b"", b"x"])
async def test_a_body_that_does_not_come_is_given_up(server: str, piece: bytes) -> None:
    reader, writer = await connected(server)
    writer.write(HEAD % 100_000 + piece)
    began = time.monotonic()
    dripping = asyncio.create_task(drip(writer, piece, 0.05))
    answer = await asyncio.wait_for(reader.readuntil(b'"code":"TIMEOUT","retryable":true'), 10)
    dripping.cancel()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert 0.9 < time.monotonic() - began < 5


async def test_a_slow_line_is_waited_for(server: str) -> None:
    reader, writer = await connected(server)
    body = b'{"query":"{ __typename }"' + b" " * 5_000 + b"}"
    writer.write(HEAD % len(body))
    for start in range(0, len(body), 250):
        writer.write(body[start : start + 250])
        await asyncio.sleep(0.1)
    answer = await asyncio.wait_for(reader.readuntil(b'"__typename":"Query"'), 10)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_300_slow_bodies_are_gone_in_time_and_others_do_not_notice(
    server: str, nobody: Caller
) -> None:
    streams = [await connected(server) for _ in range(300)]
    for _, writer in streams:
        writer.write(HEAD % 100_000 + b"{")
    waits: list[float] = []
    for _ in range(20):
        before = time.thread_time()
        assert (await nobody.post("{ __typename }")).is_success
        waits.append(time.thread_time() - before)
    assert sorted(waits)[-2] < 0.1
    async with asyncio.timeout(15):
        answers = await asyncio.gather(*(reader.read() for reader, _ in streams))
    for _, writer in streams:
        writer.close()
    assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)


async def test_a_client_that_leaves_half_way_is_nothing_to_speak_of(
    server: str, nobody: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(20):
        _, writer = await connected(server)
        writer.write(HEAD % 100_000 + b"{")
        await writer.drain()
        writer.close()
    await asyncio.sleep(0.2)
    assert (await nobody.post("{ __typename }")).is_success
    assert "rror" not in capfd.readouterr().err
