"""The client of the contests: HTTP/1.1 on a connection that stays open, and next to nothing else.

A client with more comfort would take as long as the servers, and hide what lies between them.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import orjson


class Line(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._body_begin = 0
        self._end = 0
        self._answer: asyncio.Future[bytes] | None = None

    @classmethod
    async def opened(cls, port: int) -> "Line":
        """A connection to a server of this machine."""
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(cls, "127.0.0.1", port)
        return line

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def ask(self, request: bytes) -> "asyncio.Future[bytes]":
        """Send a whole request; the body of its answer. Raises ValueError if that is no 200."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop says so."""
        self._transport = cast(
            "asyncio.Transport", transport
        )  # uvloop's is one by its methods only

    def connection_lost(self, exc: Exception | None) -> None:
        """The server has hung up, or we have."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(str(exc)))

    def data_received(self, data: bytes) -> None:
        """Wait for the end of the body, whose length stands in the head."""
        self._received += data
        if not self._end and (head := self._received.find(b"\r\n\r\n")) >= 0:
            self._body_begin = head + 4
            self._end = self._body_begin + _length(bytes(self._received[:head]))
        if self._end and len(self._received) >= self._end:
            self._done()

    def _done(self) -> None:
        head, body = self._received[:13], bytes(self._received[self._body_begin : self._end])
        self._received.clear()
        self._end = 0
        assert self._answer is not None
        if head.startswith(b"HTTP/1.1 200"):
            self._answer.set_result(body)
        else:
            self._answer.set_exception(ValueError(f"{head!r} {body[:1000]!r}"))


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError(f"an answer without a length: {head!r}")


def post(path: str, content: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
    """A POST of JSON, as it goes over the wire."""
    return raw_post(path, orjson.dumps(content), headers)


def raw_post(path: str, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """A POST of a body that is JSON already."""
    told = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body
