"""What is made by functions for each type comes to what graphql-core's and Strawberry's own conversion come to."""

from contextlib import suppress
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    OperationDefinitionNode,
    parse,
    type_from_ast,
)
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.schema.schema_converter import get_arguments

from schema.build import build
from schema.execution.coercion import Coercions
from schema.execution.planned.arguments import Arguments, arguments
from schema.execution.planned.inputs import Inputs
from schema.execution.planned.plan import _known
from schema.execution.request import Refusal
from schema.execution.variables import Variables

SCHEMA = build()._schema
INPUTS = Inputs.of_schema(SCHEMA)
COERCIONS = Coercions()
PLAIN = "query ($a: Int!, $b: String, $c: ID, $d: Boolean!, $e: Int) { __typename }"
OTHERS = "query ($a: Int = 3, $f: FileFilter, $g: [ID!]) { __typename }"
DEEP = "query ($f: FileFilter, $s: [FileSort!], $n: SimilarityInput, $m: [[Int!]]) { __typename }"
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**33), 2**33),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.lists(st.integers(), max_size=2),
    st.just({}),
)
TEXTS = {
    "DateTime": ["2026-01-02T03:04:05Z", "yesterday"],
    "ID": ["file_00", "x"],
    "Vector": ["AACAPw==", "?"],
}
FIELDS = "files(filter: $f, sort: $s, similarTo: $n, presetIds: $p, first: $i, after: $t)"
DECLARED = (
    "query ($f: FileFilter, $s: [FileSort!], $n: SimilarityInput, $p: [ID!], $i: Int, $t: String)"
)


def values_of(kind: Any, depth: int) -> st.SearchStrategy[Any]:
    """Values of an input type as they come as JSON, now and then a wrong one."""
    if isinstance(kind, GraphQLNonNull):
        return values_of(kind.of_type, depth)
    if isinstance(kind, GraphQLList):
        return st.lists(values_of(kind.of_type, depth), max_size=2) | st.none()
    if isinstance(kind, GraphQLEnumType):
        return st.sampled_from([*kind.values, "NOTHING"])
    if isinstance(kind, GraphQLInputObjectType):
        return objects_of(kind, depth)
    return st.sampled_from([None, *TEXTS.get(kind.name, ["a", 1, 2.5, True, 2**31])])


def objects_of(kind: GraphQLInputObjectType, depth: int) -> st.SearchStrategy[Any]:
    """Objects of all that is required and some of the rest; of one-of types, of one member mostly."""
    if depth == 0:
        return st.sampled_from([{}, None, {"strange": 1}])
    members = {name: values_of(one.type, depth - 1) for name, one in kind.fields.items()}
    some = st.lists(st.sampled_from(list(members)), max_size=2, unique=True)
    if kind.is_one_of:
        some = st.lists(st.sampled_from(list(members)), min_size=1, max_size=1) | some
    needed = [name for name, one in kind.fields.items() if isinstance(one.type, GraphQLNonNull)]
    return some.flatmap(
        lambda names: st.fixed_dictionaries({name: members[name] for name in {*names, *needed}})
    )


def variables_of(text: str, depth: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    """Values for the variables that a text declares, some left out."""
    kinds = {
        one.variable.name.value: type_from_ast(SCHEMA, one.type)
        for one in operation(text).variable_definitions or ()
    }
    return st.fixed_dictionaries({}, optional={n: values_of(k, depth) for n, k in kinds.items()})


def operation(text: str) -> OperationDefinitionNode:
    (found,) = parse(text).definitions
    assert isinstance(found, OperationDefinitionNode)
    return found


def given_values(found: VariableValues) -> dict[str, str]:
    return {name: repr(source.value) for name, source in found.sources.items()}


def in_order(value: Any) -> Any:
    """The members of objects by name: graphql-core puts them in the order of the type."""
    if isinstance(value, dict):
        return {name: in_order(value[name]) for name in sorted(value)}
    return [in_order(one) for one in value] if isinstance(value, list) else value


def check(text: str, values: dict[str, Any]) -> None:
    definitions = operation(text).variable_definitions or ()
    expected = get_variable_values(SCHEMA, definitions, values)
    try:
        found: Any = Variables.of(SCHEMA, definitions, COERCIONS).read(values, "r")
    except Refusal:
        found = None
    if isinstance(expected, VariableValues):
        assert repr(in_order(found.coerced)) == repr(in_order(expected.coerced))  # True is no 1
        assert given_values(found) == given_values(expected)
    else:
        assert found is None


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    text=st.sampled_from([PLAIN, OTHERS]),
    values=st.dictionaries(st.sampled_from("abcdefgz"), VALUES),
)
def test_variables_are_coerced_as_by_graphql_core(text: str, values: dict[str, Any]) -> None:
    check(text, values)


@settings(max_examples=1_500, deadline=None, derandomize=True)
@given(values=variables_of(DEEP))
def test_so_are_input_objects(values: dict[str, Any]) -> None:
    check(DEEP, values)


@pytest.mark.parametrize("levels", [100, 250, 900, 1_000, 1_020])
def test_what_is_nested_very_deeply_is_answered(levels: int) -> None:
    deep: Any = {}
    for _ in range(levels):
        deep = {"not": deep}
    text = "query ($m: [[Int!]], $f: FileFilter) { __typename }"
    definitions = operation(text).variable_definitions or ()
    variables = Variables.of(SCHEMA, definitions, COERCIONS)
    for values in ({"f": deep}, {"m": 1, "f": deep}):  # what is no list is read another way
        with suppress(Refusal):
            variables.read(values, "r")


def test_hardly_any_of_them_is_left_to_graphql_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Variables, "_slowly", None)
    values = {
        "f": {"not": {"metadata": [{"key": "a", "is": {"number": {"gte": 1}}}]}},
        "s": [{"by": {"field": "NAME"}}],
        "n": {"embedding": "look", "anchor": {"vector": "AACAPw=="}},
    }
    check(DEEP, values)


QUERY: Any = SCHEMA.query_type
FILES, FOLDERS = QUERY.fields["files"], QUERY.fields["folders"]
OWNER: Any = SCHEMA.extensions["strawberry-definition"]


def converted(field: Any, node: FieldNode, coerced: VariableValues) -> Any:
    """What the libraries make of a field's arguments; None if they refuse."""
    ours = field.extensions["strawberry-definition"]
    try:
        given = get_argument_values(field, node, coerced)
        _, found = get_arguments(
            field=ours,
            source=None,
            info=None,
            kwargs=given,
            config=OWNER.config,
            scalar_registry=OWNER.schema_converter.scalar_registry,
        )
    except Exception:
        return None
    return {name: value for name, value in found.items() if name != "info"}


def compiled(field: Any, node: FieldNode) -> Arguments:
    made = arguments(field, node, _known(field.extensions["strawberry-definition"], INPUTS))
    assert made is not None
    return made


def first_field(asked: OperationDefinitionNode) -> FieldNode:
    (field,) = asked.selection_set.selections
    assert isinstance(field, FieldNode)
    return field


@settings(max_examples=1_000, deadline=None, derandomize=True)
@given(values=variables_of(f"{DECLARED} {{ __typename }}"))
def test_arguments_are_made_as_by_strawberry(values: dict[str, Any]) -> None:
    asked = operation(f"{DECLARED} {{ {FIELDS} {{ nodes {{ id }} }} }}")
    coerced = get_variable_values(SCHEMA, asked.variable_definitions or (), values)
    if not isinstance(coerced, VariableValues):
        return
    node = first_field(asked)
    expected = converted(FILES, node, coerced)
    assert repr(compiled(FILES, node).values(coerced.coerced)) == repr(expected)


@pytest.mark.parametrize(
    "given_",
    [
        "",
        "first: 3",
        "first: $n",
        "recursive: $b",
        "first: null, after: $s",
        "sort: [{by: {field: NAME}, direction: DESC}], first: $n",
        'filter: {name: {startsWith: "a"}}, recursive: $b',
    ],
)
@pytest.mark.parametrize("values", [{}, {"n": 7, "s": "x", "b": True}, {"n": None, "s": None}])
def test_arguments_of_literals_are_made_so_too(given_: str, values: dict[str, Any]) -> None:
    declared = "query ($n: Int, $s: String, $b: Boolean = false)"
    asked = operation(
        f"{declared} {{ folders{f'({given_})' if given_ else ''} {{ nodes {{ id }} }} }}"
    )
    coerced = get_variable_values(SCHEMA, asked.variable_definitions or (), values)
    assert isinstance(coerced, VariableValues)
    node = first_field(asked)
    expected = converted(FOLDERS, node, coerced)
    assert repr(compiled(FOLDERS, node).values(coerced.coerced)) == repr(expected)


def test_a_null_for_what_may_not_be_null_is_left_to_graphql_core() -> None:
    asked = operation("query ($b: Boolean = true) { folders(recursive: $b) { nodes { id } } }")
    assert compiled(FOLDERS, first_field(asked)).values({"b": None}) is None


def test_a_variable_within_a_literal_is_left_to_graphql_core() -> None:
    asked = operation("query ($k: [ID!]) { files(filter: {id: {in: $k}}) { nodes { id } } }")
    known = _known(FILES.extensions["strawberry-definition"], INPUTS)
    assert arguments(FILES, first_field(asked), known) is None
