"""Scalars of our own."""

from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from app.embeddings.vectors import to_text
from schema.names import Names

SafeInt = NewType("SafeInt", int)
Url = NewType("Url", str)
EventCursor = NewType("EventCursor", str)
Json = NewType("Json", object)
Vector = NewType("Vector", object)
"""On the way in as it was sent, a list or a text, to be checked by whoever knows how long it must be
(app.embeddings.vectors); on the way out an array of 32-bit floats."""

_LIMIT = 2**53 - 1


def parse_instant(value: Any) -> datetime:
    """An instant from ISO 8601 text with an offset. Raises GraphQLError for anything else."""
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise GraphQLError("DateTime is ISO 8601 text with an offset, such as 2026-11-21T09:30:00Z.")


def print_instant(value: datetime) -> str:
    """ISO 8601 in UTC with a Z, with microseconds if there are any: as orjson writes an instant, too."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_safe_int(value: Any) -> int:
    """A whole number within ±(2^53-1). Raises GraphQLError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LIMIT:
        raise GraphQLError("SafeInt is a whole number from -(2^53-1) to 2^53-1.")
    return value


def parse_vector(value: Any) -> list[Any] | str:
    """A list or a text; what is in it is checked with the other items. Raises GraphQLError for anything else."""
    if not isinstance(value, list | str):
        raise GraphQLError(
            "Vector is an array of numbers, or base64 of little-endian 32-bit floats."
        )
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError("This scalar is written as text.")
    return value


def _scalar(name: str, description: str, **options: Any) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, **options)  # type: ignore[no-any-return]


SCALARS: dict[object, ScalarDefinition] = {
    datetime: _scalar(
        "DateTime",
        "An instant, ISO 8601 with an offset, always written in UTC.",
        serialize=print_instant,
        parse_value=parse_instant,
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
    ),
    SafeInt: _scalar(
        "SafeInt",
        "A whole number up to 2^53-1 either way, written as a JSON number. Byte counts need it: Int stops"
        " at 2^31-1.",
        serialize=int,
        parse_value=parse_safe_int,
    ),
    Url: _scalar(
        "URL",
        "An absolute URL.",
        serialize=str,
        parse_value=_text,
        specified_by_url="https://url.spec.whatwg.org/",
    ),
    EventCursor: _scalar(
        "EventCursor",
        "A position in an event stream. Opaque; hand it back unread to go on from there.",
        serialize=str,
        parse_value=_text,
    ),
    Vector: _scalar(
        "Vector",
        "The numbers of a vector. Written as a text: base64 (RFC 4648, with padding) of its components, one after"
        " the other, as 32-bit floats of IEEE 754 in little-endian order. Read in the same form, or as an array of"
        " numbers.",
        serialize=to_text,
        parse_value=parse_vector,
    ),
    Json: _scalar(
        "JSON",
        "Any JSON value. Only where the shape belongs to the customer.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
    ),
}


def config(*, is_sorted: bool) -> StrawberryConfig:
    """Names, scalars and order of the public schema."""
    return StrawberryConfig(name_converter=Names(), scalar_map=SCALARS, sort_schema=is_sorted)
