"""What a document comes to once its fragments are expanded, and what is refused for it."""

import itertools
import re
from dataclasses import replace
from pathlib import Path

import graphql
import pytest
from graphql import (
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    get_introspection_query,
    parse,
    specified_rules,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.settings import Settings
from schema.build import build
from schema.codes import Code
from schema.execution.analysis import MOST, Analysis, Figures, analyse
from schema.execution.excess import excess, too_dear, too_long, too_many_tokens
from schema.execution.limits import Limits
from schema.execution.overlaps import OverlapsInTime
from schema.execution.request import Refusal, Stage
from tests.execution.steps import line_count
from tests.execution.wordings import FAMILIES, chain, documents, expanded

SCHEMA: GraphQLSchema = build()._schema
LIMITS = Limits()
LENIENT = [
    rule
    for rule in specified_rules
    if rule
    not in {
        OverlappingFieldsCanBeMergedRule,
        graphql.NoUnusedFragmentsRule,
        graphql.NoUnusedVariablesRule,
    }
]
"""Rules that random documents keep."""
INTROSPECTION = get_introspection_query(
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
)


def analysed(text: str) -> Analysis:
    return analyse(parse(text))


def only(text: str) -> Figures:
    (figures,) = analysed(text).operations.values()
    return figures


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("{ __typename }", 1),
        ("{ me { id } }", 2),
        ("{ me { ... on Me { ... { id } } } }", 2),
        ("{ me { ...F } } fragment F on Me { role { name } }", 3),
        (
            "{ ...A me { id } } fragment A on Query { ...B } fragment B on Query { a { b { c } } }",
            3,
        ),
        ("query A { a } query B { a { b } }", 2),
        ("{ a } fragment Unused on X { a { b { c { d } } } }", 4),
        ("{ __schema { types { name } } }", 0),
        ("{ me { id } __schema { types { fields { name } } } }", 2),
    ],
)
def test_depth_is_the_levels_of_fields_in_any_definition(text, depth):
    assert analysed(text).worst.depth == depth


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("{ me { id } }", 0),
        ("{ __schema { types { name } } }", 3),
        ('{ __type(name: "X") { ...T } } fragment T on __Type { ofType { name } }', 3),
        ("{ ...Q } fragment Q on Query { ... on Query { __schema { types { name } } } }", 3),
        (INTROSPECTION, 15),
    ],
)
def test_introspection_has_a_depth_of_its_own(text, depth):
    figures = only(text)
    assert figures.introspection_depth == depth
    assert figures.has_introspection is (depth > 0)


def test_a_fragment_counts_wherever_it_is_spread():
    figures = only(
        "{ ...F me { ...G ...G } }"
        " fragment F on Query { x: me { y: id @skip(if: false) } ...H @include(if: true) }"
        " fragment G on Me { z: id } fragment H on Query { me { id } a: me { id } }"
    )
    assert figures == Figures(
        depth=2,
        field_count=9,
        alias_count=5,
        directive_count=2,
        root_field_count=4,
    )


def test_counts_of_the_document_are_of_what_is_written():
    analysis = analysed(
        "query A($n: [Int] = [1, 2, []]) { ...F files(first: $n, filter: {a: {b: 1}, c: [$n, {}]}) { x } }"
        " query B { a @include(if: true) } fragment F on X { a } fragment G on X { a }"
    )
    assert (analysis.operation_count, analysis.fragment_count) == (2, 2)
    assert analysis.literal_leaf_count == 3 + 2 + 1


@pytest.mark.parametrize(
    ("text", "is_incremental"),
    [
        ("{ ...F @defer } fragment F on Query { me { id } }", True),
        ("{ ...F } fragment F on Query { ... @defer { me { id } } }", True),
        ("{ ...F @include(if: true) } fragment F on Query { me { id } }", False),
    ],
)
def test_an_answer_in_parts_is_noticed_in_fragments_too(text, is_incremental):
    assert only(text).is_incremental is is_incremental


def test_documents_that_are_not_valid_are_measured_all_the_same():
    circular = only("{ ...A } fragment A on X { a ...B } fragment B on X { b { c } ...A ...B }")
    assert circular.depth == 2
    assert only("{ ...Nowhere a { b } }").depth == 2
    twice = analysed("{ ...F } fragment F on X { a { b { c } } } fragment F on X { a }")
    assert (twice.worst.depth, twice.fragment_count) == (3, 2)
    assert analysed("type A { a: Int }").worst == Figures()


def test_exponential_documents_stop_at_a_million():
    figures = only(chain(100, spreads=2))
    assert (figures.alias_count, figures.field_count) == (MOST, MOST)
    assert figures.depth == 2


def test_nesting_far_beyond_any_limit_does_no_harm():
    """Deeper than Python may recurse; a client cannot send it, since the parser stops before."""
    document = parse("{ a { b } }")
    field = document.definitions[0].selection_set.selections[0]
    selected = field.selection_set
    for _ in range(5_000):
        inner = graphql.FieldNode(
            name=field.name, selection_set=selected, directives=(), arguments=()
        )
        selected = graphql.SelectionSetNode(selections=(inner,))
    deep = graphql.OperationDefinitionNode(
        operation=graphql.OperationType.QUERY, selection_set=selected, directives=()
    )
    assert analyse(graphql.DocumentNode(definitions=(deep,))).worst.depth == 5_001


@pytest.mark.parametrize("family", FAMILIES)
def test_the_work_is_linear_up_to_4096(family):
    counts = []
    for n in (16, 64, 256, 1024, 4096):
        document = parse(FAMILIES[family](n))
        counts.append(line_count(lambda: analyse(document)))  # noqa: B023  called at once
    ratios = [after / before for before, after in itertools.pairwise(counts)]
    assert max(ratios) <= 4.1, counts


@settings(max_examples=100, deadline=None)
@given(documents(SCHEMA))
def test_a_document_and_its_expanded_form_have_equal_figures(text):
    assert graphql.validate(SCHEMA, parse(text), LENIENT) == []
    assert only(text) == only(expanded(text))


@settings(max_examples=100, deadline=None)
@given(documents(SCHEMA), st.data())
def test_one_more_field_lowers_no_figure(text, data):
    places = [found.end() for found in re.finditer(r"\{", text)]
    place = data.draw(st.sampled_from(places))
    more = f"{text[:place]} more: me @include(if: true) {{ id }} {text[place:]}"
    before, after = analysed(text), analysed(more)
    for name in Figures.__slots__:
        assert getattr(after.worst, name) >= getattr(before.worst, name), name


def repeated(part: str, count: int) -> str:
    return " ".join(part.replace("#", str(i)) for i in range(count))


def nested(names: list[str]) -> str:
    return "".join(f"{{ {name} " for name in names) + "}" * len(names)


AT_THE_LIMIT = [
    (Code.OPERATION_LIMIT, 20, lambda n: repeated("query Q# { me { id } }", n)),
    (Code.FRAGMENT_LIMIT, 100, lambda n: "{ a } " + repeated("fragment F# on X { a }", n)),
    (Code.DEPTH_LIMIT, 12, lambda n: nested(["a"] * n)),
    (Code.DEPTH_LIMIT, 12, lambda n: f"{{ a ...F }} fragment F on X {nested(['a'] * n)}"),
    (Code.DEPTH_LIMIT, 20, lambda n: nested(["__schema", "types", *["ofType"] * (n - 2)])),
    (Code.ROOT_FIELD_LIMIT, 20, lambda n: f"{{ {'me ' * n} }}"),
    (Code.ROOT_FIELD_LIMIT, 20, lambda n: f"{{ {'...F ' * n} }} fragment F on X {{ a }}"),
    (Code.ALIAS_LIMIT, 30, lambda n: f"{{ me {{ {repeated('a#: id', n)} }} }}"),
    (Code.ALIAS_LIMIT, 30, lambda n: f"{{ me {{ {'...F ' * n} }} }} fragment F on X {{ a: b }}"),
    (Code.DIRECTIVE_LIMIT, 50, lambda n: f"{{ me {'@x ' * n} {{ id }} }}"),
    (Code.DIRECTIVE_LIMIT, 50, lambda n: f"query ($a: Int {'@x ' * n}) {{ me {{ id }} }}"),
    (Code.LITERAL_LIMIT, 200, lambda n: f"{{ a(b: [{'1 ' * n}]) }}"),
    (Code.LITERAL_LIMIT, 200, lambda n: f"{{ {repeated('a', 9)} a(b: {{c: [{'{} ' * n}]}}) }}"),
]


@pytest.mark.parametrize(("code", "limit", "text"), AT_THE_LIMIT)
def test_a_figure_may_be_at_its_limit_and_is_refused_beyond(code, limit, text):
    assert excess(analysed(text(limit)), LIMITS, "r1") is None
    refusal = excess(analysed(text(limit + 1)), LIMITS, "r1")
    assert refusal is not None
    assert refusal.stage is Stage.VALIDATION
    (error,) = refusal.errors
    assert error["extensions"] == {
        "code": code.value,
        "limit": limit,
        "actual": limit + 1,
        "requestId": "r1",
        "retryable": False,
    }
    assert f"{limit + 1:,}" in error["message"]
    assert f"at most {limit:,}" in error["message"]


def test_everything_that_is_over_a_limit_is_named():
    refusal = excess(analysed(chain(100, spreads=2)), LIMITS, "r1")
    assert refusal is not None
    codes = {error["extensions"]["code"]: error for error in refusal.errors}
    assert set(codes) == {"FRAGMENT_LIMIT", "ROOT_FIELD_LIMIT", "ALIAS_LIMIT"}
    assert "1,000,000 or more aliases" in codes["ALIAS_LIMIT"]["message"]


def told(refusal: Refusal | None) -> tuple[Stage, str, int, int]:
    assert refusal is not None
    extensions = refusal.errors[0]["extensions"]
    return refusal.stage, extensions["code"], extensions["limit"], extensions["actual"]


def test_what_is_not_of_the_analysis_has_its_code_and_figures_too():
    small = replace(LIMITS, characters=10, tokens=5, cost=7)
    assert told(too_long("{ me { id } }", small, "r")) == (Stage.PARSING, "BODY_TOO_LARGE", 10, 13)
    assert told(too_many_tokens(small, "r")) == (Stage.PARSING, "TOKEN_LIMIT", 5, 6)
    assert told(too_dear(8, small, "r")) == (Stage.VALIDATION, "COST_LIMIT", 7, 8)
    assert too_long("{ me { id } }", LIMITS, "r") is None
    assert too_dear(7, small, "r") is None


def test_the_defaults_are_those_of_the_settings():
    assert Limits.of(Settings()) == Limits()
    assert Limits.of(Settings(max_depth=3)) == Limits(depth=3)


def test_what_tools_ask_passes_and_circular_introspection_does_not():
    assert excess(analysed(INTROSPECTION), LIMITS, "r") is None
    circular = nested(["__schema", "types", *["fields", "type"] * 10, "name"])
    refusal = excess(analysed(circular), LIMITS, "r")
    assert refusal is not None
    assert told(refusal)[1:] == ("DEPTH_LIMIT", 20, 23)


def test_what_the_readme_shows_is_far_within_the_limits():
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    shown = re.findall(r"```graphql\n(.*?)```", readme, re.DOTALL)
    assert shown
    half = replace(LIMITS, aliases=15, root_fields=10, literals=100, directives=25)
    assert [text for text in shown if excess(analysed(text), half, "r")] == []


RULES = [
    OverlapsInTime if one is OverlappingFieldsCanBeMergedRule else one for one in specified_rules
]


def comparisons(text: str, rules: list[type[graphql.ASTValidationRule]]) -> list[str]:
    return [one.message for one in graphql.validate(SCHEMA, parse(text), rules, max_errors=20)]


def test_fields_that_agree_may_meet_fifty_times_in_one_place():
    fragments = repeated("fragment F# on Me { id name role email }", 50)
    spread = repeated("...F#", 50)
    assert comparisons(f"{{ me {{ {spread} }} }} {fragments}", RULES) == []


def test_comparing_fields_ends_before_it_takes_long():
    clash = f"{{ me {{ {repeated('memberships(first: #) { __typename }', 160)} }} }}"
    assert comparisons(clash, RULES) == ["Validation aborted."]
    assert len(comparisons(clash, list(specified_rules))) == 21
