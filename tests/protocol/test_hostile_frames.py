"""A table of hostile frames: each has its answer at once, and nobody else feels it."""

import asyncio
import gc
import os
import time
from collections.abc import AsyncGenerator
from typing import Any

import orjson
import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from schema.codes import Code
from tests.client import Api
from tests.protocol.frank import Frank
from tests.protocol.hostile import DOCUMENTS, TEXTS
from tests.protocol.hostile_frames import FRAMES, Hostile
from tests.world import Person

SLOWEST_SECONDS = 0.25
MOST_MIB = 64
MOST_BYTES = 2**18
"""Of a message."""
WELL_FORMED = {"__proto__", "a query misspelt"}
"""Payloads without a document, which is an error of theirs alone."""


@pytest.fixture
def person(api: Api) -> Person:
    assert api.person is not None
    return api.person


@pytest.fixture
async def canary(server: str, person: Person) -> AsyncGenerator[Frank]:
    """Somebody whose socket must not feel it."""
    async with Frank.acknowledged(server, person) as frank:
        yield frank


def test_the_table_is_long_and_names_each_input_once() -> None:
    assert len(FRAMES) >= 100
    assert len({hostile.name for hostile in FRAMES}) == len(FRAMES)


@pytest.mark.parametrize("hostile", FRAMES, ids=str)
async def test_a_hostile_frame_gets_its_answer_and_nothing_else(
    server: str, person: Person, canary: Frank, hostile: Hostile
) -> None:
    opened = Frank.opened(server) if hostile.is_first else Frank.acknowledged(server, person)
    async with opened as frank:
        before = time.thread_time()
        for one in hostile.frames:
            await frank.raw(one)
        if hostile.close is not None:
            assert await _close_code(frank) == hostile.close
        elif hostile.error is not None:
            answer = await frank.hear()
            assert (answer["id"], answer["type"]) == ("1", "error")
            codes = {error["extensions"]["code"] for error in answer["payload"]}
            assert codes == {hostile.error}
            assert len(str(answer)) < 20_000
        if hostile.close is None:
            assert await frank.is_alive()
        assert time.thread_time() - before < SLOWEST_SECONDS
    assert await canary.is_alive()


async def _close_code(frank: Frank) -> int | None:
    """With which code the server closes; what it answers before that is passed over."""
    try:
        while True:
            await frank.hear()
    except ConnectionClosed:
        return frank.connection.close_code


async def test_all_of_them_at_once_cost_no_memory_and_no_other_socket(
    server: str, person: Person, canary: Frank
) -> None:
    process = psutil.Process(os.getpid())
    before = process.memory_info().rss
    throwing = asyncio.gather(*(_throw(server, person, hostile) for hostile in FRAMES))
    while not throwing.done():
        assert await canary.is_alive()
        await asyncio.sleep(0.06)
    await throwing
    assert (process.memory_info().rss - before) / 2**20 < MOST_MIB


async def _throw(server: str, person: Person, hostile: Hostile) -> None:
    opened = Frank.opened(server) if hostile.is_first else Frank.acknowledged(server, person)
    async with opened as frank:
        try:
            for one in hostile.frames:
                await frank.raw(one)
            await asyncio.wait_for(frank.connection.recv(), 2)
        except (ConnectionClosed, TimeoutError):
            return


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_hostile_document_gets_a_quick_and_civil_answer(
    server: str, person: Person, canary: Frank, name: str
) -> None:
    frame = orjson.dumps({"id": "1", "type": "subscribe", "payload": DOCUMENTS[name]()}).decode()
    async with Frank.acknowledged(server, person) as frank:
        gc.collect()
        before = time.thread_time()
        await frank.raw(frame)
        if len(frame) > MOST_BYTES:
            assert await _close_code(frank) == 1009
        else:
            _check(await frank.hear())
        assert time.thread_time() - before < SLOWEST_SECONDS
    assert await canary.is_alive()


@pytest.mark.parametrize("name", TEXTS)
async def test_a_hostile_payload_closes_the_socket_at_once(
    server: str, person: Person, canary: Frank, name: str
) -> None:
    frame = b'{"id":"1","type":"subscribe","payload":%s}' % TEXTS[name]()
    async with Frank.acknowledged(server, person) as frank:
        before = time.thread_time()
        await frank.connection.send(frame, text=True)
        if name in WELL_FORMED:
            assert (await frank.hear())["type"] == "error"
        else:
            assert await _close_code(frank) in {1007, 1009, 4400}
        assert time.thread_time() - before < SLOWEST_SECONDS
    assert await canary.is_alive()


def _check(answer: Any) -> None:
    """It is about this operation, and the fault is not ours."""
    assert answer["id"] == "1"
    payload = answer["payload"]
    errors = payload if answer["type"] == "error" else payload.get("errors", [])
    assert len(errors) <= 20
    assert len(str(answer)) < 50_000
    for error in errors:
        assert len(error["message"]) <= 500
        assert error["extensions"]["code"] in set(Code) - {Code.INTERNAL}
