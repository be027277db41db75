"""The variables of an operation: coerced, and within the limit on their weight.

Operations whose variables are all plain scalars, as most are, have them read by a few exact tests; whatever
those do not know is left to graphql-core, which also says what is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from graphql import (
    GraphQLBoolean,
    GraphQLID,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    VariableDefinitionNode,
    get_nullable_type,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from schema import failures
from schema.codes import Code
from schema.execution import values
from schema.execution.request import MOST_ERRORS, Refusal, Stage, problem


def _is_int(value: Any) -> bool:
    return type(value) is int and -(2**31) <= value < 2**31


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_bool(value: Any) -> bool:
    return value is True or value is False


_TESTS: dict[Any, Callable[[Any], bool]] = {
    GraphQLInt: _is_int,
    GraphQLString: _is_text,
    GraphQLID: _is_text,
    GraphQLBoolean: _is_bool,
}


@dataclass(frozen=True, slots=True)
class _Plain:
    """A variable of a plain scalar, without a default."""

    signature: GraphQLVariableSignature
    is_required: bool
    test: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Variables:
    """Reads the variables of one operation. `plain` is None if there are others than plain ones."""

    schema: GraphQLSchema
    definitions: Sequence[VariableDefinitionNode]
    plain: Sequence[_Plain] | None

    @classmethod
    def of(cls, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> Self:
        """What the definitions of a valid operation ask for."""
        plain = [one for one in (_plain(schema, each) for each in definitions) if one is not None]
        return cls(schema, definitions, plain if len(plain) == len(definitions) else None)

    def read(self, given: Mapping[str, Any], request_id: str) -> VariableValues:
        """The coerced values. Raises Refusal for wrong ones, and for too many."""
        return self._quickly(given) or self._slowly(given, request_id)

    def _quickly(self, given: Mapping[str, Any]) -> VariableValues | None:
        if self.plain is None:
            return None
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for one in self.plain:
            name = one.signature.name
            value = given.get(name, Undefined)
            if value is Undefined or value is None:
                if one.is_required:
                    return None
            elif not one.test(value):
                return None
            sources[name] = VariableValueSource(one.signature, value)
            if value is not Undefined:
                coerced[name] = value
        return VariableValues(sources, coerced)

    def _slowly(self, given: Mapping[str, Any], request_id: str) -> VariableValues:
        self._check_weight(given, request_id)
        found = get_variable_values(
            self.schema, self.definitions, dict(given), max_errors=MOST_ERRORS
        )
        if isinstance(found, VariableValues):
            return found
        code = Code.BAD_USER_INPUT
        told = [failures.public(one, request_id, code) for one in found[:MOST_ERRORS]]
        raise Refusal(Stage.VARIABLES, told)

    def _check_weight(self, given: Mapping[str, Any], request_id: str) -> None:
        if values.weight(self.schema, self.definitions, given) <= values.MOST_VALUES:
            return
        message = f"The variables hold over {values.MOST_VALUES:,} values; send fewer at once."
        told = problem(Code.LITERAL_LIMIT, message, request_id, limit=values.MOST_VALUES)
        raise Refusal(Stage.VARIABLES, [told])


def _plain(schema: GraphQLSchema, definition: VariableDefinitionNode) -> _Plain | None:
    signature = get_variable_signature(schema, definition)
    if not isinstance(signature, GraphQLVariableSignature) or definition.default_value:
        return None
    test = _TESTS.get(get_nullable_type(signature.type))
    return test and _Plain(signature, is_non_null_type(signature.type), test)
