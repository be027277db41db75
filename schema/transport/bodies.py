"""From the JSON of a client to a request: what is not well-formed is refused here, before anybody reads it.

Of two equal keys the last one counts. U+0000 passes: the rule that a text breaks by it names the field. orjson
itself refuses what is not UTF-8, NaN and Infinity, numbers beyond a double, lone surrogates, and more than 1,024
levels.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import orjson

from schema.codes import Code
from schema.execution.request import Refusal, Request, Stage, problem

DEPTH = 64
"""Levels of objects and lists."""
DIGITS = 19
"""Of an integer; from the 20th on orjson silently makes a double of it."""

VALUES = 500_000
"""Commas and brackets: so many values fill 30 MB, and take 50 ms to read."""

_ZEROS = b"0" * DIGITS
_AS_ZERO = bytes(48 if 48 <= byte <= 57 else 0 for byte in range(256))
_PARAMETERS = ("query", "operationName", "variables", "extensions", "documentId")


class Unreadable(ValueError):
    """The text is not JSON as we take it; the message says why."""


def request_of_body(body: bytes, request_id: str) -> Request:
    """The request in a POST's body or a frame. Raises Unreadable, or Refusal if it is JSON of another shape."""
    return request_of(read(body), request_id)


def request_of_query(query: bytes, request_id: str) -> Request:
    """The request in a GET's query string, where empty values are the same as none."""
    given = {name: value for name, value in _pairs(query, request_id).items() if value}
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = read(given[name].encode())
    return request_of(given, request_id)


def request_of(given: Any, request_id: str) -> Request:
    """The request in a decoded object; keys that mean nothing to us are ignored. Raises Refusal."""
    if not isinstance(given, dict):
        _refuse("The request is no JSON object.", request_id)
    return Request(
        query=_text(given, "query", request_id),
        document_id=_text(given, "documentId", request_id),
        operation_name=_text(given, "operationName", request_id) or None,
        variables=_map(given, "variables", request_id),
        extensions=_map(given, "extensions", request_id),
    )


def read(text: bytes) -> Any:
    """The value of a JSON text. Raises Unreadable."""
    if len(text) > VALUES and sum(map(text.count, (b",", b"{", b"["))) > VALUES:
        raise Unreadable(f"The JSON has more than {VALUES:,} values.")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"This is no JSON in UTF-8: {error}.") from None
    if text.count(b"{") + text.count(b"[") > DEPTH:
        _check_depth(value)
    if _ZEROS in text.translate(_AS_ZERO):
        _check_integers(text)
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise Unreadable(f"The JSON has more than {DEPTH} levels.")


def _children(value: Any) -> list[Any]:
    """The objects and lists in an object or a list."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in inside if isinstance(child, dict | list)]


def _check_integers(text: bytes) -> None:
    """Many digits stand somewhere, perhaps in a text: read again, by a slower reader that shows integers."""

    def checked(digits: str) -> int:
        if len(digits.lstrip("-")) > DIGITS or int(digits) < -(2**63):
            raise Unreadable(f"The JSON has an integer of more than 64 bits or {DIGITS} digits.")
        return int(digits)

    json.loads(text, parse_int=checked)


def _text(given: Mapping[str, Any], name: str, request_id: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        _refuse(f"`{name}` is a text, or left out.", request_id)
    return value


def _map(given: Mapping[str, Any], name: str, request_id: str) -> dict[str, Any]:
    value = given.get(name)
    if value is not None and not isinstance(value, dict):
        _refuse(f"`{name}` is an object, or left out.", request_id)
    return value or {}


def _pairs(query: bytes, request_id: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50
        )
    except ValueError:
        raise Unreadable("The query string is not percent-encoded UTF-8 of 50 fields.") from None
    known = [(name, value) for name, value in pairs if name in _PARAMETERS]
    if len({name for name, _ in known}) < len(known):
        _refuse("A parameter is there twice in the query string.", request_id)
    return dict(known)


def _refuse(message: str, request_id: str) -> NoReturn:
    raise Refusal(Stage.REQUEST, [problem(Code.BAD_REQUEST, message, request_id)])
