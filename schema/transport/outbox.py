"""What waits to be sent on one socket, and the only task that waits to send it."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, Protocol

from starlette.types import Send

from app.core.lines import Line
from schema.transport.closing import Closing

LIMIT = 4 * 2**20
"""Bytes that may wait on one socket before events are left out."""
LONGEST_REASON = 123
"""Bytes, by RFC 6455."""
STUCK_SECONDS = 1.0
"""How long a socket that takes nothing is given to take the word of its end."""
CLOSING_SECONDS = 15.0
"""How long a client may take to hang up, too."""
LOOKS = 2
"""How often a socket is looked at before it is given up."""


class Mailbox(Protocol):
    """Frames of one operation."""

    def take(self) -> bytes | None:
        """The next frame; None: there is none any more."""

    def has_more(self) -> bool:
        """Whether there is another one."""


class Outbox:
    """Sends in turn, one frame of each operation; nothing that waits here grows without bound.

    `line` is None on a server that is not ours: then nothing goes the short way, and nobody is hung up on.
    """

    def __init__(self, send: Send, line: Line | None, patience_seconds: float) -> None:
        self._send = send
        self._line = line
        self._look_seconds = patience_seconds / LOOKS
        self._loop = asyncio.get_running_loop()
        self._ready: deque[bytes | Mailbox] = deque()
        self._told_size = 0
        self._wake: asyncio.Future[None] | None = None
        self._room = asyncio.Event()
        self._closing: dict[str, Any] | None = None
        self._is_sending = False
        self._watch: asyncio.TimerHandle | None = None
        self._seen = (0, 0)
        self._still_count = 0
        self.size = 0
        """Bytes in the mailboxes."""
        self.sent_count = 0

    @property
    def has_room(self) -> bool:
        """Whether more events may wait."""
        return self.size < LIMIT

    @property
    def is_closing(self) -> bool:
        """Whether we have said the last word."""
        return self._closing is not None

    async def room(self) -> None:
        """Wait until the client has taken enough."""
        while not self.has_room:
            self._room.clear()
            await self._room.wait()

    def say(self, frame: bytes) -> bool:
        """Send this at once, if nothing is before it and the client takes it; else False."""
        if self._line is None or self._ready or self._is_sending or self._closing is not None:
            return False
        if not self._line.say(frame):
            return False
        self.sent_count += 1
        return True

    def post(self, frame: bytes) -> None:
        """Send this. A client that makes us answer without reading the answers is given up."""
        if self.say(frame):
            return
        self._told_size += len(frame)
        if self._told_size > LIMIT:
            self.close(Closing.TRY_AGAIN_LATER, "You read too slowly.")
            return
        self.queue(frame)

    def queue(self, item: bytes | Mailbox) -> None:
        """Send this, or what is in a mailbox that is not queued yet."""
        if self._closing is None:
            self._ready.append(item)
            self._rouse()

    def close(self, code: Closing, reason: str) -> None:
        """Close the socket: now, if the client does not read, else after the word of it. Events are left out."""
        if self._closing is not None:
            return
        told = reason.encode()[:LONGEST_REASON].decode(errors="ignore")
        self._closing = {"type": "websocket.close", "code": int(code), "reason": told}
        self._ready = deque(frame for frame in self._ready if isinstance(frame, bytes))
        self._rouse()
        self._hang_up_after(STUCK_SECONDS if self._is_sending else CLOSING_SECONDS)

    async def run(self) -> None:
        """Send until the socket is closed, by us or by the client."""
        self._look()
        with suppress(OSError, RuntimeError):  # it is closed already
            while self._ready or self._closing is None:
                if self._ready:
                    await self._send_next()
                else:
                    self._wake = self._loop.create_future()
                    await self._wake
            await self._send(self._closing)

    def end(self) -> None:
        """Nobody sends any more: what the client still has to take, it takes soon or not at all."""
        if self._watch is not None:
            self._watch.cancel()
        if self._line is not None and self._line.unsent_bytes:
            self._hang_up_after(STUCK_SECONDS)

    async def _send_next(self) -> None:
        frame = self._next()
        if frame is not None:
            self._is_sending = True
            await self._send({"type": "websocket.send", "text": frame.decode()})
            self._is_sending = False
            self.sent_count += 1

    def _next(self) -> bytes | None:
        found = self._ready.popleft()
        if isinstance(found, bytes):
            self._told_size -= len(found)
            return found
        frame = found.take()
        if found.has_more():
            self._ready.append(found)
        if self.has_room:
            self._room.set()
        return frame

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _look(self) -> None:
        """Hang up if the client has taken nothing for the whole of its patience, though there was something."""
        if self._line is None:
            return
        left = self._line.unsent_bytes
        has_moved = not left or (left, self.sent_count) != self._seen
        self._still_count = 0 if has_moved else self._still_count + 1
        self._seen = (left, self.sent_count)
        if self._still_count >= LOOKS:
            self._line.hang_up()
        else:
            self._watch = self._loop.call_later(self._look_seconds, self._look)

    def _hang_up_after(self, seconds: float) -> None:
        if self._line is not None:
            self._loop.call_later(seconds, self._line.hang_up)
