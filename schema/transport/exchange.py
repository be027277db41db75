"""One HTTP request, and the way back to its client."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from starlette.types import Scope, Send

from app.core.clock import new_id
from app.core.telemetry import REQUEST_ID
from schema.codes import Code
from schema.context import Reply
from schema.execution.request import Error
from schema.transport import negotiation
from schema.transport.negotiation import MediaType

METHODS = "GET, POST, OPTIONS"

Headers = Iterable[tuple[bytes, bytes]]

_CONTENT_TYPES = {
    MediaType.JSON: b"application/json; charset=utf-8",
    MediaType.GRAPHQL: b"application/graphql-response+json; charset=utf-8",
    MediaType.EVENTS: b"text/event-stream; charset=utf-8",
    MediaType.MIXED: b'multipart/mixed; boundary="-"',
}
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_PRIVATE = (b"cache-control", b"no-store")


class Rejected(Exception):
    """HTTP's own refusal, before GraphQL has its say."""

    def __init__(self, status: int, code: Code, message: str, headers: Headers = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


class Exchange:
    """What was asked by the headers, and the ways to answer. `reply` holds headers that resolvers have set."""

    __slots__ = ("_send", "accepted", "has_begun", "headers", "reply", "request_id", "scope")

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope = scope
        self.headers = _by_name(scope["headers"])
        self.accepted = negotiation.accepted(self.headers.get(b"accept"))
        self.request_id: str = scope.get(REQUEST_ID) or new_id().hex
        self.reply = Reply()
        self.has_begun = False
        self._send = send

    @property
    def method(self) -> str:
        """GET, POST …"""
        method: str = self.scope["method"]
        return method

    async def answer(
        self, status: int, body: bytes, media_type: MediaType, headers: Headers = ()
    ) -> None:
        """The whole answer at once."""
        length = (b"content-length", str(len(body)).encode())
        await self._begin(status, media_type, (length, *headers))
        await self._send({"type": "http.response.body", "body": body})

    async def tell(
        self,
        status: int,
        errors: Sequence[Error],
        media_type: MediaType,
        headers: Headers = (),
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        """An answer without data."""
        told: dict[str, Any] = {"errors": errors}
        if extensions:
            told["extensions"] = extensions
        await self.answer(status, orjson.dumps(told), media_type, headers)

    async def begin_stream(self, media_type: MediaType) -> None:
        """The head of an answer that comes in pieces, which proxies must not hold back."""
        await self._begin(200, media_type, ((b"x-accel-buffering", b"no"),))

    async def write(self, piece: bytes) -> None:
        """A piece of a stream."""
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end_stream(self, piece: bytes) -> None:
        """The last piece of a stream."""
        await self._send({"type": "http.response.body", "body": piece})

    async def allow(self) -> None:
        """The answer to OPTIONS."""
        headers = [(b"allow", METHODS.encode()), (b"accept-post", b"application/json")]
        await self._send({"type": "http.response.start", "status": 204, "headers": headers})
        await self._send({"type": "http.response.body", "body": b""})

    async def _begin(self, status: int, media_type: MediaType, headers: Headers) -> None:
        self.has_begun = True
        head: list[Any] = [(b"content-type", _CONTENT_TYPES[media_type]), _NOSNIFF, _PRIVATE]
        head += headers
        head += self.reply.headers.raw
        await self._send({"type": "http.response.start", "status": status, "headers": head})


def _by_name(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers by their names in lower case; those that were sent several times as one list."""
    named = dict(headers)
    if len(named) < len(headers):
        named.clear()
        for name, value in headers:
            named[name] = named[name] + b", " + value if name in named else value
    return named
