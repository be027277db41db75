"""Watches over a request: its body must not come too slowly, and its work ends when the client leaves."""

import asyncio
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from starlette.types import Message, Receive

GRACE_SECONDS = 5.0
"""A body may take so long at any rate, and as much longer as it has bytes at LEAST_RATE."""
LEAST_RATE = 1024
"""Bytes a second."""
QUICK_SECONDS = 0.1
"""What is answered within this time is not watched at all."""


class ClientGone(Exception):
    """The client has left; there is nobody to answer."""


class BodyTooSlow(Exception):
    """The body came at less than LEAST_RATE."""


class BodyTooLarge(Exception):
    """The body is over the limit."""


class Vigil:
    """`with Vigil(receive) as vigil:` holds for the task that serves the request.

    The block raises what ended it: BodyTooSlow, ClientGone, or what was given to `stop`. It must be over
    before the last of the answer is sent, since servers report the end of an answer as they do a client's leaving.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._has_body = asyncio.Event()
        self._size = 0
        self._task = asyncio.current_task()
        self._watch: asyncio.Task[None] | None = None
        self._cause: Exception | None = None

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        # one timer instead of a task: most requests are over before it rings
        self._timer = loop.call_later(QUICK_SECONDS, self._begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if self._cause is not None and self._task is not None:
            is_ours = self._task.uncancel() == 0
            if is_ours and kind is not None and issubclass(kind, asyncio.CancelledError):
                raise self._cause from None

    async def body(self, limit: int) -> bytes:
        """The whole body. Raises BodyTooLarge as soon as it is over the limit, ClientGone if it breaks off."""
        parts: list[bytes] = []
        while True:
            message: Message = await self._receive()
            if message["type"] != "http.request":
                raise ClientGone
            parts.append(message.get("body", b""))
            self._size += len(parts[-1])
            if self._size > limit:
                raise BodyTooLarge
            if not message.get("more_body", False):
                self._has_body.set()
                return b"".join(parts)

    def no_body(self) -> None:
        """Say that there is none to read: what comes now can only be that the client leaves."""
        self._has_body.set()

    def stop(self, cause: Exception) -> None:
        """End the block with `cause`, whatever it waits for."""
        if self._cause is None and self._task is not None:
            self._cause = cause
            self._task.cancel()

    def _begin(self) -> None:
        self._watch = asyncio.create_task(self._watching(), name="vigil")

    async def _watching(self) -> None:
        deadline = time.monotonic() - QUICK_SECONDS + GRACE_SECONDS
        while not self._has_body.is_set():
            left = deadline + self._size / LEAST_RATE - time.monotonic()
            if left <= 0:
                self.stop(BodyTooSlow())
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._has_body.wait()
        while (await self._receive())["type"] == "http.request":
            pass  # a body where none was announced
        self.stop(ClientGone())
