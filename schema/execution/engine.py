"""The engine: every transport hands it requests, and it alone runs operations."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import strawberry
from graphql import GraphQLError, OperationDefinitionNode
from graphql.execution import (
    ExecutionResult,
    create_source_event_stream,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.execution import optimized_is_awaitable

from schema import failures
from schema.codes import Code
from schema.context import Context
from schema.execution.documents import MOST_ERRORS, Documents
from schema.execution.operation import Event, Operation, Result
from schema.execution.request import Refusal, Request, Stage, problem


class Engine:
    """Runs the operations of one schema."""

    def __init__(self, schema: strawberry.Schema, *, seconds: float = 10.0) -> None:
        self._schema = schema._schema
        self._executor = schema.execution_context_class
        self._seconds = seconds
        self.documents = Documents(self._schema, tokens=5_000)

    async def prepare(self, request: Request, context: Context) -> Operation:
        """The operation, ready to run. Raises Refusal."""
        if not request.query:
            message = "There is no document; send it in `query`, or its id in `documentId`."
            raise Refusal(Stage.REQUEST, [problem(Code.BAD_REQUEST, message, context.request_id)])
        document = self.documents.get(request.query, context.request_id)
        definition = document.operation(request.operation_name, context.request_id)
        variables = self._coerced(definition, request, context)
        return Operation(document, definition, variables, context)

    def _coerced(
        self, definition: OperationDefinitionNode, request: Request, context: Context
    ) -> VariableValues:
        found = get_variable_values(
            self._schema,
            definition.variable_definitions or (),
            dict(request.variables),
            max_errors=MOST_ERRORS,
        )
        if isinstance(found, VariableValues):
            return found
        code = Code.BAD_USER_INPUT
        told = [failures.public(one, context.request_id, code) for one in found[:MOST_ERRORS]]
        raise Refusal(Stage.VARIABLES, told)

    async def execute(self, operation: Operation) -> Result:
        """Run a query or a mutation. What failed is in the result, with its path."""
        try:
            async with asyncio.timeout(self._seconds):
                found: Any = self._executing(operation).execute_operation()
                if not isinstance(found, ExecutionResult):
                    found = await found
        except TimeoutError:
            late = GraphQLError("late", original_error=TimeoutError())
            found = ExecutionResult(None, [late])
        return _result(found, operation.context)

    async def subscribe(self, operation: Operation) -> AsyncGenerator[Event]:
        """The events of a subscription. Raises Refusal, before the first, if it cannot be opened."""
        executor = self._executing(operation)
        stream: Any = create_source_event_stream(executor)
        if executor.is_awaitable(stream):
            stream = await stream
        if isinstance(stream, ExecutionResult):
            raise _unopened(stream.errors or [], operation.context)
        has_begun = False
        async with aclosing(stream):
            try:
                async for payload in stream:
                    has_begun = True
                    found: Any = executor.build_per_event_executor(payload).execute_operation(False)
                    if not isinstance(found, ExecutionResult):
                        found = await found
                    cursor = getattr(payload, "cursor", None)
                    yield Event(_result(found, operation.context).body(), cursor)
            except Exception as error:
                failed = GraphQLError(str(error), original_error=error)
                if not has_begun:
                    raise _unopened([failed], operation.context) from error
                body = _result(ExecutionResult(None, [failed]), operation.context).body()
                yield Event(body, None)

    def _executing(self, operation: Operation) -> Any:
        document = operation.document
        return self._executor(
            self._schema,
            document.fragment_definitions,
            document.fragments,
            None,
            operation.context,
            operation.definition,
            operation.variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  it is annotated more loosely
        )


def _unopened(errors: list[GraphQLError], context: Context) -> Refusal:
    told = [failures.public(error, context.request_id) for error in errors[:MOST_ERRORS]]
    return Refusal(Stage.SOURCE, told)


def _result(found: ExecutionResult, context: Context) -> Result:
    errors = found.errors or []
    told = [failures.public(error, context.request_id) for error in errors[:MOST_ERRORS]]
    return Result(found.data, told)
