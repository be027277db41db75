"""Documents that were seen before, by their text: parsed, analysed and validated once."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    VariableNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from schema import failures
from schema.codes import Code
from schema.execution.analysis import analyse
from schema.execution.coercion import Coercions
from schema.execution.deferral import deferring
from schema.execution.excess import excess, too_long, too_many_tokens
from schema.execution.limits import Limits
from schema.execution.overlaps import OverlapsInTime
from schema.execution.price import pricing
from schema.execution.request import MOST_ERRORS, Refusal, Stage, problem
from schema.execution.variables import Variables

RULES = (
    *(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule),
    OverlapsInTime,
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)


@dataclass(slots=True)
class Document:
    """A valid document. `plans` is where the executor keeps what it has worked out for its selections."""

    node: DocumentNode
    operations: Mapping[str | None, OperationDefinitionNode]
    fragments: dict[str, FragmentDetails]
    fragment_definitions: dict[str, FragmentDefinitionNode]
    variables: Mapping[str | None, Variables]
    """Of each operation."""
    prices: Mapping[str | None, Callable[[Mapping[str, Any]], int]]
    """Of each operation, from its coerced variables."""
    constants: Mapping[str | None, dict[str, Any]]
    """The answers of operations that ask for nothing but `__typename`: what probes send."""
    deferring: frozenset[str | None] = frozenset()
    """The names of the operations with `@defer`."""
    conditions: tuple[str, ...] = ()
    """The names of the variables that @skip and @include look at."""
    plans: dict[Any, Any] = field(default_factory=dict)

    def operation(self, name: str | None, request_id: str) -> OperationDefinitionNode:
        """The operation of this name; without a name, the only one. Raises Refusal."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name) if name is not None else None
        if found is None:
            raise Refusal(Stage.OPERATION, [_unpicked(self, name, request_id)])
        return found


def _unpicked(document: Document, name: str | None, request_id: str) -> dict[str, Any]:
    if name is not None:
        message = f"The document has no operation named {name[:60]!r}."
    elif document.operations:
        message = "The document has several operations; say in operationName which one to run."
    else:
        message = "The document has no operation; send a query, mutation or subscription."
    return problem(Code.OPERATION_RESOLUTION_FAILED, message, request_id)


class Documents:
    """The cache: at most `capacity` characters of text, the longest unused go first."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        phase: Callable[[str], AbstractContextManager[None]],
        *,
        capacity: int = 8_000_000,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._phase = phase
        self._capacity = capacity
        self._coercions = Coercions()
        self._size = 0
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self.hit_count = 0
        self.miss_count = 0

    def get(self, text: str, request_id: str) -> Document:
        """The document of this text. Raises Refusal if it cannot be read or is not valid."""
        found = self._kept.get(text)
        if found is not None:
            self.hit_count += 1
            self._kept.move_to_end(text)
            return found
        self.miss_count += 1
        document = self._read(text, request_id)
        self._keep(text, document)
        return document

    def _keep(self, text: str, document: Document) -> None:
        self._kept[text] = document
        self._size += len(text)
        while self._size > self._capacity:
            gone, _ = self._kept.popitem(last=False)
            self._size -= len(gone)

    def _read(self, text: str, request_id: str) -> Document:
        if (refusal := too_long(text, self._limits, request_id)) is not None:
            raise refusal
        with self._phase("parse"):
            node = self._parse(text, request_id)
        with self._phase("validate"):
            return self._checked(text, node, request_id)

    def _checked(self, text: str, node: DocumentNode, request_id: str) -> Document:
        if (refusal := excess(analyse(node), self._limits, request_id)) is not None:
            raise refusal  # before it is validated: some rules take long over a hostile document
        found = validate(self._schema, node, RULES, max_errors=MOST_ERRORS)
        if found:
            code = Code.GRAPHQL_VALIDATION_FAILED
            told = [failures.public(error, request_id, code) for error in found[:MOST_ERRORS]]
            raise Refusal(Stage.VALIDATION, told)
        defers = deferring(node) if "@" in text and "defer" in text else frozenset()
        return _document(self._schema, node, defers, self._coercions)

    def _parse(self, text: str, request_id: str) -> DocumentNode:
        try:
            return parse(text, max_tokens=self._limits.tokens, allow_empty_selection_sets=False)
        except GraphQLSyntaxError as error:
            if "tokens. Parsing aborted" in error.message:
                raise too_many_tokens(self._limits, request_id) from None
            told = failures.public(error, request_id, code=Code.GRAPHQL_PARSE_FAILED)
            raise Refusal(Stage.PARSING, [told]) from None
        except RecursionError:
            message = "The document is nested too deeply to be read; flatten it."
            told = problem(Code.GRAPHQL_PARSE_FAILED, message, request_id)
            raise Refusal(Stage.PARSING, [told]) from None


def _document(
    schema: GraphQLSchema,
    node: DocumentNode,
    deferring: frozenset[str | None],
    coercions: Coercions,
) -> Document:
    operations: dict[str | None, OperationDefinitionNode] = {}
    definitions: dict[str, FragmentDefinitionNode] = {}
    for definition in node.definitions:
        if isinstance(definition, OperationDefinitionNode):
            operations[definition.name.value if definition.name else None] = definition
        elif isinstance(definition, FragmentDefinitionNode):
            definitions[definition.name.value] = definition
    fragments = {name: FragmentDetails(one, None) for name, one in definitions.items()}
    prices = {name: pricing(schema, node, one) for name, one in operations.items()}
    constants = {name: told for name, one in operations.items() if (told := _constant(schema, one))}
    variables = {
        name: Variables.of(schema, one.variable_definitions or (), coercions)
        for name, one in operations.items()
    }
    return Document(
        node,
        operations,
        fragments,
        definitions,
        variables,
        prices,
        constants,
        deferring,
        _conditions(node),
    )


def _constant(schema: GraphQLSchema, operation: OperationDefinitionNode) -> dict[str, Any] | None:
    """The answer of an operation that needs no execution; None if it does."""
    told: dict[str, Any] = {}
    name = schema.query_type.name if schema.query_type else ""
    for one in operation.selection_set.selections:
        if not isinstance(one, FieldNode) or one.directives or one.name.value != "__typename":
            return None
        told[one.alias.value if one.alias else "__typename"] = name
    is_read = operation.operation is OperationType.QUERY and not operation.directives
    return told if is_read else None


def _conditions(node: DocumentNode) -> tuple[str, ...]:
    found = _Conditions()
    visit(node, found)
    return tuple(sorted(found.names))


class _Conditions(Visitor):
    """Collects the variables in directives of selections."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names.add(argument.value.name.value)
