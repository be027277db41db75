"""A stream that broke off goes on where it was: EventSource says the last id that it has seen by itself."""

from dataclasses import replace

from graphql import (
    ArgumentNode,
    FieldNode,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
)

from schema.execution import streams
from schema.execution.operation import Operation


def resumed(operation: Operation, cursor: str) -> Operation:
    """The same subscription, with `cursor` as its argument `after`, whatever it had there."""
    field = streams.field_of(operation)
    kept = [one for one in field.arguments or () if one.name.value != streams.AFTER]
    after = ArgumentNode(name=NameNode(value=streams.AFTER), value=StringValueNode(value=cursor))
    selection = FieldNode(
        name=field.name,
        alias=field.alias,
        arguments=(*kept, after),
        directives=field.directives,
        selection_set=field.selection_set,
        loc=field.loc,
    )
    old = operation.definition
    definition = OperationDefinitionNode(
        operation=old.operation,
        name=old.name,
        variable_definitions=old.variable_definitions,
        directives=old.directives,
        selection_set=SelectionSetNode(selections=(selection,)),
        loc=old.loc,
    )
    # plans are kept by the document; what was worked out for the other definition is not for this one
    document = replace(operation.document, plans={})
    return replace(operation, definition=definition, document=document)
