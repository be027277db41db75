"""A document that arrives in chunks, made readable twice."""

import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO, cast

MEMORY_BYTES = 1024 * 1024
"""Larger documents go to a temporary file."""


@asynccontextmanager
async def spooled(chunks: AsyncIterable[bytes]) -> AsyncIterator[BinaryIO]:
    """The whole document as a file, for `inspect_…` and then `read_…`; gone afterwards."""
    with tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES) as document:
        async for chunk in chunks:
            document.write(chunk)
        yield cast("BinaryIO", document)
