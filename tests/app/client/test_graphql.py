"""The client's GraphQL: answers, refusals, and streams that outlive their connections."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import orjson
import pytest
from websockets.asyncio.server import ServerConnection, serve

from app.client import graphql
from app.client.graphql import Api, ApiError

DOCUMENT = "subscription ($after: EventCursor) { events(after: $after) { cursor } }"


def answering(status: int, content: Any) -> Api:
    """A client of a server that always answers this."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        return httpx2.Response(status, content=body)

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    return Api(http, "http://labelgraph.test", "lg_token")


async def test_an_answer_is_its_data():
    assert await answering(200, {"data": {"me": None}}).ask("{ me { id } }") == {"me": None}


@pytest.mark.parametrize(
    ("status", "content", "sentence"),
    [
        (200, {"errors": [{"message": "No."}, {"message": "Never."}]}, "No. Never."),
        (502, b"<html>bad gateway", "answered 502, not GraphQL"),
    ],
)
async def test_what_is_no_answer_is_an_error_with_its_reason(status, content, sentence):
    with pytest.raises(ApiError, match=sentence):
        await answering(status, content).ask("{ me { id } }")


async def test_a_refused_change_names_the_member_at_fault():
    errors = [{"message": "Too long.", "field": ["items", "0", "fileName"]}]
    api = answering(200, {"data": {"createUploads": {"userErrors": errors}}})
    with pytest.raises(ApiError, match=r"items\.0\.fileName: Too long\."):
        await api.change("mutation { … }")


@asynccontextmanager
async def streaming(
    *connections: Callable[[ServerConnection, dict[str, Any]], Any],
) -> AsyncGenerator[Api]:
    """A server that treats its first connection by the first function, and so on."""
    waiting = list(connections)

    async def handle(socket: ServerConnection) -> None:
        init = orjson.loads(await socket.recv())
        assert init == {"type": "connection_init", "payload": {"Authorization": "Bearer lg_token"}}
        await socket.send('{"type": "connection_ack"}')
        await waiting.pop(0)(socket, orjson.loads(await socket.recv())["payload"]["variables"])

    async with serve(handle, "127.0.0.1", 0, subprotocols=[graphql.PROTOCOL]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with httpx2.AsyncClient() as http:
            yield Api(http, f"http://127.0.0.1:{port}", "lg_token")


async def send(socket: ServerConnection, cursor: str) -> None:
    """One event."""
    data = {"events": {"cursor": cursor}}
    await socket.send(orjson.dumps({"type": "next", "id": "1", "payload": {"data": data}}).decode())


async def test_a_stream_goes_on_behind_its_last_event_when_the_server_restarts(monkeypatch):
    monkeypatch.setattr(graphql, "PAUSE_SECONDS", 0.0)

    async def first(socket: ServerConnection, variables: dict[str, Any]) -> None:
        assert variables == {}
        await socket.send('{"type": "ping"}')
        assert orjson.loads(await socket.recv()) == {"type": "pong"}
        await send(socket, "a")
        await send(socket, "b")
        await socket.close(1012)

    async def second(socket: ServerConnection, variables: dict[str, Any]) -> None:
        assert variables == {"after": "b"}
        await send(socket, "c")
        await socket.send('{"type": "complete", "id": "1"}')

    async with streaming(first, second) as api:
        assert [event["cursor"] async for event in api.follow(DOCUMENT)] == ["a", "b", "c"]


async def test_a_stream_that_is_refused_is_not_tried_again():
    async def refuse(socket: ServerConnection, _: dict[str, Any]) -> None:
        await socket.close(4403, "Forbidden")

    async with streaming(refuse) as api:
        with pytest.raises(ApiError, match="Forbidden"):
            [event async for event in api.follow(DOCUMENT)]


async def test_errors_of_a_stream_are_told():
    async def fail(socket: ServerConnection, _: dict[str, Any]) -> None:
        await socket.send('{"type": "error", "id": "1", "payload": [{"message": "No such job."}]}')

    async with streaming(fail) as api:
        with pytest.raises(ApiError, match=r"No such job\."):
            [event async for event in api.follow(DOCUMENT)]
