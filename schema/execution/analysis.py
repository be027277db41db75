"""How large a document is once its fragments are expanded, found in one pass and without expanding them.

It runs before validation, whose own rules are slow for hostile documents. So it takes any document that could be
parsed: with fragments that are missing, unused, defined twice or circular, and fields that do not exist.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter

from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode

from schema.execution.definition import Figures, Part, Spread, part_of
from schema.execution.fragments import inner_first

_FIGURES = attrgetter(*Figures.__slots__)
MOST = 1_000_000
"""Counts stop here: n fragments that spread each other twice stand for 2^n fields."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The sizes of a document."""

    operations: Mapping[str | None, Figures]
    worst: Figures
    """Each figure at its largest, over all operations and fragments, whether they are used or not."""
    operation_count: int
    fragment_count: int
    literal_leaf_count: int
    """Values written into the document: 2 for `(filter: {name: "a", tags: []})`; variables are none."""


def analyse(document: DocumentNode) -> Analysis:
    """Look at every node of the document once."""
    operations: list[tuple[str | None, Part]] = []
    fragments: list[tuple[str, Part]] = []
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            name = definition.name.value if definition.name else None
            operations.append((name, part_of(definition)))
        elif isinstance(definition, FragmentDefinitionNode):
            fragments.append((definition.name.value, part_of(definition)))
    totals = _totals(dict(fragments))
    asked = [(name, _total(part, totals)) for name, part in operations]
    spare = [replace(_total(part, totals), root_field_count=0) for _, part in fragments]
    return Analysis(
        operations=dict(asked),
        worst=_largest([*(figures for _, figures in asked), *spare]),
        operation_count=len(operations),
        fragment_count=len(fragments),
        literal_leaf_count=sum(part.literal_leaf_count for _, part in (*operations, *fragments)),
    )


def _totals(fragments: Mapping[str, Part]) -> dict[str, Figures]:
    """The figures of every fragment, each worked out once."""
    spreads = {name: [one.name for one in part.spreads] for name, part in fragments.items()}
    totals: dict[str, Figures] = {}
    for name in inner_first(spreads):
        totals[name] = _total(fragments[name], totals)
    return totals


def _total(part: Part, fragments: Mapping[str, Figures]) -> Figures:
    """A definition's own figures and those of the fragments that it spreads."""
    total = replace(part.own)
    for spread in part.spreads:
        found = fragments.get(spread.name)
        if found is not None:
            _add(total, found, spread)
    return total


def _add(total: Figures, found: Figures, at: Spread) -> None:
    below, meta_below = found.depth, found.introspection_depth
    if at.is_introspective:
        below, meta_below = 0, max(below, meta_below)
    if below:
        total.depth = min(MOST, max(total.depth, at.depth + below))
    if meta_below:
        total.introspection_depth = min(MOST, max(total.introspection_depth, at.depth + meta_below))
    total.field_count = min(MOST, total.field_count + found.field_count)
    total.alias_count = min(MOST, total.alias_count + found.alias_count)
    total.directive_count = min(MOST, total.directive_count + found.directive_count)
    if at.depth == 0:
        total.root_field_count = min(MOST, total.root_field_count + found.root_field_count)
    total.has_introspection |= found.has_introspection
    total.is_incremental |= found.is_incremental


def _largest(every: Iterable[Figures]) -> Figures:
    columns = zip(*map(_FIGURES, every), strict=True)
    return Figures(*map(max, columns))
