"""Arguments of a field: all but those from variables are coerced once a document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    is_non_null_type,
    is_required_argument,
)
from graphql.execution.values import coerce_argument

from schema.execution.planned.inputs import Make
from schema.execution.planned.unusual import Unusual


@dataclass(frozen=True, slots=True)
class _Given:
    """An argument: a variable's value, or without one that of a literal or a default."""

    name: str
    make: Make
    coerced: Any
    """Undefined if there is none."""
    variable: str | None = None
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a resolver is called with, by Python names."""

    given: Sequence[_Given]

    def values(self, coerced: Mapping[str, Any]) -> dict[str, Any] | None:
        """The arguments, for these variables; None if the libraries have to say what is wrong with them."""
        found = {}
        for one in self.given:
            value = one.coerced if one.variable is None else coerced.get(one.variable, one.coerced)
            if one.is_required and (value is None or value is Undefined):
                return None
            if value is not Undefined:
                try:
                    found[one.name] = one.make(value)
                except Unusual:
                    return None
        return found


def arguments(
    field: GraphQLField, node: FieldNode, known: Mapping[str, tuple[str, Make]]
) -> Arguments | None:
    """Those of a field. `known`: by public names, the Python name and what makes the value; None if others were
    given, and where variables stand within a literal."""
    nodes = {one.name.value: one for one in node.arguments or ()}
    found: list[_Given] = []
    for name, argument in field.args.items():
        at = nodes.get(name)
        variable = at.value.name.value if at and isinstance(at.value, VariableNode) else None
        if at is not None and variable is None and _has_variable(at.value):
            return None  # nothing is known of it yet
        coerced = _constant(node, name, argument, at if variable is None else None)
        if variable is None and coerced is Undefined:
            continue
        if name not in known:
            return None
        python_name, make = known[name]
        is_required = variable is not None and is_non_null_type(argument.type)
        found.append(_Given(python_name, make, coerced, variable, is_required))
    return Arguments(found)


def _has_variable(literal: ValueNode) -> bool:
    """Whether a variable stands somewhere in it."""
    if isinstance(literal, ListValueNode):
        return any(map(_has_variable, literal.values))
    if isinstance(literal, ObjectValueNode):
        return any(_has_variable(one.value) for one in literal.fields)
    return isinstance(literal, VariableNode)


def _constant(node: FieldNode, name: str, argument: GraphQLArgument, at: Any) -> Any:
    """The value of a literal, or without one the default; Undefined without either."""
    if at is None and is_required_argument(argument):
        return Undefined
    found: dict[str, Any] = {}
    coerce_argument(found, node, name, argument, at, None, None)
    return next(iter(found.values()), Undefined)
