"""Server-sent events as graphql-sse's distinct connections have them: one request, one stream.

Each result is an event `next`, with the cursor of a subscription's event as its id, and `complete` ends the
stream. Lines end with a bare LF: not every client splits at CRLF.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager

import orjson

from schema.execution.operation import Event
from schema.execution.request import Error, Refusal
from schema.transport.exchange import Exchange
from schema.transport.negotiation import MediaType

BEAT_SECONDS = 12.0
"""Between signs of life, which keep proxies from closing a quiet stream."""
BEAT = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"


def frame(body: bytes, cursor: str | None = None) -> bytes:
    """One result."""
    place = b"id: %s\n" % cursor.encode() if cursor else b""
    return b"event: next\n%sdata: %s\n\n" % (place, body)


def told(errors: Sequence[Error]) -> bytes:
    """Errors without data."""
    return frame(orjson.dumps({"errors": errors}))


async def follow(exchange: Exchange, events: AsyncGenerator[Event]) -> None:
    """Write what comes, until it is over."""
    await exchange.begin_stream(MediaType.EVENTS)
    async with _beating(exchange), aclosing(events):
        try:
            async for event in events:
                await exchange.write(frame(event.body, event.cursor))
        except Refusal as refusal:
            await exchange.write(told(refusal.errors))


@asynccontextmanager
async def _beating(exchange: Exchange) -> AsyncGenerator[None]:
    task = asyncio.create_task(_beat(exchange), name="heartbeat")
    try:
        yield
    finally:
        task.cancel()


async def _beat(exchange: Exchange) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        await exchange.write(BEAT)
