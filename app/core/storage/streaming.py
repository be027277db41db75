"""Handing an async stream of bytes to the storage library so that a broken upload is cleaned up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable


class BrokenOffError(Exception):
    """The stream ended before its time, because whoever waited for it was cancelled."""


class _Source:
    """An iterator that can be made to fail from outside, even while it waits for bytes."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._reading: asyncio.Future[bytes] | None = None
        self._broken = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._broken:
            raise BrokenOffError
        self._reading = asyncio.ensure_future(anext(self._chunks))
        try:
            return await self._reading
        except asyncio.CancelledError:
            raise BrokenOffError from None

    def break_off(self) -> None:
        self._broken = True
        if self._reading is not None:
            self._reading.cancel()


async def feed(
    chunks: AsyncIterator[bytes], consume: Callable[[AsyncIterator[bytes]], Awaitable[object]]
) -> None:
    """Await `consume(chunks)`; when cancelled, first let `consume` fail and clean up.

    The library drops an upload that is cancelled from outside: its parts stay in the bucket. An
    upload whose source raises, it aborts.
    """
    source = _Source(chunks)
    upload = asyncio.ensure_future(consume(source))
    try:
        await asyncio.shield(upload)
    except asyncio.CancelledError:
        source.break_off()
        await asyncio.wait([upload])
        upload.exception()
        raise
