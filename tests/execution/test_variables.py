"""What is read by a few exact tests comes to what graphql-core's own coercion comes to."""

from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.build import build
from schema.execution.planned.arguments import arguments
from schema.execution.request import Refusal
from schema.execution.variables import Variables

SCHEMA = build()._schema
PLAIN = "query ($a: Int!, $b: String, $c: ID, $d: Boolean!, $e: Int) { __typename }"
OTHERS = "query ($a: Int = 3, $f: FileFilter, $g: [ID!]) { __typename }"
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**33), 2**33),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.lists(st.integers(), max_size=2),
    st.just({}),
)


def operation(text: str) -> OperationDefinitionNode:
    (found,) = parse(text).definitions
    assert isinstance(found, OperationDefinitionNode)
    return found


def given_values(found: VariableValues) -> dict[str, str]:
    return {name: repr(source.value) for name, source in found.sources.items()}


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    text=st.sampled_from([PLAIN, OTHERS]),
    values=st.dictionaries(st.sampled_from("abcdefgz"), VALUES),
)
def test_variables_are_coerced_as_by_graphql_core(text: str, values: dict[str, Any]) -> None:
    definitions = operation(text).variable_definitions or ()
    expected = get_variable_values(SCHEMA, definitions, values)
    try:
        found: Any = Variables.of(SCHEMA, definitions).read(values, "r")
    except Refusal:
        found = None
    if isinstance(expected, VariableValues):
        assert repr(found.coerced) == repr(expected.coerced)  # True is no 1
        assert given_values(found) == given_values(expected)
    else:
        assert found is None


FIELD = SCHEMA.query_type.fields["folders"] if SCHEMA.query_type else None
NAMES = {
    "recursive": "recursive",
    "includeOrganisationAccess": "whole",
    "first": "first",
    "after": "after",
}


@pytest.mark.parametrize(
    "given_", ["", "first: 3", "first: $n", "recursive: $b", "first: null, after: $s"]
)
@pytest.mark.parametrize("values", [{}, {"n": 7, "s": "x", "b": True}, {"n": None, "s": None}])
def test_arguments_are_made_as_by_graphql_core(given_: str, values: dict[str, Any]) -> None:
    declared = "query ($n: Int, $s: String, $b: Boolean = false)"
    asked = operation(
        f"{declared} {{ folders{f'({given_})' if given_ else ''} {{ nodes {{ id }} }} }}"
    )
    (field,) = asked.selection_set.selections
    assert isinstance(field, FieldNode)
    coerced = get_variable_values(SCHEMA, asked.variable_definitions or (), values)
    assert FIELD is not None
    assert isinstance(coerced, VariableValues)
    expected = get_argument_values(FIELD, field, coerced)
    made = arguments(FIELD, field, NAMES)
    assert made is not None
    assert made.values(coerced.coerced) == {NAMES[name]: value for name, value in expected.items()}


def test_a_null_for_what_may_not_be_null_is_left_to_graphql_core() -> None:
    asked = operation("query ($b: Boolean = true) { folders(recursive: $b) { nodes { id } } }")
    (field,) = asked.selection_set.selections
    assert FIELD is not None
    assert isinstance(field, FieldNode)
    made = arguments(FIELD, field, NAMES)
    assert made is not None
    assert made.values({"b": None}) is None
