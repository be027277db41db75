"""Casts one JSON value to the type of its key.

| type | canonical value |
|---|---|
| boolean | bool; the strings "true" and "false" are read too |
| number | finite double; whole numbers above 2^53 lose exactness |
| datetime | microseconds since the epoch (UTC), years 1 to 9999 |
| uuid | canonical hyphenated text in lower case |
| enumeration, varchar | the first 512 characters |
| text | the whole text |
| embedding | list of doubles |
| geospatial | nothing |

512 characters are at most 2,048 bytes, and an index entry may have 2,704. A condition on a longer
text has to be checked again on the whole value.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.metadata.kinds import (
    LONGEST_VARCHAR,
    Embedding,
    Enumeration,
    LiveType,
    Scalar,
    ScalarKind,
)

PREFIX_LENGTH = 512
"""Characters of a varchar or an option that the typed document holds."""

HALF_PRECISION_MAX = 65_504
HALF_PRECISION_ZERO = 2**-25
"""Up to here a component becomes zero in half precision."""

QUOTE_LENGTH = 80

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LATEST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The value is not of the type of its key; `found` is one short sentence."""

    found: str


Canonical = bool | int | float | str | list[float]
Caster = Callable[[object], Canonical | Mismatch | None]


def cast(type_: LiveType, value: object) -> Canonical | Mismatch | None:
    """The canonical form of a JSON value; None if there is none. Never raises."""
    return caster(type_)(value)


def caster(type_: LiveType) -> Caster:
    """The function that casts to this type."""
    match type_:
        case Scalar():
            return _SCALARS[type_.kind]
        case Enumeration():
            return _option_of(type_)
        case Embedding():
            return _vector_of(type_.size)
    return _nothing


def moment(microseconds: int) -> datetime:
    """The instant (UTC) of a canonical datetime.

    For what lies behind the year 9999 it is the last there is: a float rounds that one up.
    """
    return _EPOCH + min(microseconds, _LATEST) * _MICROSECOND


def microseconds(instant: datetime) -> int:
    """The canonical form of an instant that has an offset."""
    return (instant - _EPOCH) // _MICROSECOND


def _boolean(value: object) -> bool | Mismatch | None:
    if value is None or value is True or value is False:
        return value
    if value == "true":
        return True
    if value == "false":
        return False
    return _mismatch("true or false", value)


def _number(value: object) -> float | Mismatch | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _mismatch("a number", value)
    try:
        number = float(value)
    except OverflowError:
        return _mismatch("a number within double precision", value)
    if not math.isfinite(number):
        return _mismatch("a finite number", value)
    return number + 0.0  # no negative zero: the database has none


def _datetime(value: object) -> int | Mismatch | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return _mismatch("an ISO 8601 date", value)
    instant = _microseconds(value)
    if instant is None:
        return _mismatch("an ISO 8601 date", value)
    if not _EARLIEST <= instant <= _LATEST:
        return _mismatch("a date in the years 1 to 9999 (UTC)", value)
    return instant


def _microseconds(text: str) -> int | None:
    # fromisoformat alone also reads week dates, dates without hyphens and any separator
    if text[4:5] != "-" or text[7:8] != "-" or text[10:11] not in {"", "T", "t", " "}:
        return None
    try:
        instant = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return microseconds(instant)


def _uuid(value: object) -> str | Mismatch | None:
    if value is None:
        return None
    if not isinstance(value, str) or _UUID.fullmatch(value) is None:
        return _mismatch("a UUID with hyphens", value)
    return value.lower()


def _varchar(value: object) -> str | Mismatch | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return _mismatch("a text", value)
    if len(value) > LONGEST_VARCHAR:
        return Mismatch(
            f"A text of at most {LONGEST_VARCHAR} characters is expected;"
            f" this one has {len(value)}."
        )
    return value[:PREFIX_LENGTH]


def _text(value: object) -> str | Mismatch | None:
    if value is None or isinstance(value, str):
        return value
    return _mismatch("a text", value)


def _nothing(value: object) -> None:
    """Coordinates stay in the raw document."""


_SCALARS: dict[ScalarKind, Caster] = {
    ScalarKind.BOOLEAN: _boolean,
    ScalarKind.DATETIME: _datetime,
    ScalarKind.NUMBER: _number,
    ScalarKind.UUID: _uuid,
    ScalarKind.VARCHAR: _varchar,
    ScalarKind.TEXT: _text,
}


def _option_of(type_: Enumeration) -> Caster:
    stored = {option: option[:PREFIX_LENGTH] for option in type_.values}

    def option(value: object) -> str | Mismatch | None:
        if value is None:
            return None
        if isinstance(value, str) and value in stored:
            return stored[value]
        return _mismatch("one of the options", value)

    return option


def _vector_of(size: int) -> Caster:
    expected = f"a list of {size} numbers"

    def vector(value: object) -> list[float] | Mismatch | None:
        if value is None:
            return None
        if not isinstance(value, list) or len(value) != size:
            return _mismatch(expected, value)
        if not set(map(type, value)) <= {int, float}:
            return Mismatch(f"Expected {expected}; found other things in the list.")
        return _components(value)

    return vector


def _components(numbers: list[float]) -> list[float] | Mismatch:
    low, high = min(numbers), max(numbers)
    # a NaN in the middle hides from min and max, not from the sum
    if not (low >= -HALF_PRECISION_MAX and high <= HALF_PRECISION_MAX) or math.isnan(sum(numbers)):
        return Mismatch(f"Expected numbers within ±{HALF_PRECISION_MAX}; found others in the list.")
    if max(-low, high) <= HALF_PRECISION_ZERO:
        return Mismatch("Expected a vector with a direction; found zeros (in half precision) only.")
    return list(map(float, numbers))


def _mismatch(expected: str, value: object) -> Mismatch:
    return Mismatch(f"Expected {expected}; found {_described(value)}.")


def _described(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            cut = "…" if len(value) > QUOTE_LENGTH else ""
            return f"the text {json.dumps(value[:QUOTE_LENGTH], ensure_ascii=False)}{cut}"
        case int() if value.bit_length() > 256:
            return "a number of more than 77 digits"  # Python refuses to print very long ones
        case int() | float():
            return f"the number {value}"
        case list():
            return f"a list of {len(value)}"
    return "an object"
