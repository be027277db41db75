"""Documents that were seen before, by their text: parsed, analysed and validated once."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.collect_fields import FragmentDetails
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from schema import failures
from schema.codes import Code
from schema.execution.request import Refusal, Stage, problem

MOST_ERRORS = 20
RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


@dataclass(slots=True)
class Document:
    """A valid document. `plans` is where the executor keeps what it has worked out for its selections."""

    node: DocumentNode
    operations: Mapping[str | None, OperationDefinitionNode]
    fragments: dict[str, FragmentDetails]
    fragment_definitions: dict[str, FragmentDefinitionNode]
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

    def __init__(self, schema: GraphQLSchema, *, tokens: int, capacity: int = 8_000_000) -> None:
        self._schema = schema
        self._tokens = tokens
        self._capacity = capacity
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
        node = self._parse(text, request_id)
        found = validate(self._schema, node, RULES, max_errors=MOST_ERRORS)
        if found:
            told = [failures.public(error, request_id) for error in found[:MOST_ERRORS]]
            raise Refusal(Stage.VALIDATION, told)
        return _document(node)

    def _parse(self, text: str, request_id: str) -> DocumentNode:
        try:
            return parse(text, max_tokens=self._tokens, allow_empty_selection_sets=False)
        except GraphQLSyntaxError as error:
            raise Refusal(Stage.PARSING, [_unparsed(error, self._tokens, request_id)]) from None
        except RecursionError:
            message = "The document is nested too deeply to be read; flatten it."
            told = problem(Code.GRAPHQL_PARSE_FAILED, message, request_id)
            raise Refusal(Stage.PARSING, [told]) from None


def _unparsed(error: GraphQLError, tokens: int, request_id: str) -> dict[str, Any]:
    if "tokens. Parsing aborted" in error.message:
        message = (
            f"The document has more than {tokens:,} tokens; use variables, or several requests."
        )
        return problem(Code.TOKEN_LIMIT, message, request_id, limit=tokens)
    return failures.public(error, request_id, code=Code.GRAPHQL_PARSE_FAILED)


def _document(node: DocumentNode) -> Document:
    operations: dict[str | None, OperationDefinitionNode] = {}
    definitions: dict[str, FragmentDefinitionNode] = {}
    for definition in node.definitions:
        if isinstance(definition, OperationDefinitionNode):
            operations[definition.name.value if definition.name else None] = definition
        elif isinstance(definition, FragmentDefinitionNode):
            definitions[definition.name.value] = definition
    fragments = {name: FragmentDetails(one, None) for name, one in definitions.items()}
    return Document(node, operations, fragments, definitions)
