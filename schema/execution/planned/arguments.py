"""Arguments of a field that are plain values: all but those from variables are worked out once a document."""

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


@dataclass(frozen=True, slots=True)
class _FromVariable:
    """An argument that a variable stands for."""

    name: str
    variable: str
    is_required: bool
    default: Any
    """Undefined if there is none."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a resolver is called with, by Python names."""

    constants: Mapping[str, Any]
    variables: Sequence[_FromVariable]

    def values(self, coerced: Mapping[str, Any]) -> dict[str, Any] | None:
        """The arguments, for these variables; None if graphql-core has to say what is wrong with them."""
        found = dict(self.constants)
        for one in self.variables:
            value = coerced.get(one.variable, one.default)
            if one.is_required and (value is None or value is Undefined):
                return None
            if value is not Undefined:
                found[one.name] = value
        return found


def arguments(field: GraphQLField, node: FieldNode, names: Mapping[str, str]) -> Arguments | None:
    """Those of a field. `names`: public to Python, of its plain ones; None if others were given."""
    given = {one.name.value: one for one in node.arguments or ()}
    constants: dict[str, Any] = {}
    variables: list[_FromVariable] = []
    for name, argument in field.args.items():
        at = given.get(name)
        if at is not None and isinstance(at.value, VariableNode):
            if name not in names:
                return None
            default = _constant(node, name, argument, None)
            is_required = is_non_null_type(argument.type)
            variables.append(_FromVariable(names[name], at.value.name.value, is_required, default))
        elif at is not None and (name not in names or _has_variable(at.value)):
            return None  # its literal may hold variables, of which nothing is known yet
        elif (value := _constant(node, name, argument, at)) is not Undefined:
            if name not in names:
                return None
            constants[names[name]] = value
    return Arguments(constants, variables)


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
