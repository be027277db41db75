"""The bytes of a JSON document in chunks, with the checks that the parser leaves out."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from app.uploads.documents.errors import DocumentError, DocumentErrorCode

CHUNK_BYTES = 64 * 1024
MAX_CHUNK_BYTES = 4 * 1024 * 1024
MAX_ELEMENT_BYTES = 128 * 1024 * 1024
"""The largest element that is held in memory: a group with very many URLs."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_HIGH, _LOW = rb"\\u[dD][89abAB]..", rb"\\u[dD][c-fC-F].."
_LONE_SURROGATE = re.compile(rb"%b(?!%b)|(?<!%b)%b" % (_HIGH, _LOW, _HIGH, _LOW))
_UNFINISHED = re.compile(rb"(?:%b)?\\(?:u.{0,3})?\Z|%b\Z" % (_HIGH, _HIGH))
"""An escape that the next chunk may complete, or pair."""

_LONGEST_UNFINISHED = 11


class Source:
    """Reads a document from its beginning, without a byte order mark."""

    def __init__(self, document: BinaryIO) -> None:
        document.seek(0)
        if document.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
            document.seek(0)
        self._document = document
        self._tail = b""
        self.chunk_start = document.tell()
        """Bytes before the chunk that was given last."""
        self.chunk_end = self.chunk_start
        self.element_start = self.chunk_start
        """Set by the reader whenever an element begins; to the nearest chunk."""
        self._chunk_bytes = CHUNK_BYTES

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._document.read(self._chunk_bytes):
            self._check_surrogates(chunk)
            self.chunk_start = self.chunk_end
            self.chunk_end += len(chunk)
            if self.chunk_end - self.element_start > MAX_ELEMENT_BYTES:
                raise DocumentError(
                    DocumentErrorCode.ELEMENT_TOO_LARGE,
                    f"One element has more than {MAX_ELEMENT_BYTES} bytes; split it.",
                    place=f"byte {self.element_start}",
                )
            yield chunk

    def grow(self, *, is_within_token: bool) -> None:
        """Choose the size of the next chunk: larger and larger within one string.

        The parser goes through an unfinished string from its beginning with each chunk, which would
        take time with the square of its length.
        """
        larger = min(2 * self._chunk_bytes, MAX_CHUNK_BYTES)
        self._chunk_bytes = larger if is_within_token else CHUNK_BYTES

    def _check_surrogates(self, chunk: bytes) -> None:
        # yajl reads a lone surrogate as `?`, and a wrong pair as some other character
        text = (self._tail + chunk).replace(rb"\\", b"__")
        if b"\\" not in text:
            self._tail = b""
            return
        self._tail = _unfinished(text)
        complete = text[: len(text) - len(self._tail)]
        lone = _LONE_SURROGATE.search(complete)
        if lone:
            offset = self.chunk_end + len(chunk) - len(text) + lone.start()
            place = place_of(self._document, offset)
            raise DocumentError(
                DocumentErrorCode.NOT_JSON,
                f"The document is not valid JSON at {place}: half of a surrogate pair. Write the"
                " whole character or leave it out.",
                place=place,
            )


def _unfinished(text: bytes) -> bytes:
    match = _UNFINISHED.search(text[-_LONGEST_UNFINISHED:])
    return match[0] if match else b""


def place_of(document: BinaryIO, offset: int) -> str:
    """Line and byte, for people: the first line is 1, the first byte is 0."""
    document.seek(0)
    line = 1
    for start in range(0, offset, CHUNK_BYTES):
        line += document.read(min(CHUNK_BYTES, offset - start)).count(b"\n")
    return f"line {line}, byte {offset}"
