"""Text files: which bytes read as text, and which kind of text they are."""

import codecs
import json
from pathlib import PurePath

MIME_TYPES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".log": "text/plain",
    ".rst": "text/plain",
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".htm": "text/html",
    ".html": "text/html",
    ".json": "application/json",
    ".xml": "application/xml",
}
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
CONTROLS = frozenset(map(chr, range(32))) - set("\t\n\r\f\x1b")


def mime_type(head: bytes, name: str) -> str | None:
    """The MIME type of a text file, or None for bytes that are no text.

    Bytes that are not Unicode are text only with the name of a text file: every byte means
    something in Latin-1, so the bytes alone cannot tell.
    """
    suffix = PurePath(name.lower()).suffix
    content = _decoded(head, latin=suffix in MIME_TYPES)
    if content is None:
        return None
    return _by_content(content.lstrip()) or MIME_TYPES.get(suffix, "text/plain")


def _decoded(head: bytes, *, latin: bool) -> str | None:
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return _printable(_prefix(head[len(mark) :], encoding))
    return _printable(_prefix(head, "utf-8") or (head.decode("latin-1") if latin else None))


def _prefix(data: bytes, encoding: str) -> str | None:
    """Decodes data whose last character may be cut in two."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return None


def _printable(content: str | None) -> str | None:
    return content if content and CONTROLS.isdisjoint(content) else None


def _by_content(content: str) -> str | None:
    """The kinds that show in the first characters; a short JSON text must also parse."""
    start = content[:256].lower()
    if start.startswith(("<!doctype html", "<html")):
        return "text/html"
    if start.startswith("<?xml"):
        return "text/html" if "<html" in start else "application/xml"
    return "application/json" if start.startswith(("{", "[")) and _is_json(content) else None


def _is_json(content: str) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True
