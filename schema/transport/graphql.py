"""GraphQL over HTTP and WebSocket by Strawberry's stock view, with our credentials in front of it."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any, cast

import orjson
import strawberry
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from app.accounts import authentication, signatures
from app.accounts.authentication import Authenticator
from app.accounts.sessions import Sessions
from app.core.clock import new_id
from app.core.errors import Unauthenticated
from app.core.runtime import Runtime
from schema.context import Context
from schema.transport.guard import close_in_time

BODY_LIMIT = 12 * 1024 * 1024
"""Bytes: a metadata document may have 10 MiB."""


class BodyTooLarge(Exception):
    """The body is over BODY_LIMIT."""


class Endpoint(GraphQL[Context, None]):
    """`/graphql`: signs requests in, makes a context for each, and answers in coded JSON."""

    def __init__(
        self,
        schema: strawberry.Schema,
        runtime: Runtime,
        authenticator: Authenticator,
        sessions: Sessions,
    ) -> None:
        super().__init__(
            schema,
            allow_queries_via_get=False,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            allowed_origins=sorted(authenticator.origins),
        )
        self._runtime = runtime
        self._authenticator = authenticator
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sign an HTTP request in before the operation is looked at; a WebSocket does so by itself."""
        scope.setdefault("labelgraph.request_id", new_id().hex)
        if scope["type"] != "http":
            await self._serve_socket(scope, receive, send)
            return
        try:
            body = await _read(receive)
            scope["labelgraph.actor"] = await self._authenticator.of_request(_proof(scope, body))
        except BodyTooLarge:
            message = f"The body is over {BODY_LIMIT:,} bytes; upload large documents instead."
            await _refusal(scope, 413, "BAD_REQUEST", message)(scope, receive, send)
        except Unauthenticated as error:
            await _refusal(scope, 401, "UNAUTHENTICATED", str(error))(scope, receive, send)
        else:
            await super().__call__(scope, _replay(body, receive), send)

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if "labelgraph.guard" in scope:
                scope["labelgraph.guard"].cancel()

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        """A context for one HTTP request, or for one socket until it has said who it is."""
        return Context(
            runtime=self._runtime,
            sessions=self._sessions,
            request=request,
            response=response if isinstance(response, Response) else None,
            credentials=request.scope.get("labelgraph.actor"),
            request_id=request.scope["labelgraph.request_id"],
        )

    async def on_ws_connect(self, context: Context) -> dict[str, object] | None:
        """Sign a socket in by its `connection_init`, its handshake or its cookie; else close it with 4403."""
        assert context.request is not None  # noqa: S101  sockets always have one
        scope = context.request.scope
        try:
            context.credentials = await self._authenticator.of_socket(
                scope["headers"], _target(scope), context.connection_params or {}
            )
        except Unauthenticated as error:
            raise ConnectionRejectionError({"message": str(error)}) from error
        if context.credentials is not None:
            guard = close_in_time(
                cast("WebSocket", context.request),
                context.credentials,
                self._runtime.hub,
                self._authenticator,
            )
            scope["labelgraph.guard"] = asyncio.create_task(guard, name="socket guard")
        return {}

    def encode_json(self, data: object) -> str:
        """Compact JSON; as text, since bytes would go out as binary frames that browsers cannot read."""
        return orjson.dumps(data).decode()

    def decode_json(self, data: str | bytes) -> object:
        """JSON without NaN, Infinity and lone surrogates."""
        return orjson.loads(data)


def _proof(scope: Scope, body: bytes) -> authentication.Request:
    return authentication.Request(
        headers=scope["headers"],
        method=scope["method"],
        target=_target(scope),
        body_sha256=hashlib.sha256(body).digest(),
    )


def _target(scope: Scope) -> str:
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    return signatures.request_target(raw_path, scope["query_string"])


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_LIMIT:
            raise BodyTooLarge
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A channel that gives the body once more, then what really comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _refusal(scope: Mapping[str, Any], status: int, code: str, message: str) -> Response:
    extensions = {"code": code, "retryable": False, "requestId": scope["labelgraph.request_id"]}
    body = orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})
    return Response(body, status_code=status, media_type="application/json")
