"""One operation or fragment by itself: how large it is, and which fragments it spreads where."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from graphql import (
    ArgumentNode,
    ConstArgumentNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

INTROSPECTIVE = frozenset({"__schema", "__type"})
INCREMENTAL = frozenset({"defer", "stream"})

Definition = OperationDefinitionNode | FragmentDefinitionNode
Waiting = list[tuple[SelectionSetNode, int, bool]]
"""Selections to look at, how deep they lie, and whether within introspection."""


@dataclass(slots=True)
class Figures:
    """The size of an operation or a fragment, with a fragment's fields counted wherever it is spread."""

    depth: int = 0
    """Levels of fields outside of introspection; `{ me { id } }` has two."""
    introspection_depth: int = 0
    """The same for what lies in `__schema` and `__type`, from the root of the operation."""
    field_count: int = 0
    alias_count: int = 0
    directive_count: int = 0
    root_field_count: int = 0
    has_introspection: bool = False
    is_incremental: bool = False
    """Whether it asks for `@defer` or `@stream`."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Where a definition spreads a fragment."""

    name: str
    depth: int
    is_introspective: bool


@dataclass(slots=True)
class Part:
    """One definition by itself: its own figures, and what they lack."""

    own: Figures = field(default_factory=Figures)
    spreads: list[Spread] = field(default_factory=list)
    literal_leaf_count: int = 0


def part_of(definition: Definition) -> Part:
    """Look at one definition. Nothing recurses, so nesting cannot end us."""
    part = Part()
    _note_directives(part, definition.directives)
    for variable in definition.variable_definitions or ():
        _note_directives(part, variable.directives)
        if variable.default_value:
            part.literal_leaf_count += _leaf_count(variable.default_value)
    waiting: Waiting = [(definition.selection_set, 0, _is_introspective(definition))]
    while waiting:
        _note_selections(part, waiting, *waiting.pop())
    return part


def _is_introspective(definition: Definition) -> bool:
    """Whether it is a fragment on a type that describes the schema."""
    if isinstance(definition, OperationDefinitionNode):
        return False
    return definition.type_condition.name.value.startswith("__")


def _note_selections(
    part: Part, waiting: Waiting, selected: SelectionSetNode, depth: int, is_meta: bool
) -> None:
    for node in selected.selections:
        if node.directives:
            _note_directives(part, node.directives)
        if isinstance(node, FieldNode):
            inside = is_meta or node.name.value in INTROSPECTIVE
            _note_field(part.own, node, depth + 1, inside)
            if node.arguments:
                _note_arguments(part, node.arguments)
            if node.selection_set:
                waiting.append((node.selection_set, depth + 1, inside))
        elif isinstance(node, InlineFragmentNode):
            waiting.append((node.selection_set, depth, is_meta))
        elif isinstance(node, FragmentSpreadNode):
            part.spreads.append(Spread(node.name.value, depth, is_meta))


def _note_field(own: Figures, node: FieldNode, level: int, is_meta: bool) -> None:
    own.field_count += 1
    own.root_field_count += level == 1
    own.alias_count += node.alias is not None
    if not is_meta:
        own.depth = max(own.depth, level)
        return
    own.introspection_depth = max(own.introspection_depth, level)
    own.has_introspection = True


def _note_directives(part: Part, directives: Iterable[DirectiveNode] | None) -> None:
    for directive in directives or ():
        part.own.directive_count += 1
        part.own.is_incremental |= directive.name.value in INCREMENTAL
        _note_arguments(part, directive.arguments or ())


def _note_arguments(part: Part, arguments: Iterable[ArgumentNode | ConstArgumentNode]) -> None:
    for argument in arguments:
        part.literal_leaf_count += _leaf_count(argument.value)


def _leaf_count(value: ValueNode) -> int:
    """How many values a literal holds; an empty list or object is one, too."""
    count, waiting = 0, [value]
    while waiting:
        node = waiting.pop()
        inner: list[ValueNode] = []
        if isinstance(node, ListValueNode):
            inner.extend(node.values)
        elif isinstance(node, ObjectValueNode):
            inner.extend(member.value for member in node.fields)
        count += not inner and not isinstance(node, VariableNode)
        waiting.extend(inner)
    return count
