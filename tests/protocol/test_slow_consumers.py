"""Clients that do not read: nothing grows, nobody else waits, and the newest state comes in the end."""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import psutil
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from app.core.runtime import Runtime
from tests.protocol.frank import Frank
from tests.protocol.ticking import CHANGES, STATES, Ticking, ticking, until

EVENTS = 10_000
SIZE = 4_000
"""Characters of one event: 40 MB in all, if they were kept."""


@asynccontextmanager
async def idler(ground: Ticking) -> AsyncGenerator[Frank]:
    """A client that takes a few kilobytes and then no more, unless it is asked to."""
    port = int(ground.url.rpartition(":")[2])
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    line.setblocking(False)
    await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", port))
    async with connect(
        f"ws://127.0.0.1:{port}/graphql",
        sock=line,
        subprotocols=[Subprotocol("graphql-transport-ws")],
        max_queue=1,
        max_size=None,
        close_timeout=0.1,
        ping_interval=None,
    ) as connection:
        frank = Frank(connection)
        await frank.say(type="connection_init")
        await frank.hear()
        yield frank


def stop_reading(connection: ClientConnection) -> None:
    """Whatever comes stays with the system, whose room is small."""
    connection.transport.pause_reading()


def resident_mib() -> float:
    """What this process, client and server, holds of the machine's memory."""
    return float(psutil.Process().memory_info().rss) / 2**20


async def ring(ground: Ticking, numbers: range) -> float:
    """Make events as fast as a group can follow; the longest time that the loop stood still, in seconds."""
    longest = 0.0
    for number in numbers:
        ground.bell.ring(number)
        before = time.perf_counter()
        await asyncio.sleep(0)
        longest = max(longest, time.perf_counter() - before)
    return longest


async def test_a_reader_that_stops_costs_no_memory_and_then_gets_the_newest_state(
    runtime: Runtime,
) -> None:
    async with (
        ticking(runtime, socket_patience_seconds=60) as ground,
        ground.socket() as reading,
        idler(ground) as idle,
    ):
        sibling = await reading.subscribe(STATES, size=SIZE)
        await idle.subscribe("1", STATES, variables={"size": SIZE})
        await ground.members(2)
        stop_reading(idle.connection)
        before = resident_mib()
        heard = asyncio.create_task(_numbers(sibling))
        for start in range(0, EVENTS, 50):
            await ring(ground, range(start, start + 50))
            await asyncio.sleep(0.002)
        ground.bell.ring(EVENTS)
        numbers = await asyncio.wait_for(heard, 30)
        assert len(numbers) > EVENTS * 0.9
        assert resident_mib() - before < 24
        idle.connection.transport.resume_reading()
        late = [number async for number in _late(idle)]
        assert late[-1] == EVENTS
        assert len(late) < 1_000
        assert late == sorted(late)
    assert ground.sockets.open_count == 0


async def test_a_reader_of_changes_that_stops_is_reset_and_told_its_last_cursor(
    runtime: Runtime,
) -> None:
    async with (
        ticking(runtime, socket_patience_seconds=60) as ground,
        ground.socket() as reading,
        idler(ground) as idle,
    ):
        sibling = await reading.subscribe(CHANGES, size=SIZE)
        await idle.subscribe("1", CHANGES, variables={"size": SIZE})
        await ground.members(2)
        stop_reading(idle.connection)
        for number in range(3_000):
            ground.bell.ring(number)
            assert (await anext(sibling))["changes"]["number"] == number  # it misses none
        await ground.members(1)
        idle.connection.transport.resume_reading()
        while (message := await idle.hear())["type"] == "next":
            last = message["payload"]["data"]["changes"]["cursor"]
        assert message["type"] == "error"
        (error,) = message["payload"]
        assert error["extensions"]["code"] == "STREAM_RESET"
        assert error["extensions"]["retryable"] is True
        assert error["extensions"]["cursor"] == last
        assert await idle.is_alive()


async def test_a_socket_that_takes_nothing_is_hung_up_on(runtime: Runtime) -> None:
    async with (
        ticking(runtime, socket_patience_seconds=1) as ground,
        idler(ground) as idle,
        idler(ground) as slow,
    ):
        await idle.subscribe("1", STATES, variables={"size": SIZE})
        await slow.subscribe("1", STATES, variables={"size": SIZE})
        await ground.members(2)
        stop_reading(idle.connection)
        stop_reading(slow.connection)
        began = time.monotonic()
        slowly = asyncio.create_task(_sip(slow.connection))
        while ground.sockets.open_count > 1:
            await ring(ground, range(20))
            await asyncio.sleep(0.01)
            assert time.monotonic() - began < 5
        assert time.monotonic() - began > 0.9
        await asyncio.sleep(1.5)
        assert ground.sockets.open_count == 1  # who takes a little may stay
        slowly.cancel()
        with suppress(asyncio.CancelledError):
            await slowly


async def test_answers_wait_for_a_client_that_does_not_read_them(runtime: Runtime) -> None:
    async with (
        ticking(runtime, socket_patience_seconds=60) as ground,
        idler(ground) as idle,
    ):
        stop_reading(idle.connection)
        before = resident_mib()
        for number in range(40):
            await idle.subscribe(str(number), "{ large(size: 2000000) }")
        await asyncio.sleep(0.5)
        assert resident_mib() - before < 40  # all would be 80 MB, three times over
        idle.connection.transport.resume_reading()
        ends = [message["id"] async for message in _messages(idle) if message["type"] == "complete"]
        assert sorted(ends, key=int) == [str(number) for number in range(40)]


async def test_a_client_that_asks_for_answers_and_reads_none_is_closed(runtime: Runtime) -> None:
    async with (
        ticking(runtime, socket_patience_seconds=60) as ground,
        idler(ground) as idle,
    ):
        stop_reading(idle.connection)
        with suppress(Exception):
            for _ in range(60):
                await asyncio.wait_for(idle.say(type="ping", payload={"a": "x" * 200_000}), 5)
        await until(lambda: ground.sockets.open_count == 0)


@pytest.mark.parametrize("has_subscribed", [True, False])
async def test_a_hundred_clients_that_do_nothing_are_gone_soon_and_nobody_notices(
    runtime: Runtime, has_subscribed: bool
) -> None:
    async with (
        ticking(runtime, socket_patience_seconds=1, socket_init_seconds=1) as ground,
        ground.socket() as canary,
    ):
        idle = [await _silent(ground, has_subscribed=has_subscribed) for _ in range(100)]
        await ground.members(100 if has_subscribed else 0)
        slowest = 0.0
        async with asyncio.timeout(30):
            while ground.sockets.open_count > 1:
                before = time.perf_counter()
                await anext(await canary.subscribe("{ large(size: 1) }"))
                slowest = max(slowest, time.perf_counter() - before)
                ground.bell.ring(1)
                await asyncio.sleep(0.05)
        assert slowest < 0.25
        for line in idle:
            line.close()


async def _silent(ground: Ticking, *, has_subscribed: bool) -> socket.socket:
    """A client that sends its first messages and reads nothing, not even the handshake."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    line.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(line, ("127.0.0.1", int(ground.url.rpartition(":")[2])))
    await loop.sock_sendall(
        line,
        b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n",
    )
    if has_subscribed:
        await asyncio.sleep(0.01)
        for message in (
            b'{"type":"connection_init"}',
            b'{"id":"1","type":"subscribe","payload":{"query":"subscription{states(size:200000){text}}"}}',
        ):
            head = bytes([0x81, 0x80 | min(len(message), 126)])
            length = b"" if len(message) < 126 else len(message).to_bytes(2, "big")
            await loop.sock_sendall(line, head + length + bytes(4) + message)
    return line


async def _sip(connection: ClientConnection) -> None:
    """Read a little now and then."""
    while True:
        connection.transport.resume_reading()
        await asyncio.sleep(0.01)
        connection.transport.pause_reading()
        await asyncio.sleep(0.3)


async def _numbers(stream: object) -> list[int]:
    numbers: list[int] = []
    async for data in stream:  # type: ignore[attr-defined]
        numbers.append(data["states"]["number"])
        if numbers[-1] == EVENTS:
            break
    return numbers


async def _late(frank: Frank) -> AsyncGenerator[int]:
    async for message in _messages(frank):
        yield message["payload"]["data"]["states"]["number"]


async def _messages(frank: Frank) -> AsyncGenerator[dict]:
    """What comes until nothing has come for a second."""
    with suppress(TimeoutError):
        while True:
            async with asyncio.timeout(1):
                message = await frank.hear()
            yield message
