"""Reading registration documents, beside the parsers of JSON and CSV that check nothing and hold all in memory."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from app.uploads import documents
from benchmarks.measure import Row, interleaved, seconds

URL = "https://my-bucket.s3.eu-west-2.amazonaws.com/site/{}.jpg"
COUNT = 50_000
EMBEDDING_COUNT = 2_000
REPEATS = 3


async def rows() -> list[Row]:
    """Units per second of each kind of document."""
    plain = ({"objectUrl": URL.format(i), "title": f"{i}"} for i in range(COUNT))
    metadata = {"site": "north", "weather": "sunny", "price": 1.5}
    small = ({"objectUrl": URL.format(i), "clientMetadata": metadata} for i in range(COUNT))
    vector = {"clip": [i / 777 for i in range(512)]}
    large = ({"objectUrl": URL.format(i), "clientMetadata": vector} for i in range(EMBEDDING_COUNT))
    return [
        await _json("read JSON: URL and title", plain, COUNT),
        await _json("read JSON: small client metadata", small, COUNT),
        await _json("read JSON: embedding of 512", large, EMBEDDING_COUNT),
        await _csv(),
    ]


async def _json(name: str, elements: Iterable[dict[str, Any]], count: int) -> Row:
    document = json.dumps({"images": list(elements)}).encode()

    def ours() -> int:
        return sum(unit.error is None for unit in documents.read_json(io.BytesIO(document)))

    def floor() -> int:
        return len(orjson.loads(document)["images"])

    return await _row(name, count, ours, floor, "orjson.loads of the whole")


async def _csv() -> Row:
    lines = "".join(f"{URL.format(i)},{i}\n" for i in range(COUNT))
    document = f"ObjectUrl,Image title\n{lines}".encode()

    def ours() -> int:
        return sum(unit.error is None for unit in documents.read_csv(io.BytesIO(document)))

    def floor() -> int:
        return sum(1 for _ in csv.reader(io.StringIO(document.decode()))) - 1

    return await _row("read CSV: URL and title", COUNT, ours, floor, "csv.reader")


async def _row(
    name: str, count: int, ours: Callable[[], int], floor: Callable[[], int], floor_is: str
) -> Row:
    async def rate(read: Callable[[], int]) -> float:
        async def work() -> None:
            assert read() == count, "every unit is good"

        return count / await seconds(work)

    figures = await interleaved(REPEATS, lambda: rate(ours), lambda: rate(floor))
    return Row(name=name, unit="units/s", ours=figures[0], floor=figures[1], floor_is=floor_is)
