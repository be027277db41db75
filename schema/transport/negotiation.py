"""Which media type an answer has: the client's highest q-value wins, then the order of its list."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class MediaType(StrEnum):
    """What we can answer with."""

    JSON = "application/json"
    GRAPHQL = "application/graphql-response+json"
    EVENTS = "text/event-stream"
    MIXED = "multipart/mixed"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The type for each kind of answer; None: the client accepts none that could carry it."""

    result: MediaType | None
    """One result: JSON of either kind, or a stream of one event for clients that read streams only."""
    subscription: MediaType | None
    incremental: MediaType | None
    """A result in several parts."""

    @property
    def json(self) -> MediaType:
        """For an error that is told before the answer could be a stream."""
        return self.result if self.result in _ONE else MediaType.JSON


_ONE = (MediaType.JSON, MediaType.GRAPHQL)
_RESULT = (*_ONE, MediaType.EVENTS)
_STREAMS = (MediaType.EVENTS, MediaType.MIXED)


@dataclass(frozen=True, slots=True)
class _Range:
    """One entry of an Accept header, such as `application/*;q=0.5`."""

    pattern: str
    quality: float
    position: int

    @property
    def precision(self) -> int:
        """0 for `*/*`, 1 for `application/*`, 2 for a whole name."""
        return 2 - self.pattern.count("*")

    def covers(self, kind: MediaType) -> bool:
        """Whether the type is meant. Streams must be named: who accepts anything expects one answer."""
        if self.pattern == kind:
            return True
        if kind in _STREAMS:
            return False
        return self.pattern in {"*/*", f"{kind.partition('/')[0]}/*"}


@lru_cache(maxsize=256)
def accepted(header: bytes | None) -> Accepted:
    """What a client accepts by its Accept header. Who sends none, or an empty one, gets plain JSON."""
    if not header or not header.strip():
        return Accepted(MediaType.JSON, None, None)
    ranges = [
        found
        for position, text in enumerate(header.decode("latin-1").lower().split(","))
        if (found := _range(text, position)) is not None
    ]
    choose = _chooser(ranges)
    return Accepted(choose(_RESULT), choose((MediaType.EVENTS,)), choose(_STREAMS))


def _chooser(ranges: list[_Range]) -> Callable[[tuple[MediaType, ...]], MediaType | None]:
    def rank(kind: MediaType) -> tuple[float, int]:
        """Quality, then earliness, by the most precise range that covers the type; (0, 0): refused."""
        covering = [one for one in ranges if one.covers(kind)]
        if not covering:
            return 0.0, 0
        best = max(covering, key=lambda one: (one.precision, one.quality))
        return best.quality, -best.position

    def choose(kinds: tuple[MediaType, ...]) -> MediaType | None:
        best = max(kinds, key=rank)  # of equals the first
        return best if rank(best)[0] > 0 else None

    return choose


def _range(text: str, position: int) -> _Range | None:
    """None for what cannot be meant for us: no range at all, or a charset other than UTF-8."""
    pattern, *parameters = (part.strip() for part in text.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = (part.strip() for part in parameter.partition("="))
        if name == "q":
            quality = _quality(value)
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            return None
    return _Range(pattern, quality, position) if "/" in pattern else None


def _quality(text: str) -> float:
    """0 to 1; 0 for what is no q-value, so that nothing is sent that might not be wanted."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value <= 1 else 0.0


@lru_cache(maxsize=256)
def is_json(content_type: bytes) -> bool:
    """Whether a request's body is said to be JSON in UTF-8."""
    name, *parameters = (part.strip() for part in content_type.decode("latin-1").lower().split(";"))
    charsets = [
        value.strip().strip('"')
        for key, _, value in (parameter.partition("=") for parameter in parameters)
        if key.strip() == "charset"
    ]
    return name in _ONE and all(charset in {"utf-8", "utf8"} for charset in charsets)
