"""How many things a field will bring, by its arguments or by experience."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_list_type,
    is_required_argument,
)

from app.core.paging import DEFAULT_SIZE
from schema.execution.sums import MOST, Size, Variables

LIST = 10
"""Members of a list that does not page; such lists are short."""
INTROSPECTION: Mapping[str, int] = {
    "args": 2,
    "directives": 10,
    "enumValues": 3,
    "fields": 5,
    "inputFields": 3,
    "interfaces": 1,
    "possibleTypes": 1,
}
"""Members of these lists of a type or field, on the average over all types."""
PAGE = ("first", "last")
DIGITS = 9
"""Longer whole numbers are no sizes; validation refuses them."""


def page(node: FieldNode) -> Size:
    """How many rows of a connection are asked for; the larger of `first` and `last`, if both are given."""
    return _largest((_number(given) for given in arguments(node, PAGE)), DEFAULT_SIZE)


def members(field: GraphQLField, node: FieldNode) -> Size:
    """How many a list has: one for each member of a list that must be given, such as `ids`, if there is one."""
    names = [
        name
        for name, argument in field.args.items()
        if is_required_argument(argument) and is_list_type(get_nullable_type(argument.type))
    ]
    return _largest((_length(given) for given in arguments(node, names)), LIST)


def items(node: FieldNode) -> Size:
    """How many things a mutation is about: the length of the longest list in its arguments, at least 1."""
    return _largest((_longest(argument.value) for argument in node.arguments or ()), 1, least=1)


def introspected(schema: GraphQLSchema, node: FieldNode) -> int:
    """How many members a list has that speaks of the schema itself."""
    name = node.name.value
    return len(schema.type_map) if name == "types" else INTROSPECTION.get(name, LIST)


def arguments(node: FieldNode, names: Iterable[str]) -> list[ValueNode]:
    """The values that are given for these arguments."""
    return [one.value for one in node.arguments or () if one.name.value in names]


Reader = Callable[[Variables], int | None]


def _largest(found: Iterable[int | Reader | None], default: int, least: int = 0) -> Size:
    """The largest of what is given, but `least` at least; `default` if nothing is."""
    told = list(found)
    known = [one for one in told if isinstance(one, int)]
    readers = [one for one in told if callable(one)]

    def size(variables: Variables) -> int:
        read = (one(variables) for one in readers)
        given = [*known, *(value for value in read if value is not None)]
        return max(least, *given) if given else default

    return size if readers else size({})


def _number(node: ValueNode) -> int | Reader | None:
    if isinstance(node, VariableNode):
        return _reading(node.name.value, lambda value: value if isinstance(value, int) else None)
    if isinstance(node, IntValueNode):
        return int(node.value) if len(node.value) <= DIGITS else MOST
    return None


def _length(node: ValueNode) -> int | Reader | None:
    if isinstance(node, VariableNode):
        return _reading(node.name.value, length)
    if isinstance(node, ListValueNode):
        return len(node.values)
    return None if isinstance(node, NullValueNode) else 1


def _longest(node: ValueNode) -> int | Reader | None:
    if isinstance(node, VariableNode):
        return _reading(node.name.value, longest)
    if isinstance(node, ObjectValueNode):
        return _largest((_length(member.value) for member in node.fields), 1)
    return _length(node)


def longest(value: Any) -> int:
    """The length of the longest list that is a member of this input; what lies deeper is not looked at."""
    if isinstance(value, Mapping):
        return max(map(length, value.values()), default=1)
    return length(value)


def length(value: Any) -> int:
    """Of a list its length; anything else is a list of one."""
    return len(value) if isinstance(value, (list, tuple)) else 1


def _reading(name: str, read: Callable[[Any], int | None]) -> Reader:
    def found(variables: Variables) -> int | None:
        value = variables.get(name)
        return None if value is None else read(value)

    return found
