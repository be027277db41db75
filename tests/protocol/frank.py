"""A client of graphql-transport-ws that says whatever it is told to."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.world import Person

PROTOCOL = "graphql-transport-ws"
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Frank:
    """One connection."""

    connection: ClientConnection

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, *protocols: str, **headers: str) -> AsyncGenerator["Frank"]:
        """A connection that has said nothing yet; without `protocols`, with the right one."""
        offered = [Subprotocol(one) for one in protocols or (PROTOCOL,)]
        address = f"{url.replace('http', 'ws')}/graphql"
        async with connect(
            address, subprotocols=offered, additional_headers=headers, max_size=None
        ) as connection:
            yield cls(connection)

    @classmethod
    @asynccontextmanager
    async def acknowledged(cls, url: str, person: Person | None) -> AsyncGenerator["Frank"]:
        """A connection that the server has acknowledged."""
        async with cls.opened(url) as frank:
            token = {"Authorization": f"Bearer {person.token}"} if person else {}
            await frank.say(type="connection_init", payload=token)
            assert await frank.hear() == {"type": "connection_ack"}
            yield frank

    async def say(self, **message: Any) -> None:
        """A message."""
        await self.raw(orjson.dumps(message).decode())

    async def raw(self, frame: str | bytes) -> None:
        """A frame."""
        await self.connection.send(frame)

    async def subscribe(self, operation_id: str, query: str | None = None, **payload: Any) -> None:
        """Begin an operation."""
        payload |= {"query": query} if query is not None else {}
        await self.say(id=operation_id, type="subscribe", payload=payload)

    async def hear(self) -> Any:
        """The next message. Raises websockets' ConnectionClosed."""
        return orjson.loads(await asyncio.wait_for(self.connection.recv(), PATIENCE_SECONDS))

    async def closed(self) -> int | None:
        """Wait until the server closes the socket; its code."""
        await asyncio.wait_for(self.connection.wait_closed(), PATIENCE_SECONDS)
        return self.connection.close_code

    async def is_alive(self) -> bool:
        """Whether the server still answers."""
        await self.say(type="ping", payload={"still": "there"})
        return bool(await self.hear() == {"type": "pong", "payload": {"still": "there"}})
