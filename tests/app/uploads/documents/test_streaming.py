"""Large documents, and documents that arrive in chunks."""

import io
import tempfile
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import BinaryIO

import pytest

from app.uploads import documents

COUNT = 200_000
MEMORY_BYTES = 4 * 1024 * 1024


def json_chunks() -> Iterator[bytes]:
    yield b'{"images":['
    for n in range(COUNT):
        comma = b"," if n else b""
        yield comma + b'{"objectUrl":"https://b.example/%d","clientMetadata":{"n":%d}}' % (n, n)
    yield b'],"skip_duplicate_urls":true}'


def csv_chunks() -> Iterator[bytes]:
    yield b"ObjectUrl,Image title\n"
    for n in range(COUNT):
        yield b"https://b.example/%d,%d\n" % (n, n)


@pytest.mark.parametrize(
    ("chunks", "inspect"),
    [(json_chunks, documents.inspect_json), (csv_chunks, documents.inspect_csv)],
)
def test_200_000_units_take_no_more_memory_than_a_few(
    chunks: Callable[[], Iterator[bytes]], inspect: Callable[[BinaryIO], documents.Summary]
) -> None:
    with tempfile.TemporaryFile() as document:
        document.writelines(chunks())
        tracemalloc.start()
        try:
            summary = inspect(document)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (summary.unit_count, summary.broken_count) == (COUNT, 0)
    assert peak < MEMORY_BYTES


async def test_a_document_that_arrives_in_chunks_can_be_read_twice() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in json_chunks():
            yield chunk

    async with documents.spooled(chunks()) as document:
        summary = documents.inspect_json(document)
        assert summary.options.skip_duplicate_urls
        first = next(documents.read_json(document))
    assert summary.unit_count == COUNT
    assert first.title == "0"
    assert document.closed


async def test_a_small_csv_document_is_spooled_in_memory() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"ObjectUrl\nhttps://b.exa"
        yield b"mple/1\n"

    async with documents.spooled(chunks()) as document:
        assert documents.inspect_csv(document).unit_count == 1
        assert [unit.title for unit in documents.read_csv(document)] == ["1"]


def test_units_come_before_the_document_is_read_to_its_end() -> None:
    document = io.BytesIO(b"".join(json_chunks()))
    next(documents.read_json(document))
    assert document.tell() < 200_000
