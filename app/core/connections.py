"""HTTP connections below ASGI: what uvicorn leaves open for ever, and takes without limit, ends here."""

from asyncio import BaseTransport, TimerHandle
from collections.abc import Callable
from http import HTTPStatus

import orjson
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core import clock

HEAD_SECONDS = 10.0
"""For the head of a request, from its first byte; for the first one, from the start of the connection."""
REST_SECONDS = 5.0
"""For the rest of a body that was answered before it was all there."""
STALL_SECONDS = 10.0
"""How long a client may take nothing of what is sent."""
HEAD_BYTES = 32 * 1024
MOST_FIELDS = 100


class Connection(HttpToolsProtocol):
    """One connection, with deadlines for its client and limits for heads."""

    def connection_made(self, transport: BaseTransport) -> None:
        """A client is there, and has to say what it wants."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._timers: dict[Callable[[], None], TimerHandle] = {}
        self._is_in_head = True
        self._is_in_body = False
        self._head_bytes = self._incoming_bytes = 0
        self._expect(HEAD_SECONDS, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come; a head or a rest that is not all there yet gets its deadline."""
        self._incoming_bytes = len(data)
        super().data_received(data)
        if self._is_in_head:
            self._head_bytes += len(data)
            self._expect(HEAD_SECONDS, self._head_is_late)
            if self._head_bytes > HEAD_BYTES:
                self._hang_up(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._is_in_body and self.cycle is not None and self.cycle.response_complete:
            self._expect(REST_SECONDS, self._rest_is_late)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there: hand it to the application, or refuse it."""
        self._is_in_head, self._is_in_body = False, True
        most = self._head_bytes + self._incoming_bytes
        is_large = most > HEAD_BYTES and self._size() > HEAD_BYTES
        self._head_bytes = 0
        self._met(self._head_is_late)
        if is_large or len(self.headers) > MOST_FIELDS:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif len(dict(self.headers)) < len(self.headers) and self._host_count() > 1:
            self._refuse(HTTPStatus.BAD_REQUEST)
        else:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is there."""
        self._is_in_body = False
        self._met(self._rest_is_late)
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The client does not take what is sent."""
        super().pause_writing()
        self._expect(STALL_SECONDS, self._has_stalled)

    def resume_writing(self) -> None:
        """It does again."""
        self._met(self._has_stalled)
        super().resume_writing()

    def _expect(self, seconds: float, late: Callable[[], None]) -> None:
        """Call `late` after so many seconds, unless what it waits for is met."""
        if late not in self._timers:
            self._timers[late] = self.loop.call_later(seconds, late)

    def _met(self, late: Callable[[], None]) -> None:
        timer = self._timers.pop(late, None)
        if timer is not None:
            timer.cancel()

    def _head_is_late(self) -> None:
        if self._head_bytes:
            self._hang_up(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()  # it has not asked anything

    def _rest_is_late(self) -> None:
        self.transport.abort()

    def _has_stalled(self) -> None:
        """End it at once: what is still to be sent would never go."""
        self.transport.abort()

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _host_count(self) -> int:
        return sum(name == b"host" for name, _ in self.headers)

    def _refuse(self, status: HTTPStatus) -> None:
        """Let a small application answer in the place of ours."""
        application, self.app = self.app, _Refusal(status)
        try:
            super().on_headers_complete()
        finally:
            self.app = application

    def _hang_up(self, status: HTTPStatus) -> None:
        """Say why, and close: there is no request that an application could answer."""
        body = _told(status)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        if not self.transport.is_closing():
            self.transport.write(head.encode() + body)
            self.transport.close()


class _Refusal:
    """Answers a status, whatever was asked, and closes the connection."""

    def __init__(self, status: HTTPStatus) -> None:
        self._status = status

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        body = _told(self._status)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        start = {"type": "http.response.start", "status": self._status.value, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})


_SENTENCES = {
    HTTPStatus.REQUEST_TIMEOUT: "The head of the request did not come in time.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        f"The head of a request has at most {HEAD_BYTES:,} bytes and {MOST_FIELDS} fields."
    ),
    HTTPStatus.BAD_REQUEST: "A request has one Host.",
}


def _told(status: HTTPStatus) -> bytes:
    code = "TIMEOUT" if status is HTTPStatus.REQUEST_TIMEOUT else "BAD_REQUEST"
    extensions = {
        "code": code,
        "retryable": code == "TIMEOUT",
        "requestId": clock.new_id().hex,
    }
    return orjson.dumps({"errors": [{"message": _SENTENCES[status], "extensions": extensions}]})
