"""Large documents, and documents that arrive in chunks."""

import io
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import BinaryIO

import pytest

from app.uploads import documents

MEMORY_BYTES = 4 * 1024 * 1024


def json_chunks(count: int) -> Iterator[bytes]:
    yield b'{"images":['
    for n in range(count):
        comma = b"," if n else b""
        yield comma + b'{"objectUrl":"https://b.example/%d"}' % n
    yield b'],"skip_duplicate_urls":true}'


def csv_chunks(count: int) -> Iterator[bytes]:
    yield b"ObjectUrl,Image title\n"
    for n in range(count):
        yield b"https://b.example/%d,%d\n" % (n, n)


@pytest.mark.parametrize(
    ("chunks", "count", "inspect"),
    [
        (json_chunks, 200_000, documents.inspect_json),
        (csv_chunks, 100_000, documents.inspect_csv),
    ],
)
def test_very_many_units_take_no_more_memory_than_a_few(
    chunks: Callable[[int], Iterator[bytes]],
    count: int,
    inspect: Callable[[BinaryIO], documents.Summary],
) -> None:
    with tempfile.TemporaryFile() as document:
        document.writelines(chunks(count))
        tracemalloc.start()
        try:
            summary = inspect(document)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (summary.unit_count, summary.broken_count) == (count, 0)
    assert peak < MEMORY_BYTES


async def test_a_document_that_arrives_in_chunks_can_be_read_twice() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in json_chunks(20_000):
            yield chunk

    async with documents.spooled(chunks()) as document:
        summary = documents.inspect_json(document)
        assert summary.options.skip_duplicate_urls
        first = next(documents.read_json(document))
    assert summary.unit_count == 20_000
    assert first.title == "0"
    assert document.closed


async def test_a_small_csv_document_is_spooled_in_memory() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"ObjectUrl\nhttps://b.exa"
        yield b"mple/1\n"

    async with documents.spooled(chunks()) as document:
        assert documents.inspect_csv(document).unit_count == 1
        assert [unit.title for unit in documents.read_csv(document)] == ["1"]


def test_a_very_long_text_is_read_in_time_with_its_length() -> None:
    text = "\\u00e9" * 2_000_000
    element = f'{{"objectUrl":"https://b.example/1","clientMetadata":{{"a":"{text}"}}}}'
    whole = io.BytesIO(f'{{"videos":[{element}]}}'.encode())
    broken = io.BytesIO(f'{{"videos":[{element[:-3]}\n"}}}}'.encode())
    begin = time.process_time()
    assert documents.inspect_json(whole).broken_count == 0
    with pytest.raises(documents.DocumentError, match="not valid JSON"):
        documents.inspect_json(broken)
    assert time.process_time() - begin < 5  # minutes, if the text were read again with each chunk


def test_units_come_before_the_document_is_read_to_its_end() -> None:
    document = io.BytesIO(b"".join(json_chunks(20_000)))
    next(documents.read_json(document))
    assert document.tell() < 200_000
