"""A result in parts: what `@defer` has put off comes after the rest, as multipart/mixed or as events."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import orjson

from schema.execution.operation import OPTIONS
from schema.transport import sse
from schema.transport.exchange import Exchange
from schema.transport.negotiation import MediaType

BEGINNINGS: Mapping[MediaType, bytes] = {MediaType.MIXED: b"\r\n---", MediaType.EVENTS: b""}
ENDINGS: Mapping[MediaType, bytes] = {MediaType.MIXED: b"--\r\n", MediaType.EVENTS: sse.COMPLETE}
"""What stands around the parts."""


async def deliver(
    exchange: Exchange, media_type: MediaType, parts: AsyncGenerator[dict[str, Any]]
) -> None:
    """Write each part as soon as it is there."""
    frame = part if media_type is MediaType.MIXED else sse.frame
    async with aclosing(parts):
        async for found in parts:
            if not exchange.has_begun:
                await exchange.begin_stream(media_type)
                await exchange.write(BEGINNINGS[media_type])
            await exchange.write(frame(orjson.dumps(found, option=OPTIONS)))


def part(body: bytes) -> bytes:
    """One part of multipart/mixed, with the boundary after it: readers wait for that before they look at it."""
    head = b"Content-Type: application/json; charset=utf-8\r\nContent-Length: %d" % len(body)
    return b"\r\n%s\r\n\r\n%s\r\n---" % (head, body)
