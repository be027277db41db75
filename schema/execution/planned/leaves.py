"""How leaf values are written: Python expressions that check a value's exact type and leave it raw for orjson."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from graphql import GraphQLEnumType, GraphQLLeafType, GraphQLScalarType, Undefined

from schema.execution.planned.unusual import Unusual

TESTS = {
    "String": "type(%) is str",
    "ID": "type(%) is str",
    "URL": "type(%) is str",
    "EventCursor": "type(%) is str",
    "Boolean": "type(%) is bool",
    "Int": "type(%) is int and -2147483648 <= % <= 2147483647",
    "SafeInt": "type(%) is int",
    "Float": "type(%) is float and % - % == 0.0",
    "DateTime": "type(%) is datetime and %.tzinfo is UTC",
    "JSON": "True",
}
"""For scalars whose public form is the value itself, as orjson writes it: when that is so of the value `%`."""

NAMES = {"datetime": datetime, "UTC": UTC}
"""What the tests refer to."""


def test(scalar: str, variable: str) -> str:
    """The test of a scalar's values as an expression."""
    return TESTS[scalar].replace("%", variable)


def unusual() -> Any:
    """Raises Unusual: an expression's way out."""
    raise Unusual


def coercer(leaf: GraphQLLeafType) -> Callable[[Any], Any]:
    """What makes the public form of a value that is not null. Raises anything for one that has none."""
    if isinstance(leaf, GraphQLEnumType):
        return names_of(leaf).__getitem__
    if leaf.name in TESTS:
        namespace: dict[str, Any] = {**NAMES, "unusual": unusual}
        return eval(f"lambda v: v if {test(leaf.name, 'v')} else unusual()", namespace)  # type: ignore[no-any-return]  # noqa: S307
    return _by_the_library(leaf)


def _by_the_library(leaf: GraphQLScalarType) -> Callable[[Any], Any]:
    def coerced(value: Any) -> Any:
        found = leaf.coerce_output_value(value)
        return unusual() if found is None or found is Undefined else found

    return coerced


def names_of(enum: GraphQLEnumType) -> dict[Any, str]:
    """The public name of each member of an enum, and of the text that the database keeps for it."""
    found: dict[Any, str] = {}
    for name, value in enum.values.items():
        member = value.value
        found[member] = name
        if isinstance(member, Enum):
            found[member.value] = name
    wrapped = getattr(enum, "wrapped_cls", None)
    for member in wrapped or ():
        found[member] = enum.coerce_output_value(member)
    return found
