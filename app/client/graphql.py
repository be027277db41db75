"""GraphQL over HTTP and WebSocket (graphql-transport-ws), with one token."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson
from websockets import Subprotocol
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

PROTOCOL = Subprotocol("graphql-transport-ws")
PAUSE_SECONDS = 1.0
MOST_FAILURES = 60
"""Attempts in a row, a pause apart, to go on with a stream of a server that is away."""


class ApiError(Exception):
    """The server did not do what was asked; the message is for people."""


@dataclass(frozen=True, slots=True)
class Api:
    """A server's API, as one user. `url` is the address without `/graphql`."""

    http: httpx2.AsyncClient
    url: str
    token: str

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data of a query. Raises ApiError for any error in the answer."""
        try:
            response = await self.http.post(
                f"{self.url}/graphql",
                content=orjson.dumps({"query": document, "variables": variables}),
                headers={
                    "Authorization": f"Bearer {self.token}",
                    "Content-Type": "application/json",
                },
            )
            answer = orjson.loads(response.content)
        except httpx2.HTTPError as error:
            raise ApiError(
                f"{self.url} cannot be reached: {error or type(error).__name__}"
            ) from error
        except ValueError as error:
            raise ApiError(
                f"{self.url}/graphql answered {response.status_code}, not GraphQL."
            ) from error
        return _data(answer)

    async def change(self, document: str, **variables: Any) -> dict[str, Any]:
        """The payload of a document's only mutation, which must select `userErrors { message field }`."""
        (payload,) = (await self.ask(document, **variables)).values()
        if payload is None:
            raise ApiError("The server answered nothing.")
        if payload["userErrors"]:
            raise ApiError(" ".join(_sentence(error) for error in payload["userErrors"]))
        found: dict[str, Any] = payload
        return found

    async def follow(self, document: str, **variables: Any) -> AsyncGenerator[dict[str, Any]]:
        """The events of a subscription that takes `$after` and whose field selects `cursor`.

        A connection that breaks is made anew, and goes on behind the last event. Raises ApiError if the server
        refuses, or stays away for a minute.
        """
        failures = 0
        while True:
            try:
                async for event in self._stream(document, variables):
                    failures = 0
                    variables["after"] = event["cursor"]
                    yield event
            except (OSError, WebSocketException) as error:
                failures += 1
                if failures > MOST_FAILURES or _is_refusal(error):
                    raise ApiError(f"{self.url} does not send progress: {error}") from error
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return

    async def _stream(
        self, document: str, variables: dict[str, Any]
    ) -> AsyncGenerator[dict[str, Any]]:
        """The events until the server completes the stream."""
        address = f"{self.url.replace('http', 'ws', 1)}/graphql"
        async with connect(address, subprotocols=[PROTOCOL], max_size=None) as socket:
            payload = {"Authorization": f"Bearer {self.token}"}
            await _send(socket, {"type": "connection_init", "payload": payload})
            await _receive(socket)  # connection_ack
            request = {"query": document, "variables": variables}
            await _send(socket, {"type": "subscribe", "id": "1", "payload": request})
            while (message := await _receive(socket))["type"] != "complete":
                if message["type"] == "error":
                    raise ApiError(" ".join(_sentence(error) for error in message["payload"]))
                if message["type"] == "next":
                    (event,) = _data(message["payload"]).values()
                    yield event


@asynccontextmanager
async def connected(url: str, token: str) -> AsyncGenerator[Api]:
    """A client of the server at this address."""
    timeout = httpx2.Timeout(30, read=120, write=120)
    async with httpx2.AsyncClient(timeout=timeout) as http:
        yield Api(http, url.rstrip("/").removesuffix("/graphql"), token)


async def _send(socket: ClientConnection, message: dict[str, Any]) -> None:
    await socket.send(orjson.dumps(message).decode())


async def _receive(socket: ClientConnection) -> dict[str, Any]:
    """The next message that is not a ping."""
    while (message := orjson.loads(await socket.recv()))["type"] == "ping":
        await _send(socket, {"type": "pong"})
    found: dict[str, Any] = message
    return found


def _is_refusal(error: Exception) -> bool:
    """Whether the server closed for our sake (4400 to 4499): it would again."""
    return (
        isinstance(error, ConnectionClosed)
        and error.rcvd is not None
        and 4400 <= error.rcvd.code < 4500
    )


def _data(answer: Any) -> dict[str, Any]:
    if answer.get("errors"):
        raise ApiError(" ".join(_sentence(error) for error in answer["errors"]))
    data: dict[str, Any] = answer["data"]
    return data


def _sentence(error: dict[str, Any]) -> str:
    """The message of an error, with the input member that it is about."""
    message: str = error["message"]
    field = error.get("field")
    return f"{'.'.join(field)}: {message}" if field else message
