"""What operations on the real schema cost, and what holds for any of them."""

import itertools
import re

import pytest
from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    get_introspection_query,
    parse,
    validate,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.build import build
from schema.execution.limits import Limits
from schema.execution.price import COUNT, WRITE, pricing
from schema.execution.sums import MOST
from tests.execution.steps import line_count
from tests.execution.wordings import chain, documents, expanded

SCHEMA: GraphQLSchema = build()._schema
FILE = "{ id folder { id } }"


def price(text: str, **variables: object) -> int:
    """The price of the first operation."""
    document = parse(text)
    first = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    return pricing(SCHEMA, document, first)(variables)


PRICES = [
    ("{ __typename }", 1),
    ("{ me { id name } }", 1 + 1),
    ('{ file(id: "x") { id folder { id } } }', 1 + 2),
    ("{ publicKeys { id } }", 1 + 10),
    # a connection is one, and a row is one with what belongs to it
    ("{ files { pageInfo { endCursor } } }", 1 + 1),
    ("{ files { nodes { id } } }", 1 + 1 + 50),
    ("{ files(first: 7) { nodes { id name } } }", 1 + 1 + 7),
    ("{ files(last: 7) { nodes { id } } }", 1 + 1 + 7),
    ("{ files(first: 7, last: 9) { nodes { id } } }", 1 + 1 + 9),
    ("{ files(first: null) { nodes { id } } }", 1 + 1 + 50),
    ("{ files(first: 0) { nodes { id } } }", 1 + 1),
    ("{ files(first: -7) { nodes { id } } }", 1 + 1),
    ("{ files(first: 7) { edges { cursor } } }", 1 + 1 + 7),
    ("{ files(first: 7) { edges { node { id } } } }", 1 + 1 + 7),
    ("{ files(first: 7) { edges { node { id folder { id } } } } }", 1 + 1 + 7 * 2),
    ("{ files(first: 7) { nodes { id } edges { node { id } } } }", 1 + 1 + 7 + 7),
    ("{ files(first: 7) { totalCount { value } } }", 1 + 1 + COUNT),
    ('{ files(first: 7) { facets(keys: ["a", "b"]) { items { key } } } }', 3 + 2 * COUNT + 10),
    # what lies inside of pages multiplies
    ("{ folders(first: 5) { nodes { files(first: 7) { nodes { id } } } } }", 2 + 5 * (1 + 1 + 7)),
    ("{ folders(first: 5) { nodes { files { totalCount { value } } } } }", 2 + 5 * (2 + COUNT)),
    ("{ folders(first: 5) { nodes { pathToRoot { id } } } }", 2 + 5 * (1 + 10)),
    # by way of fragments
    ("{ files(first: 7) { ...P } } fragment P on FileSearchConnection { nodes { id } }", 2 + 7),
    ("{ files(first: 7) { ...P ...P } } fragment P on FileSearchConnection { nodes { id } }", 2 + 14),
    ("{ a: files(first: 7) { ...P } b: files(first: 9) { ...P } }"
     " fragment P on FileSearchConnection { edges { ...E } }"
     " fragment E on FileSearchEdge { node { folder { id } } }", 1 + 2 + 2 * 7 + 2 * 9),
    ("{ ... on Query @skip(if: true) { me { id } } }", 1 + 1),
]  # fmt: skip


@pytest.mark.parametrize(("text", "points"), PRICES)
def test_a_price_is_about_a_point_for_each_object(text, points):
    assert validate(SCHEMA, parse(text)) == []
    assert price(text) == points


@pytest.mark.parametrize(
    ("text", "variables", "points"),
    [
        ("query ($n: Int) { files(first: $n) { nodes { id } } }", {"n": 9}, 2 + 9),
        ("query ($n: Int) { files(first: $n) { nodes { id } } }", {"n": None}, 2 + 50),
        ("query ($n: Int) { files(first: $n) { nodes { id } } }", {}, 2 + 50),
        ("query ($n: Int) { files(first: $n) { nodes { id } } }", {"n": -9}, 2),
        (
            "query ($n: Int, $m: Int) { files(first: $n, last: $m) { nodes { id } } }",
            {"m": 3},
            2 + 3,
        ),
        (
            "query ($n: Int, $m: Int) { folders(first: $n) { nodes { files(first: $m) { nodes { id } } } } }",
            {"n": 5, "m": 7},
            2 + 5 * (2 + 7),
        ),
        (
            "query ($n: Int) { a: files(first: $n) { ...P } b: files(first: 2) { ...P } }"
            " fragment P on FileSearchConnection"
            " { nodes { composites: folder { files(first: $n) { nodes { id } } } } }",
            {"n": 3},
            1 + 2 + (3 + 2) * (1 + 1 + 1 + 3),
        ),
        ("query ($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["a"] * 7}, 1 + 7),
        ('query ($i: ID!) { nodes(ids: ["a", $i]) { id } }', {"i": "b"}, 1 + 2),
        ("{ nodes(ids: []) { id } }", {}, 1),
    ],
)
def test_sizes_that_are_sent_as_variables_count_when_they_are_known(text, variables, points):
    assert validate(SCHEMA, parse(text)) == []
    assert price(text, **variables) == points


UPDATE = """mutation ($input: UpdateFilesInput!) {
  updateFiles(input: $input) { results { file { id folder { id } } } userErrors { code } }
}"""


@pytest.mark.parametrize("count", [1, 20, 1_000])
def test_a_mutation_costs_by_what_it_is_about(count):
    each = WRITE + (1 + 1 + 1) + 1  # a result with a file and its folder, and an error
    assert price(UPDATE, input={"files": [{}] * count}) == 1 + 1 + count * each
    assert price(UPDATE, input={}) == 1 + 1 + each


def test_a_list_in_what_is_written_is_not_a_number_of_things():
    vector = {"files": [{"metadata": {"embedding": [0.5] * 768}}]}
    assert price(UPDATE, input=vector) == price(UPDATE, input={"files": [{}]})


def test_the_ids_of_a_mutation_may_be_literals_and_variables():
    text = "mutation ($a: ID!) { deleteFiles(input: {fileIds: [%s]}) { userErrors { code } } }"
    assert price(text % '"x", $a', a="y") - price(text % "$a", a="y") == WRITE + 1


def test_what_tools_ask_of_the_schema_is_affordable_and_circles_in_it_are_not():
    assert 1_000 < price(get_introspection_query()) < Limits().cost / 2
    circle = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"
    deeper = circle.replace("{ name }", "{ type { fields { name } } }")
    assert price(deeper) > 4 * price(circle) > Limits().cost


def test_pages_in_pages_are_over_the_limit_before_they_run():
    pages = "{ folders(first: 1000) { nodes { files(first: 1000) { nodes { id } } } } }"
    assert price(pages) > 1_000_000 > Limits().cost


def test_no_price_is_beyond_a_million_million():
    assert price(chain(100, spreads=2)) == MOST
    many = "query ($n: Int) { ...F0 }" + "".join(
        f" fragment F{i} on Query {{ files(first: $n) {{ nodes {{ id }} }} ...F{i + 1} ...F{i + 1} }}"
        for i in range(100)
    )
    assert price(f"{many} fragment F100 on Query {{ me {{ id }} }}", n=1) == MOST


def test_work_is_linear_in_the_document_for_the_first_request_and_for_each():
    first, each = [], []
    for n in (16, 64, 256, 1024):
        text = "query ($n: Int) { ...F0 }" + "".join(
            f" fragment F{i} on Query {{ files(first: $n) {{ nodes {{ id }} }} ...F{i + 1} ...F{i + 1} }}"
            for i in range(n)
        )
        document = parse(f"{text} fragment F{n} on Query {{ me {{ id }} }}")
        operation = document.definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        first.append(line_count(lambda: pricing(SCHEMA, document, operation)))  # noqa: B023
        known = pricing(SCHEMA, document, operation)
        each.append(line_count(lambda: known({"n": 1})))  # noqa: B023
    for counts in (first, each):
        assert max(after / before for before, after in itertools.pairwise(counts)) <= 4.2, counts


def test_a_document_without_variables_in_pages_costs_nothing_to_price_again():
    document = parse("{ folders { nodes { files(first: 7) { nodes { id } } } } }")
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    known = pricing(SCHEMA, document, operation)
    assert line_count(lambda: known({})) <= 2


@settings(max_examples=100, deadline=None)
@given(documents(SCHEMA), st.integers(0, 1_000))
def test_a_document_and_its_expanded_form_cost_the_same(text, size):
    assert price(text, n=size) == price(expanded(text), n=size)


@settings(max_examples=100, deadline=None)
@given(documents(SCHEMA), st.integers(-10, 1_000), st.integers(-10, 1_000))
def test_a_larger_page_never_costs_less(text, one, other):
    small, large = sorted((one, other))
    assert 1 <= price(text, n=small) <= price(text, n=large)


@settings(max_examples=100, deadline=None)
@given(documents(SCHEMA), st.data())
def test_one_more_field_never_costs_less(text, data):
    places = [
        found.end()
        for found in re.finditer(r"(?:query Q\(\$n: Int\)|on (?:Query|File|Folder)) \{", text)
    ]
    place = data.draw(st.sampled_from(places))
    kind = re.findall(r"(?:Q\(\$n: Int\)|on (\w+)) \{$", text[:place])[0] or "Query"
    field = {"Query": "me { id }", "File": "folder { id }", "Folder": "files { nodes { id } }"}[
        kind
    ]
    more = f"{text[:place]} more: {field} {text[place:]}"
    assert price(more, n=5) >= price(text, n=5)
