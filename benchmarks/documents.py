"""Units a second of the two readers of registration documents: `python benchmarks/documents.py`."""

import io
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.uploads import documents

URL = "https://my-bucket.s3.eu-west-2.amazonaws.com/site/{}.jpg"
COUNT = 100_000


def _as_json(elements: Iterable[dict[str, Any]], key: str) -> BinaryIO:
    return io.BytesIO(json.dumps({key: list(elements)}).encode())


def _plain() -> BinaryIO:
    return _as_json(({"objectUrl": URL.format(i), "title": f"{i}"} for i in range(COUNT)), "images")


def _with_metadata() -> BinaryIO:
    metadata = {"site": "north", "weather": "sunny", "price": 1.5}
    elements = ({"objectUrl": URL.format(i), "clientMetadata": metadata} for i in range(COUNT))
    return _as_json(elements, "images")


def _with_embedding() -> BinaryIO:
    metadata = {"clip": [i / 777 for i in range(512)]}
    elements = ({"objectUrl": URL.format(i), "clientMetadata": metadata} for i in range(5_000))
    return _as_json(elements, "images")


def _csv() -> BinaryIO:
    rows = "".join(f"{URL.format(i)},{i}\n" for i in range(COUNT))
    return io.BytesIO(f"ObjectUrl,Image title\n{rows}".encode())


def _measure(
    name: str, document: BinaryIO, read: Callable[[BinaryIO], Iterable[documents.Unit]]
) -> None:
    begin = time.perf_counter()
    broken = count = 0
    for unit in read(document):
        count += 1
        broken += unit.error is not None
    seconds = time.perf_counter() - begin
    print(f"{name:28} {count / seconds:10,.0f} units/s  ({count} units, {broken} broken)")


def main() -> None:
    """Print one line for each kind of document."""
    _measure("JSON, URL and title", _plain(), documents.read_json)
    _measure("JSON, small client metadata", _with_metadata(), documents.read_json)
    _measure("JSON, embedding of 512", _with_embedding(), documents.read_json)
    _measure("CSV, URL and title", _csv(), documents.read_csv)


if __name__ == "__main__":
    main()
