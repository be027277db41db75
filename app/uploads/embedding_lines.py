"""The lines of a file of vectors, read a batch at a time in bounded memory.

Each is a JSON object, `{"fileId": "file_…", "frame": 12, "vector": [0.5, 0.25]}`, or has a `name` in place of
`fileId`. What a vector holds is checked by whoever writes it.
"""

import codecs
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

import orjson

from app.core import ids
from app.core.errors import Invalid, NotFound, Refused
from app.core.ids import Kind
from app.core.texts import is_storable

MOST = 1_000
"""Lines of a batch."""
BATCH_BYTES = 8 * 2**20
LINE_BYTES = 2**20
BLOCK_BYTES = 2**20
MEMBERS = {"fileId", "name", "frame", "vector"}
NOBODY = UUID(int=0)


@dataclass(slots=True)
class Line:
    """One line that was read: what it says, or why it says nothing."""

    number: int
    """From 1."""
    file_id: UUID = NOBODY
    name: str | None = None
    frame: int | None = None
    vector: object = None
    refused: Refused | None = None
    is_blank: bool = False


def count_lines(document: BinaryIO) -> int:
    """How many lines a file has; the last one need not end. It is rewound."""
    document.seek(0)
    count, last = 0, b"\n"
    while block := document.read(BLOCK_BYTES):
        count += block.count(b"\n")
        last = block[-1:]
    document.seek(0)
    return count + (last != b"\n")


def skip_lines(document: BinaryIO, count: int) -> int:
    """Go behind so many lines of a file; how many those were."""
    for _ in range(count):
        _next(document)
    return count


def read_lines(document: BinaryIO, done: int, most: int = MOST) -> list[Line]:
    """The next lines of a file of which `done` were read; none at its end. Their number and size are bounded."""
    lines: list[Line] = []
    byte_size = 0
    while len(lines) < most and byte_size < BATCH_BYTES:
        text = _next(document)
        if not text:
            break
        byte_size += len(text)
        lines.append(read_line(done + len(lines) + 1, text))
    return lines


def _next(document: BinaryIO) -> bytes:
    """A line with its end; of one that is too long, as much as shows that it is."""
    text = rest = document.readline(LINE_BYTES + 1)
    while len(rest) > LINE_BYTES and not rest.endswith(b"\n"):
        rest = document.readline(LINE_BYTES + 1)
    return text


def read_line(number: int, text: bytes) -> Line:
    """What one line says."""
    text = text.removeprefix(codecs.BOM_UTF8) if number == 1 else text
    line = Line(number, is_blank=not text.strip())
    try:
        if not line.is_blank:
            _read(line, text)
    except Refused as refused:
        line.refused = refused
    return line


def _read(line: Line, text: bytes) -> None:
    if len(text) > LINE_BYTES:
        raise Invalid(f"A line has at most {LINE_BYTES:,} bytes.")
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"This line is not JSON: {error}.") from error
    if not isinstance(said, dict):
        raise Invalid("A line is a JSON object.")
    if strange := sorted(said.keys() - MEMBERS):
        raise Invalid(f"A line has no member {strange[0][:80]!r}.", field=(strange[0][:80],))
    _read_file(line, said)
    frame = said.get("frame")
    if frame is not None and type(frame) is not int:
        raise Invalid("A frame is a whole number, from 0.", field=("frame",))
    if "vector" not in said:
        raise Invalid("The vector is missing.", field=("vector",))
    line.frame, line.vector = frame, said["vector"]


def _read_file(line: Line, said: dict[str, Any]) -> None:
    file_id, name = said.get("fileId"), said.get("name")
    if (file_id is None) == (name is None):
        raise Invalid("A line names its file by `fileId` or by `name`.", field=("file_id",))
    if name is not None:
        if not isinstance(name, str) or not is_storable(name):
            raise Invalid("A name is a text.", field=("name",))
        line.name = name
        return
    if not isinstance(file_id, str):
        raise Invalid("A fileId is a text.", field=("file_id",))
    try:
        line.file_id = ids.decode(Kind.FILE, file_id)
    except NotFound as refused:
        refused.field = ("file_id",)
        raise
