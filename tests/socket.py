"""Speaks graphql-transport-ws to a running server, as a browser or a script would."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.world import Person

PATIENCE_SECONDS = 30.0
"""How long a test waits for a message before it fails."""


@dataclass(slots=True)
class Stream:
    """One operation on a socket: iterate over the data of its answers. An error in one fails the test."""

    id: str
    socket: "Socket"
    _messages: "asyncio.Queue[dict[str, Any] | None]" = field(default_factory=asyncio.Queue)

    def put(self, message: dict[str, Any] | None) -> None:
        """What the server sent; None once the connection is closed."""
        self._messages.put_nowait(message)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> dict[str, Any]:
        message = await self._next()
        if message["type"] == "complete":
            raise StopAsyncIteration
        payload = message["payload"]
        assert message["type"] == "next", payload
        assert "errors" not in payload, payload["errors"]
        data: dict[str, Any] = payload["data"]
        return data

    async def errors(self) -> list[dict[str, Any]]:
        """The errors of the next answer; the test fails if it has none."""
        message = await self._next()
        payload = message["payload"]
        found: list[dict[str, Any]] = payload if message["type"] == "error" else payload["errors"]
        assert found, message
        return found

    async def first_errors(self) -> list[dict[str, Any]]:
        """The errors of the first answer that has any; the test fails if the stream completes before."""
        while True:
            message = await self._next()
            assert message["type"] != "complete", "the stream ended without an error"
            payload = message["payload"]
            found = payload if message["type"] == "error" else payload.get("errors")
            if found:
                return list(found)

    async def end(self) -> None:
        """Want no more answers."""
        await self.socket.send({"type": "complete", "id": self.id})

    async def _next(self) -> dict[str, Any]:
        message = await asyncio.wait_for(self._messages.get(), PATIENCE_SECONDS)
        if message is None:
            self._messages.put_nowait(None)
            raise ConnectionError(f"The server closed the socket with {self.socket.close_code}.")
        return message


@dataclass(slots=True)
class Socket:
    """A connection that the server has acknowledged."""

    connection: ClientConnection
    _streams: dict[str, Stream] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        url: str,
        person: Person | None,
        *,
        payload: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator["Socket"]:
        """A socket on `url` (`ws://…/graphql`) with this person's token, or with another `connection_init`.

        Raises websockets' ConnectionClosed, with its code, if the server refuses it.
        """
        token = {"Authorization": f"Bearer {person.token}"} if person else {}
        protocol = [Subprotocol("graphql-transport-ws")]
        async with connect(url, subprotocols=protocol, additional_headers=headers) as connection:
            socket = cls(connection)
            await socket.send({"type": "connection_init", "payload": dict(payload or token)})
            answer = orjson.loads(await asyncio.wait_for(connection.recv(), PATIENCE_SECONDS))
            assert answer["type"] == "connection_ack", answer
            reader = asyncio.create_task(socket._read())
            try:
                yield socket
            finally:
                reader.cancel()
                with suppress(asyncio.CancelledError):
                    await reader

    @property
    def close_code(self) -> int | None:
        """The code with which the socket was closed; None while it is open."""
        return self.connection.close_code

    async def send(self, message: Mapping[str, Any]) -> None:
        """One message as it is."""
        await self.connection.send(orjson.dumps(message).decode())

    async def subscribe(self, document: str, **variables: Any) -> Stream:
        """Send any operation; the stream gives its answers from the first one on."""
        return await self.subscribe_to({"query": document, "variables": variables})

    async def subscribe_to(self, payload: Mapping[str, Any]) -> Stream:
        """The same with any payload."""
        stream = Stream(str(len(self._streams) + 1), self)
        self._streams[stream.id] = stream
        await self.send({"type": "subscribe", "id": stream.id, "payload": payload})
        return stream

    async def closed(self) -> int | None:
        """Wait until the server closes the socket; its code."""
        await asyncio.wait_for(self.connection.wait_closed(), PATIENCE_SECONDS)
        return self.close_code

    async def _read(self) -> None:
        """Hand each message to its stream, until the connection ends."""
        with suppress(ConnectionClosed):
            async for text in self.connection:
                assert isinstance(text, str), "graphql-transport-ws speaks in text frames"
                message = orjson.loads(text)
                if "id" in message:
                    self._streams[message["id"]].put(message)
        for stream in self._streams.values():
            stream.put(None)


Open = Callable[..., AbstractAsyncContextManager[Socket]]
"""What the fixture `open_socket` is: arguments as of `Socket.opened`, without the URL."""
