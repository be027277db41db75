"""How much the variables hold: each value has to be read and checked, while nobody else is served."""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    VariableDefinitionNode,
    type_from_ast,
)

MOST_VALUES = 40_000
"""Half of them are read in about 0.05 s."""
OBJECT_WEIGHT = 6
"""An input object takes as long as so many plain values."""


def weight(
    schema: GraphQLSchema,
    definitions: Iterable[VariableDefinitionNode],
    variables: Mapping[str, Any],
) -> int:
    """How many values are to be read, objects counted by their weight; stops soon after MOST_VALUES.

    What stands within a scalar, such as JSON, is one value; where all is so little that it cannot matter, the
    types are not looked at.
    """
    at_most = sum(_most(one) for one in variables.values() if isinstance(one, list | dict))
    if at_most <= MOST_VALUES:
        return at_most
    found = 0
    for definition in definitions:
        given = variables.get(definition.variable.name.value)
        if isinstance(given, list | dict):
            found += _weight(given, type_from_ast(schema, definition.type))
    return found


def _weight(given: Any, kind: Any) -> int:
    found, waiting = 0, [(given, kind)]
    while waiting and found <= MOST_VALUES:
        given, kind = waiting.pop()
        kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        found += 1
        if isinstance(kind, GraphQLList) and isinstance(given, list):
            if len(given) > MOST_VALUES:
                return len(given)
            waiting += [(one, kind.of_type) for one in given]
        elif isinstance(kind, GraphQLInputObjectType) and isinstance(given, dict):
            found += OBJECT_WEIGHT - 1
            fields = kind.fields
            waiting += [(one, fields[name].type) for name, one in given.items() if name in fields]
    return found


def _most(given: Any) -> int:
    """The weight if each object were an input object; stops soon after MOST_VALUES."""
    found, waiting = 0, [given]
    while waiting and found <= MOST_VALUES:
        one = waiting.pop()
        if isinstance(one, dict):
            found += OBJECT_WEIGHT
            waiting += one.values()
        elif isinstance(one, list):
            found += 1
            if len(one) > MOST_VALUES:
                return len(one)
            waiting += one
        else:
            found += 1
    return found
