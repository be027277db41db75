"""The variables of an operation: coerced, and within the limit on their weight.

They are read by functions that were made for their types; whatever those do not know is left to graphql-core,
which also says what is wrong.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

from graphql import (
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    is_non_null_type,
    type_from_ast,
)
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from schema import failures
from schema.codes import Code
from schema.execution import one_of, values
from schema.execution.coercion import Coerce, Coercions
from schema.execution.planned.unusual import Unusual
from schema.execution.request import MOST_ERRORS, Refusal, Stage, problem


@dataclass(frozen=True, slots=True)
class _Known:
    """A variable without a default."""

    signature: GraphQLVariableSignature
    is_required: bool
    coerce: Coerce


@dataclass(frozen=True, slots=True)
class Variables:
    """Reads the variables of one operation. `known` is None if some have defaults."""

    schema: GraphQLSchema
    definitions: Sequence[VariableDefinitionNode]
    known: Sequence[_Known] | None

    @classmethod
    def of(
        cls,
        schema: GraphQLSchema,
        definitions: Sequence[VariableDefinitionNode],
        coercions: Coercions,
    ) -> Self:
        """What the definitions of a valid operation ask for."""
        found = (_known(schema, each, coercions) for each in definitions)
        known = [one for one in found if one is not None]
        return cls(schema, definitions, known if len(known) == len(definitions) else None)

    def read(self, given: Mapping[str, Any], request_id: str) -> VariableValues:
        """The coerced values. Raises Refusal for wrong ones, and for too many."""
        self._check_weight(given, request_id)
        try:
            return self._quickly(given)
        except Unusual:
            return self._slowly(given, request_id)
        except RecursionError:
            return self._coerced(given, request_id)  # which says that it is too deep

    def _quickly(self, given: Mapping[str, Any]) -> VariableValues:
        if self.known is None:
            raise Unusual
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for one in self.known:
            name = one.signature.name
            value = given.get(name, Undefined)
            sources[name] = VariableValueSource(one.signature, value)
            if value is not Undefined:
                coerced[name] = one.coerce(value)
            elif one.is_required:
                raise Unusual
        return VariableValues(sources, coerced)

    def _slowly(self, given: Mapping[str, Any], request_id: str) -> VariableValues:
        self._check_one_of(given, request_id)
        return self._coerced(given, request_id)

    def _coerced(self, given: Mapping[str, Any], request_id: str) -> VariableValues:
        """By graphql-core."""
        found = get_variable_values(
            self.schema, self.definitions, dict(given), max_errors=MOST_ERRORS
        )
        if isinstance(found, VariableValues):
            return found
        code = Code.BAD_USER_INPUT
        told = [failures.public(one, request_id, code) for one in found[:MOST_ERRORS]]
        raise Refusal(Stage.VARIABLES, told)

    def _check_one_of(self, given: Mapping[str, Any], request_id: str) -> None:
        for definition in self.definitions:
            name = definition.variable.name.value
            type_ = type_from_ast(self.schema, definition.type)
            found = islice(one_of.faults(type_, given.get(name), (name,)), MOST_ERRORS)
            told = []
            with suppress(RecursionError):  # graphql-core says that it is too deep
                told = [self._fault(name, at, why, request_id) for at, why in found]
            if told:
                raise Refusal(Stage.VARIABLES, told)

    def _fault(self, name: str, at: one_of.Place, why: str, request_id: str) -> dict[str, Any]:
        message = f"Variable '${name}' got invalid value at '{one_of.told(at)}': {why}."
        return problem(Code.BAD_USER_INPUT, message, request_id)

    def _check_weight(self, given: Mapping[str, Any], request_id: str) -> None:
        if values.weight(self.schema, self.definitions, given) <= values.MOST_VALUES:
            return
        message = f"The variables hold over {values.MOST_VALUES:,} values; send fewer at once."
        told = problem(Code.LITERAL_LIMIT, message, request_id, limit=values.MOST_VALUES)
        raise Refusal(Stage.VARIABLES, [told])


def _known(
    schema: GraphQLSchema, definition: VariableDefinitionNode, coercions: Coercions
) -> _Known | None:
    signature = get_variable_signature(schema, definition)
    if not isinstance(signature, GraphQLVariableSignature) or definition.default_value:
        return None
    kind = signature.type
    return _Known(signature, is_non_null_type(kind), coercions.of(kind))
