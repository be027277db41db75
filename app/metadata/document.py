"""The rules that a client-metadata document obeys before it is stored (domain 2.6 and 3.5).

The database would refuse some of this too, in the middle of a bulk insert and without a place.
The reserved members describe frames of a video:

    {"$encord": {"config": {"sampling_rate": 0, "keyframe_mode": "frame"},
                 "frames": {"13": {}, "149": {"scene": "night"}}}}

and the older form is {"keyframes": [13, 149]}.
"""

import json
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from app.core.errors import Invalid, Path, TooLarge

MAX_BYTES = 10 * 1024 * 1024
"""Of the compact UTF-8 JSON text."""

MAX_DEPTH = 64
"""Objects and lists within one another; the document itself is the first."""

EXPONENTS = range(-400, 309)
"""Of a number's first digit: all doubles, and not the extremes that the database refuses."""

MAX_DIGITS = 1_000

ENCORD = "$encord"
KEYFRAMES = "keyframes"

_POSITIONS = {
    "frame": re.compile(r"(?:0|[1-9][0-9]*)"),
    "seconds": re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"),
}
"""How the keys of `frames` are written, by `keyframe_mode`. One spelling for each frame."""

_CONFIG = {"sampling_rate", "keyframe_mode"}


@dataclass(frozen=True, slots=True)
class Document:
    """Client metadata that may be stored."""

    text: bytes
    """Compact UTF-8 JSON. Fractions stand as they were written (`1.10`), if we were given text."""
    value: dict[str, Any]
    """The same as Python values; fractions are doubles, or the Decimals that were given."""


def parse(raw: bytes | str | dict[str, Any], *, is_video: bool = False) -> Document:
    """Check one document, given as JSON text or as values.

    Of equal keys the last one counts. Only a video may describe frames (`$encord`, `keyframes`).
    Raises Invalid with the path inside the document, TooLarge above `MAX_BYTES`.
    """
    value, text = (raw, _written(raw)) if isinstance(raw, dict) else _read(raw)
    if len(text) > MAX_BYTES:
        raise TooLarge(
            f"Client metadata has at most {MAX_BYTES} bytes as compact JSON; this has {len(text)}."
        )
    if _is_suspect(text):
        _check_values(value)
    _check_reserved(value, is_video=is_video)
    return Document(text, value)


def pointer(path: Path) -> str:
    """The path as a JSON pointer (RFC 6901), empty for the whole document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _read(raw: bytes | str) -> tuple[dict[str, Any], bytes]:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"Client metadata is not valid JSON: {error}. Mend it there.") from error
    if not isinstance(value, dict):
        raise Invalid("Client metadata is a JSON object; wrap the value in one.")
    text = _written(value)
    if text == (raw.encode() if isinstance(raw, str) else raw):
        return value, text
    # not our own spelling: read it again without rounding numbers to doubles
    return value, _written(json.loads(raw, parse_float=Decimal))


def _written(value: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(value, default=_fragment)
    except TypeError:
        _check_values(value)
        raise


def _fragment(value: object) -> orjson.Fragment:
    """Numbers with a fraction keep their digits."""
    if isinstance(value, Decimal) and _is_storable(value):
        return orjson.Fragment(str(value))
    raise TypeError


def _is_storable(number: Decimal) -> bool:
    """Whether a JSON reader and the database can hold it."""
    if not number.is_finite():
        return False
    return number.adjusted() in EXPONENTS and len(str(number)) <= MAX_DIGITS


def _is_suspect(text: bytes) -> bool:
    """False proves that there is no NUL, no NaN and no deep nesting; True proves nothing."""
    # orjson writes NaN and Infinity as null
    if b"null" in text or b"\\u0000" in text:
        return True
    return text.count(b"{") + text.count(b"[") > MAX_DEPTH


def _check_values(document: dict[str, Any]) -> None:
    """Look at every value and raise Invalid for the first that cannot be stored."""
    open_: list[tuple[Path, Any]] = [((), document)]
    while open_:
        path, container = open_.pop()
        if len(path) >= MAX_DEPTH:
            raise _at(path, f"Client metadata nests at most {MAX_DEPTH} levels deep.")
        is_object = isinstance(container, dict)
        for step, value in container.items() if is_object else enumerate(container):
            if isinstance(value, dict | list):
                open_.append(((*path, step), value))
            fault = (is_object and _fault_of_key(step)) or _fault(value)
            if fault:
                raise _at((*path, step), fault)


def _fault_of_key(key: object) -> str | None:
    return _fault_of_text(key) if isinstance(key, str) else "Keys are strings."


def _fault(value: object) -> str | None:
    match value:
        case str():
            return _fault_of_text(value)
        case int() if not -(2**63) <= value < 2**64:
            return "Whole numbers have at most 64 bits; write longer ones as a string."
        case float() if not math.isfinite(value):
            return "NaN and Infinity are no JSON; use null."
        case Decimal() if not _is_storable(value):
            return f"Numbers are finite, below 1e{EXPONENTS.stop} and of sensible length."
        case None | bool() | int() | float() | Decimal() | dict() | list():
            return None
    return "Only JSON values can be stored."


def _fault_of_text(text: str) -> str | None:
    if "\0" in text:
        return "Texts and keys hold no NUL character (U+0000); remove it."
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "Texts and keys hold no half of a surrogate pair; remove it."
    return None


def _at(path: Path, message: str) -> Invalid:
    place = pointer(tuple(_visible(step) for step in path))
    return Invalid(f"At `{place[:200]}` of the client metadata: {message}", field=path)


def _visible(step: str | int) -> str | int:
    """Keys may hold what no message can."""
    return step if isinstance(step, int) else ascii(step)[1:-1]


def _check_reserved(document: dict[str, Any], *, is_video: bool) -> None:
    """Raise Invalid if a reserved member is unknown, misplaced or malformed."""
    for key in document:
        if key.startswith("$") and key != ENCORD:
            raise Invalid(
                f"Keys that start with `$` are reserved and `{key[:80]}` is not one of them;"
                " take another name.",
                field=(key,),
            )
    for key in (ENCORD, KEYFRAMES):
        if key in document and not is_video:
            raise Invalid(
                f"`{key}` describes frames of a video and this is none; leave it out.",
                field=(key,),
            )
    if ENCORD in document:
        _check_encord(document[ENCORD])
    if KEYFRAMES in document:
        _check_keyframes(document[KEYFRAMES])


def _check_encord(value: Any) -> None:
    members = _object(value, (ENCORD,), {"config", "frames"})
    mode = "frame"
    if "config" in members:
        mode = _mode(_object(members["config"], (ENCORD, "config"), _CONFIG))
    if "frames" in members:
        _check_frames(_object(members["frames"], (ENCORD, "frames")), mode)


def _mode(config: dict[str, Any]) -> str:
    rate = config.get("sampling_rate", 1)
    if not _is_rate(rate):
        raise Invalid(
            "`sampling_rate` is a number of samples per second, 0 or more.",
            field=(ENCORD, "config", "sampling_rate"),
        )
    mode = config.get("keyframe_mode", "frame")
    if not isinstance(mode, str) or mode not in _POSITIONS:
        raise Invalid(
            '`keyframe_mode` is "frame" or "seconds".', field=(ENCORD, "config", "keyframe_mode")
        )
    return mode


def _is_rate(rate: object) -> bool:
    if isinstance(rate, bool) or not isinstance(rate, int | float | Decimal):
        return False
    return math.isfinite(rate) and rate >= 0


def _check_frames(frames: dict[str, Any], mode: str) -> None:
    position = _POSITIONS[mode]
    unit = "frame numbers, counted from 0" if mode == "frame" else "seconds"
    for key, frame in frames.items():
        if position.fullmatch(key) is None:
            raise Invalid(
                f"The keys of `frames` are {unit}; `{key[:80]}` is none.",
                field=(ENCORD, "frames", key),
            )
        _object(frame, (ENCORD, "frames", key))


def _check_keyframes(value: Any) -> None:
    if not isinstance(value, list):
        raise Invalid("`keyframes` is a list of frame numbers.", field=(KEYFRAMES,))
    for index, frame in enumerate(value):
        if isinstance(frame, bool) or not isinstance(frame, int) or frame < 0:
            raise Invalid(
                "`keyframes` holds frame numbers, counted from 0.", field=(KEYFRAMES, index)
            )


def _object(value: Any, path: Path, known: set[str] | None = None) -> dict[str, Any]:
    """The value as an object; `known` are its possible members, any if None."""
    if not isinstance(value, dict):
        raise Invalid(f"`{path[-1]}` is an object.", field=path)
    for key in value:
        if known is not None and key not in known:
            members = " and ".join(f"`{name}`" for name in sorted(known))
            raise Invalid(
                f"`{path[-1]}` has no member `{key[:80]}`; it has {members}.", field=(*path, key)
            )
    return value
