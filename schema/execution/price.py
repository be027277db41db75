"""What an operation costs: about one point for each object that it can bring, page sizes multiplied.

The price is known before anything runs, and is a bound from above: what `@skip` leaves out is counted, and so is a
page that comes back half empty. Leaf values are free; they come with their object.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    is_object_type,
)

from schema.execution import sizes
from schema.execution.fragments import inner_first, spreads_in
from schema.execution.sums import Program, Sum, Term, Variables

OPERATION = 1
COUNT = 100
"""A `totalCount`, or a facet: it may read 100,000 rows."""
WRITE = 10
"""Each thing that a mutation is about."""

Parent = GraphQLCompositeType


def pricing(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Callable[[Variables], int]:
    """The price of the operation, from its coerced variables. Made once for a document that is valid."""
    desk = _Desk(schema)
    fragments = {
        one.name.value: one
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }
    for name in inner_first(
        {name: spreads_in(one.selection_set) for name, one in fragments.items()}
    ):
        desk.price_fragment(fragments[name])
    last = desk.price_operation(operation)
    if isinstance(last, int):
        return lambda _: last
    return lambda variables: desk.program.run(last, variables)


@dataclass(slots=True)
class _Bill:
    """What selected fields cost: `once`, and for `each` member of the page or the bulk that they belong to."""

    once: Sum = field(default_factory=Sum)
    each: Sum = field(default_factory=Sum)


@dataclass(frozen=True, slots=True)
class _Price:
    """A bill that has been added up."""

    once: Term = 0
    each: Term = 0


class _Desk:
    """Writes the bills of one document."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.program = Program()
        self._schema = schema
        self._payloads = _payloads(schema)
        self._fragments: dict[str, _Price] = {}

    def price_fragment(self, fragment: FragmentDefinitionNode) -> None:
        """Those that it spreads have been priced before."""
        parent = self._named(fragment.type_condition)
        self._fragments[fragment.name.value] = self._price(parent, fragment.selection_set)

    def price_operation(self, operation: OperationDefinitionNode) -> Term:
        """The whole price."""
        total = Sum(OPERATION)
        root = self._schema.get_root_type(operation.operation)
        total.add(self._price(root, operation.selection_set).once)
        return self.program.term(total)

    def _price(self, parent: Parent | None, selected: SelectionSetNode | None) -> _Price:
        bill = _Bill()
        if parent is not None and selected is not None:
            self._add_selected(bill, parent, selected)
        return _Price(self.program.term(bill.once), self.program.term(bill.each))

    def _add_selected(self, bill: _Bill, parent: Parent, selected: SelectionSetNode) -> None:
        for node in selected.selections:
            if isinstance(node, FieldNode):
                self._add_field(bill, parent, node)
            elif isinstance(node, FragmentSpreadNode):
                price = self._fragments.get(node.name.value, _Price())
                bill.once.add(price.once)
                bill.each.add(price.each)
            elif isinstance(node, InlineFragmentNode):
                inner = self._named(node.type_condition) if node.type_condition else parent
                self._add_selected(bill, inner or parent, node.selection_set)

    def _add_field(self, bill: _Bill, parent: Parent, node: FieldNode) -> None:
        definition = self._schema.get_field(parent, node.name.value)
        kind = get_named_type(definition.type) if definition else None
        if definition is None or not is_composite_type(kind):
            return
        price = self._price(kind, node.selection_set)
        is_write = parent is self._schema.mutation_type
        size = sizes.items(node) if is_write else sizes.page(node)
        one = Sum(_own_price(parent, kind, definition, node))
        one.add(WRITE if is_write else 0, size)
        if _is_connection(parent) and node.name.value == "facets":
            one.add(COUNT, sizes.items(node))
        one.add(price.once)
        one.add(price.each, size)
        term = self.program.term(one)
        if not _is_list(definition):
            bill.once.add(term)
        elif _is_connection(parent) or parent.name in self._payloads:
            bill.each.add(term)
        elif _is_meta(parent):
            bill.once.add(term, sizes.introspected(self._schema, node))
        else:
            bill.once.add(term, sizes.members(definition, node))

    def _named(self, node: NamedTypeNode) -> Parent | None:
        found = self._schema.get_type(node.name.value)
        return found if is_composite_type(found) else None


def _own_price(parent: Parent, kind: Parent, definition: GraphQLField, node: FieldNode) -> int:
    name = node.name.value
    if _is_connection(parent) and name == "totalCount":
        return COUNT
    if _is_meta(kind) and not _is_list(definition):
        return 0  # it is a name for what is there already
    if kind.name == "PageInfo" or (parent.name.endswith("Edge") and name == "node"):
        return 0  # it comes with the page, or with the edge
    return 1


def _is_list(definition: GraphQLField) -> bool:
    return is_list_type(get_nullable_type(definition.type))


def _is_connection(kind: Parent) -> bool:
    return kind.name.endswith("Connection")


def _is_meta(kind: Parent) -> bool:
    return kind.name.startswith("__")


def _payloads(schema: GraphQLSchema) -> frozenset[str]:
    """What mutations answer with, and the interfaces of that."""
    mutation = schema.mutation_type
    kinds = [get_named_type(one.type) for one in mutation.fields.values()] if mutation else []
    objects = [kind for kind in kinds if is_object_type(kind)]
    named = [*objects, *(face for kind in objects for face in kind.interfaces)]
    return frozenset(kind.name for kind in named)
