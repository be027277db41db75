"""WebSockets below the protocol that is spoken on them: limits, signs of life, a short way out, and an end."""

import socket
from asyncio import BaseTransport
from struct import Struct
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

LINE = "line"
"""Where a scope's `state` holds the line below a socket."""
UNSENT_BYTES = 32 * 2**10
"""What the system may hold of a socket's messages beyond what is on its way."""
NOTSENT_LOWAT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)
FINAL_TEXT = 0x81
_SHORT, _LONG = Struct("!BBH"), Struct("!BBQ")
PING_SECONDS = 20.0
"""Between pings, and how long a pong may take."""


class Line(WebSocketsSansIOProtocol):
    """One connection, which its application may also use directly."""

    def connection_made(self, transport: BaseTransport) -> None:
        """A client is there."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, LINE: self}
        line: socket.socket = transport.get_extra_info("socket")
        if line.family in {socket.AF_INET, socket.AF_INET6} and NOTSENT_LOWAT is not None:
            # else megabytes wait where we see neither their age nor whether the client takes any
            line.setsockopt(socket.IPPROTO_TCP, NOTSENT_LOWAT, UNSENT_BYTES)

    def say(self, frame: bytes) -> bool:
        """Send a text frame now, without a task that waits; False if it has to wait, or the end has come.

        For what goes to hundreds of sockets at once: it halves what a message costs.
        """
        if not self.writable.is_set() or self.conn.state is not State.OPEN:
            return False
        self.transport.write(head(len(frame)) + frame)
        return True

    def hang_up(self) -> None:
        """End the connection, if it has not ended; what the client has not taken yet is lost."""
        if not self.disconnected:
            self.transport.abort()

    @property
    def unsent_bytes(self) -> int:
        """What the client has not taken, beyond what the system holds for it."""
        return self.transport.get_write_buffer_size()


def head(length: int) -> bytes:
    """What stands before a text frame that is sent whole by a server (RFC 6455, 5.2)."""
    if length < 126:
        return bytes((FINAL_TEXT, length))
    if length < 1 << 16:
        return _SHORT.pack(FINAL_TEXT, 126, length)
    return _LONG.pack(FINAL_TEXT, 127, length)


def options(message_bytes: int) -> dict[str, Any]:
    """What uvicorn is told of WebSockets whose messages have at most so many bytes.

    They are not compressed: each socket would need memory and time of its own to pack what all are sent alike.
    """
    return {
        "ws": Line,
        "ws_max_size": message_bytes,
        "ws_ping_interval": PING_SECONDS,
        "ws_ping_timeout": PING_SECONDS,
        "ws_per_message_deflate": False,
    }
