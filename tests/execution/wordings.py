"""Documents for the tests of analysis and price: hostile families, and random ones over the real schema."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    is_required_argument,
    parse,
    print_ast,
)
from hypothesis import strategies as st

Kind = GraphQLObjectType | GraphQLInterfaceType


def chain(n: int, spreads: int = 1) -> str:
    """n fragments, each of which spreads the next so many times."""
    link = " ".join(
        f"fragment F{i} on Query {{ me {{ id }} {f'...F{i + 1} ' * spreads}}}" for i in range(n)
    )
    return f"{{ ...F0 }} {link} fragment F{n} on Query {{ x: me {{ id }} }}"


FAMILIES: Mapping[str, Callable[[int], str]] = {
    "a chain of fragments": chain,
    "fragments that spread the next one twice": lambda n: chain(n, 2),
    "fragments that nobody spreads": lambda n: (
        "{ me { id } }" + "".join(f" fragment F{i} on Query {{ me {{ id }} }}" for i in range(n))
    ),
    "a fan of fragments, spread by two others": lambda n: (
        "{ ...A ...B }"
        + "".join(f" fragment F{i} on Query {{ me {{ id }} }}" for i in range(n))
        + "".join(
            f" fragment {name} on Query {{ {' '.join(f'...F{i}' for i in range(n))} }}"
            for name in "AB"
        )
    ),
    "a circle of fragments": lambda n: (
        "{ ...F0 }"
        + "".join(
            f" fragment F{i} on Query {{ me {{ id }} ...F{(i + 1) % n} ...F{i // 2} }}"
            for i in range(n)
        )
    ),
    "aliases and literals": lambda n: (
        "{ "
        + " ".join(f'a{i}: file(id: "{i}") @include(if: true) {{ id }}' for i in range(n))
        + " }"
    ),
}
"""How hostile documents grow."""


@st.composite
def documents(draw: st.DrawFn, schema: GraphQLSchema, most_fragments: int = 4) -> str:
    """A valid query over the schema, with fragments, aliases, directives and page sizes; pages by variable $n."""
    names = [f"F{i}" for i in range(draw(st.integers(0, most_fragments)))]
    kinds: dict[str, str] = {}
    written: list[str] = []
    for name in reversed(names):  # each may spread those before it
        kind = draw(
            st.sampled_from(["Query", "Folder", "File", "FileSearchConnection", "FolderEdge"])
        )
        body = _body(draw, schema, kind, dict(kinds), 2)
        kinds[name] = kind
        written.append(f"fragment {name} on {kind} {body}")
    body = _body(draw, schema, "Query", kinds, 4)
    return " ".join([f"query Q($n: Int) {body}", *written])


def _body(
    draw: st.DrawFn, schema: GraphQLSchema, kind: str, fragments: dict[str, str], levels: int
) -> str:
    parent = schema.type_map[kind]
    assert isinstance(parent, Kind)
    told = ["__typename"]
    fields = [name for name in parent.fields if _is_askable(parent.fields[name], levels)]
    chosen = draw(st.lists(st.sampled_from(fields), max_size=3)) if fields else []
    told += [_field(draw, schema, parent, name, fragments, levels) for name in chosen]
    fitting = [name for name, on in fragments.items() if on == kind]
    if fitting:
        told += [f"...{name}" for name in draw(st.lists(st.sampled_from(fitting), max_size=2))]
    if draw(st.booleans()):
        told.append(f"... on {kind} @include(if: true) {{ __typename }}")
    return f"{{ {' '.join(told)} }}"


def _is_askable(field: Any, levels: int) -> bool:
    needs = [name for name, one in field.args.items() if is_required_argument(one)]
    return needs in ([], ["id"]) and (
        levels > 0 or not is_composite_type(get_named_type(field.type))
    )


def _field(
    draw: st.DrawFn,
    schema: GraphQLSchema,
    parent: Kind,
    name: str,
    fragments: dict[str, str],
    levels: int,
) -> str:
    field = parent.fields[name]
    alias = draw(st.sampled_from(["", "other: "]))
    given = []
    if "first" in field.args:
        given.append(draw(st.sampled_from(["first: 3", "last: 20", "first: $n", "first: null"])))
    if "id" in field.args:
        given.append('id: "x"')
    arguments = f"({', '.join(given)})" if given else ""
    kind = get_named_type(field.type)
    inner = ""
    if is_composite_type(kind):
        inner = (
            _body(draw, schema, kind.name, fragments, levels - 1)
            if isinstance(kind, Kind)
            else "{ __typename }"
        )
    return f"{alias}{name}{arguments} {inner}"


def expanded(text: str) -> str:
    """The same document without named fragments: each spread is an inline fragment of the same content."""
    document = parse(text)
    fragments = {
        one.name.value: one
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    plain = [
        OperationDefinitionNode(
            operation=one.operation,
            name=one.name,
            variable_definitions=one.variable_definitions,
            directives=one.directives,
            selection_set=_expanded(one.selection_set, fragments),
        )
        for one in operations
    ]
    return print_ast(DocumentNode(definitions=tuple(plain)))


def _expanded(
    selected: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> SelectionSetNode:
    return SelectionSetNode(
        selections=tuple(_expanded_node(one, fragments) for one in selected.selections)
    )


def _expanded_node(node: Any, fragments: Mapping[str, FragmentDefinitionNode]) -> Any:
    if isinstance(node, FragmentSpreadNode):
        fragment = fragments[node.name.value]
        return InlineFragmentNode(
            type_condition=fragment.type_condition,
            directives=node.directives,
            selection_set=_expanded(fragment.selection_set, fragments),
        )
    if isinstance(node, FieldNode):
        inner = node.selection_set and _expanded(node.selection_set, fragments)
        return FieldNode(
            alias=node.alias,
            name=node.name,
            arguments=node.arguments,
            directives=node.directives,
            selection_set=inner,
        )
    return InlineFragmentNode(
        type_condition=node.type_condition,
        directives=node.directives,
        selection_set=_expanded(node.selection_set, fragments),
    )
