"""Sockets that die without a word, many times over: everything they held comes back."""

import asyncio
import gc
import os
import socket
import struct
from contextlib import suppress

import psutil
import pytest
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed

from app.core.lines import Line
from app.core.runtime import Runtime
from schema.execution.sharing import Group
from schema.transport.outbox import Outbox
from schema.transport.running import Running
from schema.transport.websocket import Socket
from tests.client import Api
from tests.protocol.ticking import CHANGES, STATES, Ticking, ticking, until
from tests.socket import Socket as Client
from tests.world import Person

OURS = {Line, Socket, Outbox, Running, Group}
ROUNDS = 8
SOCKETS = 50
MAY_GROW = {"files": 20.0, "valkey": 10.0, "mib": 64.0}
"""A busy moment opens connections that pools then keep; a leak would leave something of each of 400 sockets."""
DOCUMENTS = [
    STATES,
    CHANGES,
    'subscription { changes(after: "c1", size: 20000) { text } }',
    "{ slow }",
    "{ large(size: 100000) }",
    "{ nothing }",
]


@pytest.fixture
def person(api: Api) -> Person:
    assert api.person is not None
    return api.person


async def test_sockets_that_are_killed_leave_nothing_behind(
    runtime: Runtime, person: Person
) -> None:
    async with ticking(runtime, max_sockets_per_caller=SOCKETS) as ground:
        for _ in range(2):  # pools and caches fill
            await _round(ground, person)
        before = await _held(runtime, ground)
        lived = sum([await _round(ground, person) for _ in range(ROUNDS)])
        grown = await _grown(before, runtime, ground)
    assert not grown, f"{grown} more than before"
    assert lived > 0.9 * ROUNDS * SOCKETS


async def _round(ground: Ticking, person: Person) -> int:
    """Half of them are reset, the others just hung up, while events come; how many got as far as that."""
    ringing = asyncio.create_task(_ring(ground))
    lived = await asyncio.gather(
        *(_live_and_die(ground, person, number) for number in range(SOCKETS))
    )
    ringing.cancel()
    with suppress(asyncio.CancelledError):
        await ringing
    await until(lambda: ground.sockets.open_count == 0)
    await until(lambda: ground.bell.listener_count == ground.bell.running_count == 0)
    return sum(lived)


async def _live_and_die(ground: Ticking, person: Person, number: int) -> bool:
    """False if the server, or the machine, was too busy to let it in."""
    opened = ground.socket(person if number % 3 else None)
    try:
        one = await opened.__aenter__()
    except (ConnectionClosed, TimeoutError):
        return False
    with suppress(ConnectionClosed):
        for document in DOCUMENTS:
            await one.subscribe(document)
    await asyncio.sleep(0.01 * (number % 20))
    _kill(one, is_reset=bool(number % 2))
    with suppress(OSError):
        await opened.__aexit__(None, None, None)
    return True


def _kill(one: Client, *, is_reset: bool) -> None:
    line = one.connection.transport.get_extra_info("socket")
    if is_reset:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.connection.transport.abort()


async def _ring(ground: Ticking) -> None:
    number = 0
    while True:
        ground.bell.ring(number := number + 1)
        await asyncio.sleep(0.005)


async def _grown(before: dict[str, float], runtime: Runtime, ground: Ticking) -> dict[str, float]:
    """What has not come back, as differences; other things that the process does get time to end."""
    for _ in range(10):
        after = await _held(runtime, ground)
        differences = {name: after[name] - figure for name, figure in before.items()}
        grown = {name: more for name, more in differences.items() if more > MAY_GROW.get(name, 0)}
        if not grown:
            break
    return grown


async def _held(runtime: Runtime, ground: Ticking) -> dict[str, float]:
    """What is held now, when everything had time to end."""
    for _ in range(3):
        await asyncio.sleep(0.2)
        gc.collect()
    names = [task.get_name() for task in asyncio.all_tasks()]
    process = psutil.Process(os.getpid())
    return {
        "tasks": len(names),
        "files": process.num_fds(),
        "valkey": await _connections(runtime.bus),
        "sockets": ground.sockets.open_count,
        "groups": ground.shared.group_count,
        "listeners": ground.bell.listener_count,
        "guards": sum(name == "guard" for name in names),
        "objects": sum(type(one) in OURS for one in gc.get_objects()),
        "mib": process.memory_info().rss / 2**20,
    }


async def _connections(bus: "Redis") -> int:
    """How many the test's own pool has open."""
    return len(bus.connection_pool._in_use_connections) + len(
        bus.connection_pool._available_connections
    )
