"""Many subscribers in one process, who count what they hear."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from benchmarks import questions
from benchmarks.shelf import Shelf

AT_ONCE = 8
"""Connections that are opened together."""
PATIENCE_SECONDS = 120.0


@dataclass(slots=True)
class Audience:
    """Open sockets; `last` is the newest message that any of them was sent."""

    sockets: list[ClientConnection] = field(default_factory=list)
    last: str = ""
    _mark: str = ""
    _missing: int = 0
    _complete: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def gathered(
        cls, port: int, count: int, shelf: Shelf, *, is_greeted: bool
    ) -> AsyncGenerator["Audience"]:
        """So many subscribers to the shelf's job, each on a socket of its own, who have heard its state.

        Without greeting nobody answers them before the first event.
        """
        audience, gate = cls(), asyncio.Semaphore(AT_ONCE)
        audience.expect("", count)
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(audience._open(port, shelf, gate, is_greeted=is_greeted))
        readers = [asyncio.create_task(audience._read(socket)) for socket in audience.sockets]
        try:
            if is_greeted:
                await audience.complete()
            yield audience
        finally:
            await asyncio.gather(*(socket.close() for socket in audience.sockets))
            await asyncio.gather(*readers)

    def expect(self, mark: str, count: int = 0) -> None:
        """From now on: one message for each of them, with `mark` in it."""
        self._mark, self._missing = mark, count or len(self.sockets)
        self._complete.clear()

    async def complete(self) -> None:
        """Wait until everyone has heard it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._complete.wait()

    async def _open(
        self, port: int, shelf: Shelf, gate: asyncio.Semaphore, *, is_greeted: bool
    ) -> None:
        async with gate:
            socket = await connect(
                f"ws://127.0.0.1:{port}/graphql",
                subprotocols=[Subprotocol("graphql-transport-ws")],
                compression=None,
                ping_interval=None,
                open_timeout=PATIENCE_SECONDS,
            )
            self.sockets.append(socket)
            if is_greeted:
                await _send(socket, type="connection_init", payload=questions.bearer(shelf))
                answer = orjson.loads(await socket.recv())
                assert answer["type"] == "connection_ack", answer
                await _send(socket, id="1", type="subscribe", payload=questions.progress(shelf))

    async def _read(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for text in socket:
                assert isinstance(text, str), "everybody speaks in text frames"
                if '"next"' in text:
                    self._hear(text)

    def _hear(self, text: str) -> None:
        assert self._mark in text, f"{text} and not {self._mark}"
        assert self._missing > 0, f"twice: {text}"
        self.last = text
        self._missing -= 1
        if not self._missing:
            self._complete.set()


async def _send(socket: ClientConnection, **message: object) -> None:
    await socket.send(orjson.dumps(message).decode())
