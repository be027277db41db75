"""What a subscription's events are: each a whole state, or each a change that must not be missed."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

import strawberry
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    NullValueNode,
    SelectionSetNode,
    VariableNode,
)
from strawberry.types.field import StrawberryField

from schema.execution.documents import Document
from schema.execution.operation import Operation

KEY = "stream"
AFTER = "after"


class Stream(Enum):
    """Decides what becomes of events that a subscriber is too slow for, and what late comers are told."""

    STATES = auto()
    """Only the newest counts: older ones may be left out, and whoever joins is given it at once."""
    CHANGES = auto()
    """Each counts: who cannot follow is reset, and goes on after the last cursor that it has seen."""


STATES: Mapping[Any, Any] = {KEY: Stream.STATES}
"""For `strawberry.subscription(metadata=streams.STATES)`; without it events are changes."""


def of_schema(schema: strawberry.Schema) -> dict[str, Stream]:
    """The kind of each subscription field, by its name."""
    root = schema._schema.subscription_type
    fields = root.fields if root else {}
    return {name: _kind(field.extensions) for name, field in fields.items()}


def field_of(operation: Operation) -> FieldNode:
    """The one field of a valid subscription."""
    return _field(operation.definition.selection_set, operation.document)


def resumes(operation: Operation) -> bool:
    """Whether the subscriber has named the event from which to go on."""
    for argument in field_of(operation).arguments or ():
        if argument.name.value == AFTER:
            if isinstance(argument.value, VariableNode):
                name = argument.value.name.value
                return operation.variables.coerced.get(name) is not None
            return not isinstance(argument.value, NullValueNode)
    return False


def _kind(extensions: Mapping[str, Any]) -> Stream:
    definition = extensions.get("strawberry-definition")
    told = definition.metadata if isinstance(definition, StrawberryField) else {}
    kind = told.get(KEY, Stream.CHANGES)
    assert isinstance(kind, Stream)  # noqa: S101  only STATES is meant to be there
    return kind


def _field(selections: SelectionSetNode, document: Document) -> FieldNode:
    match selections.selections[0]:
        case FieldNode() as field:
            return field
        case FragmentSpreadNode() as spread:
            fragment = document.fragment_definitions[spread.name.value]
            return _field(fragment.selection_set, document)
        case InlineFragmentNode() as inline:
            return _field(inline.selection_set, document)
        case other:
            raise TypeError(f"{other.kind} is no selection")
