"""Says where a variable breaks the rule of a one-of input: Strawberry tells it of the type alone."""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull

Place = tuple[str | int, ...]


def faults(type_: Any, value: Any, at: Place) -> Iterator[tuple[Place, str]]:
    """The places where not exactly one member is given, or a null, and what is wrong there."""
    type_ = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if isinstance(type_, GraphQLList):
        for number, one in enumerate(value if isinstance(value, list) else ()):
            yield from faults(type_.of_type, one, (*at, number))
    elif isinstance(type_, GraphQLInputObjectType) and isinstance(value, dict):
        if _is_one_of(type_) and (len(value) != 1 or None in value.values()):
            members = ", ".join(type_.fields)
            yield at, f"give exactly one of {members}, and no null"
        for name, one in value.items():
            if name in type_.fields:
                yield from faults(type_.fields[name].type, one, (*at, name))


def told(at: Place) -> str:
    """A place as graphql-core writes it: `filter.metadata[1].is`."""
    (first, *rest) = at
    return str(first) + "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in rest)


def _is_one_of(type_: GraphQLInputObjectType) -> bool:
    definition = type_.extensions.get("strawberry-definition")
    return type_.is_one_of or bool(definition and definition.is_one_of)
