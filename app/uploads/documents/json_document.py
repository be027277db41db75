"""Reads a JSON registration document (domain 3.3) as a stream of units.

    {"videos": [{"objectUrl": "https://…"}], "image_groups": [ … ], "skip_duplicate_urls": true}

Memory is bounded by the largest element, whatever the number of elements.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson

from app.uploads.documents import elements
from app.uploads.documents.errors import DocumentError, DocumentErrorCode
from app.uploads.documents.source import Source, place_of
from app.uploads.documents.units import (
    DEFAULT_LIMITS,
    Limits,
    Options,
    Summary,
    Unit,
    summarise,
    within,
)

MAX_DEPTH = 128
"""Of the whole document. Client metadata has its own, lower limit."""

EXACT_WITHIN_BYTES = 16 * 1024
"""The place of a fault is exact, but within a longer string only roughly known."""

FLAGS = ("skip_duplicate_urls", "upsert_metadata")

Event = tuple[str, Any]

# a number may be too long for Decimal (ArithmeticError) or int (SystemError, where ijson loses the
# ValueError)
_FAULTS = (ijson.JSONError, ValueError, ArithmeticError, SystemError)
_STRING_END = re.compile(rb'(?<!\\)"|\n')
"""Where a string ends for certain: it holds no line end, and no quotation mark unescaped."""

_REASON = re.compile(r"(?:lexical|parse) error: ([^\n\\]+)")


def inspect_json(document: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Summary:
    """Read the whole document once, from its beginning.

    Raises DocumentError, with the exact place, if it cannot be registered as a whole.
    """
    flags: dict[str, bool] = {}
    counts = summarise(within(limits, _units(document, flags)))
    return Summary(*counts, Options(**flags))


def read_json(document: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Iterator[Unit]:
    """The units, read from the beginning of the document, in its order.

    The options may stand behind the units, so they come from `inspect_json`. Raises DocumentError
    where the document breaks off.
    """
    return within(limits, _units(document, {}))


def _units(document: BinaryIO, flags: dict[str, bool]) -> Iterator[Unit]:
    """The units; fills `flags` with the options that the document sets."""
    source = Source(document)
    events = _events(document, source)
    if next(events)[0] != "start_map":
        raise DocumentError(
            DocumentErrorCode.NOT_AN_OBJECT,
            'The document is no JSON object; write {"videos": [ … ]}.',
        )
    index = 0
    lists: set[str] = set()
    for _, key in events:
        if key is None:  # the object ends
            continue
        if key in FLAGS:
            flags[key] = _flag(key, next(events))
            continue
        form = _form(key, lists)
        _expect_list(key, next(events))
        lists.add(key)
        for number, element in enumerate(_elements(events, source)):
            yield elements.read(form, element, index, f"/{key}/{number}")
            index += 1


def _elements(events: Iterator[Event], source: Source) -> Iterator[Any]:
    for event, value in events:
        if event == "end_array":
            return
        source.element_start = source.chunk_start
        yield _value(event, value, events, 3)


def _value(event: str, value: Any, events: Iterator[Event], depth: int) -> Any:
    """The value that begins with this event; takes its further events."""
    if event == "start_map":
        return _object(events, depth)
    if event == "start_array":
        return _array(events, depth)
    return value


def _object(events: Iterator[Event], depth: int) -> dict[str, Any]:
    _check_depth(depth)
    members = {}
    for event, key in events:
        if event == "end_map":
            break
        members[key] = _value(*next(events), events, depth + 1)
    return members


def _array(events: Iterator[Event], depth: int) -> list[Any]:
    _check_depth(depth)
    items = []
    for event, value in events:
        if event == "end_array":
            break
        items.append(_value(event, value, events, depth + 1))
    return items


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise DocumentError(
            DocumentErrorCode.TOO_DEEP,
            f"The document nests more than {MAX_DEPTH} levels deep; flatten it.",
        )


def _flag(key: str, event: Event) -> bool:
    kind, value = event
    if kind != "boolean":
        raise DocumentError(
            DocumentErrorCode.WRONG_TYPE,
            f"`{key}` is true or false, without quotes.",
            place=f"/{key}",
        )
    return bool(value)


def _form(key: str, seen: set[str]) -> elements.Form:
    if key in seen:
        raise DocumentError(
            DocumentErrorCode.DUPLICATE_KEY,
            f"The list `{key}` stands twice; join the two.",
            place=f"/{key}",
        )
    if key not in elements.FORMS:
        shown = ascii(key[:80])[1:-1]
        raise DocumentError(
            DocumentErrorCode.UNKNOWN_KEY,
            f"`{shown}` is no type and no option. {elements.nearest(key, _KNOWN)}",
            place=f"/{shown}",
        )
    return elements.FORMS[key]


_KNOWN = (*elements.FORMS, *FLAGS)


def _expect_list(key: str, event: Event) -> None:
    if event[0] != "start_array":
        raise DocumentError(
            DocumentErrorCode.WRONG_TYPE,
            f"`{key}` is a list; put its elements between [ and ].",
            place=f"/{key}",
        )


def _events(document: BinaryIO, source: Source) -> Iterator[Event]:
    """What the parser sees; a fault becomes a DocumentError with its place."""
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events)
    for chunk in source:
        try:
            parser.send(chunk)
        except _FAULTS as fault:
            raise _not_json(document, source.chunk_start, fault) from fault
        source.grow(is_within_token=not events)
        yield from events
        events.clear()
    try:
        parser.close()
    except _FAULTS as fault:
        raise _ends_early(document, source.chunk_end) from fault
    yield from events


def _not_json(document: BinaryIO, chunk_start: int, fault: Exception) -> DocumentError:
    reason = _REASON.search(str(fault))
    place = place_of(document, _fault_offset(document, chunk_start))
    why = reason[1].strip(" .") if reason else "a number is too long"
    return DocumentError(
        DocumentErrorCode.NOT_JSON,
        f"The document is not valid JSON at {place}: {why}. Mend it there.",
        place=place,
    )


def _ends_early(document: BinaryIO, size: int) -> DocumentError:
    place = place_of(document, size)
    return DocumentError(
        DocumentErrorCode.ENDS_EARLY,
        f"The document ends too early, at {place}; send the whole of it.",
        place=place,
    )


def _fault_offset(document: BinaryIO, chunk_start: int) -> int:
    """The byte that the parser cannot take: the chunk is read again in the smallest steps."""
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events)
    source = Source(document)
    pending = 0
    for chunk in source:
        if source.chunk_start == chunk_start:
            return chunk_start + _fault_within(chunk, parser, events, pending)
        parser.send(chunk)
        source.grow(is_within_token=not events)
        pending = 0 if events else pending + len(chunk)
        events.clear()
    return source.chunk_end


def _fault_within(chunk: bytes, parser: Any, events: list[Event], pending: int) -> int:
    """Byte by byte, but in larger steps within a string that is `pending` for very long."""
    start = 0
    while start < len(chunk):
        end = start + 1 if pending < EXACT_WITHIN_BYTES else _end_of_step(chunk, start, pending)
        try:
            parser.send(chunk[start:end])
        except _FAULTS:
            break
        pending = 0 if events or chunk[end - 1 : end] == b"\n" else pending + end - start
        events.clear()
        start = end
    return start


def _end_of_step(chunk: bytes, start: int, pending: int) -> int:
    end = min(start + pending // 4, len(chunk))
    string_end = _STRING_END.search(chunk, start, end)
    return string_end.end() if string_end else end
