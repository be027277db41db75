"""The engine: every transport hands it requests, and it alone runs operations."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import strawberry
from graphql import GraphQLError, OperationType
from graphql.execution import (
    ExecutionResult,
    create_source_event_stream,
    default_field_resolver,
    default_type_resolver,
)
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.core.metrics import Metrics
from schema import failures
from schema.codes import Code
from schema.context import Context
from schema.execution import persisted as persisted_documents
from schema.execution.admission import Gate
from schema.execution.budget import Budget, caller
from schema.execution.documents import Documents
from schema.execution.excess import too_dear
from schema.execution.limits import Limits
from schema.execution.observer import Observer
from schema.execution.operation import Event, Operation, Result
from schema.execution.parts import Part, errors_of, parts
from schema.execution.persisted import Persisted
from schema.execution.planned.executor import PlannedExecutor
from schema.execution.planned.inputs import Inputs
from schema.execution.request import MOST_ERRORS, Refusal, Request, Stage, problem


class Engine:
    """Runs the operations of one schema."""

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        persisted: Persisted,
        limits: Limits,
        budget: Budget,
        gate: Gate,
        observer: Observer | None = None,
    ) -> None:
        self._persisted = persisted
        self.observer = observer or Observer(Metrics())
        self._schema = schema._schema
        self._executor = schema.execution_context_class
        self._limits = limits
        self._budget = budget
        self.gate = gate
        self._inputs = Inputs.of_schema(self._schema)
        self.documents = Documents(self._schema, limits, self.observer.phase)

    async def prepare(self, request: Request, context: Context) -> Operation:
        """The operation, ready to run. Raises Refusal."""
        try:
            operation = await self._prepared(request, context)
        except Refusal as refusal:
            self.observer.refused(refusal, context.request_id)
            raise
        self.observer.prepared(operation)
        return operation

    async def _prepared(self, request: Request, context: Context) -> Operation:
        is_named = persisted_documents.is_named(request)
        if is_named or self._persisted.is_closed:
            text = await self._persisted.text(request, context)
        else:
            text = request.query
        if not text:
            message = "There is no document; send it in `query`, or its id in `documentId`."
            raise Refusal(Stage.REQUEST, [problem(Code.BAD_REQUEST, message, context.request_id)])
        document = self.documents.get(text, context.request_id)
        if is_named:
            await self._persisted.keep(request, context)
        definition = document.operation(request.operation_name, context.request_id)
        name = definition.name.value if definition.name else None
        variables = document.variables[name].read(request.variables, context.request_id)
        operation = Operation(document, definition, variables, context)
        await self._charge(operation)
        return operation

    async def _charge(self, operation: Operation) -> None:
        """Draw the price from the caller's bucket. Raises Refusal if it is over a limit, or over the budget."""
        context = operation.context
        price = operation.document.prices[operation.name](operation.variables.coerced)
        if (refusal := too_dear(price, self._limits, context.request_id)) is not None:
            raise refusal
        who = caller(context.credentials, context.address)
        context.balance = await self._budget.draw(who, price, context.request_id)
        operation.extensions["cost"] = context.balance.told()

    async def execute(self, operation: Operation) -> Result:
        """Run a query or a mutation. What failed is in the result, with its path.

        Raises Refusal if there is no room for it.
        """
        told = operation.document.constants.get(operation.name)
        if told is not None:
            with self.observer.running(operation):
                return self._result(ExecutionResult(told), operation)
        with self.observer.running(operation) as errors:
            try:
                found = await self._executed(self._executing(operation), operation)
            except TimeoutError:
                late = GraphQLError("late", original_error=TimeoutError())
                found = ExecutionResult(None, [late])
            result = self._result(found, operation)
            errors.extend(result.errors)
        return result

    async def _executed(self, executor: Any, operation: Operation) -> ExecutionResult:
        async with (
            self.gate.admitted(operation.context.request_id),
            asyncio.timeout(self._limits.seconds),
        ):
            with self.observer.phase("execute"):
                found: Any = executor.execute_operation()
                return found if isinstance(found, ExecutionResult) else await found

    async def stream(self, operation: Operation) -> AsyncGenerator[Part]:
        """Run an operation that defers some of its fields: its result in parts, ready to be written."""
        executor = self._executing(operation, StrawberryGraphQLCoreExecutionContext)
        told = parts(executor, operation.context.request_id, seconds=self._limits.seconds)
        with self.observer.running(operation) as errors:
            async with aclosing(told):
                async for part in told:
                    errors.extend(errors_of(part))
                    yield part

    async def subscribe(self, operation: Operation) -> AsyncGenerator[Event]:
        """The events of a subscription. Raises Refusal, before the first, if it cannot be opened."""
        with self.observer.running(operation):
            async with aclosing(self._events(operation)) as events:
                async for event in events:
                    yield event

    async def _events(self, operation: Operation) -> AsyncGenerator[Event]:
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
                    result = await self._event(executor, payload, operation)
                    yield Event(result.body(), getattr(payload, "cursor", None))
            except Exception as error:
                failed = GraphQLError(str(error), original_error=error)
                if not has_begun:
                    raise _unopened([failed], operation.context) from error
                result = self._result(ExecutionResult(None, [failed]), operation)
                self.observer.told(result.errors, operation.context.request_id)
                yield Event(result.body(), None)

    async def _event(self, executor: Any, payload: Any, operation: Operation) -> Result:
        """Execute one event, within the same bounds as a query; where there is no room, the event says so."""
        with self.observer.event(operation) as errors:
            own = executor.build_per_event_executor(payload)
            try:
                result = self._result(await self._executed(own, operation), operation)
            except Refusal as refusal:
                result = Result(None, operation.context.request_id, refusal.errors)
            except TimeoutError:
                late = GraphQLError("late", original_error=TimeoutError())
                result = self._result(ExecutionResult(None, [late]), operation)
            errors.extend(result.errors)
        return result

    def _executing(self, operation: Operation, kind: Any = None) -> Any:
        document = operation.document
        executor = kind or self._executor
        return executor(
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
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            **(self._planning(operation) if issubclass(executor, PlannedExecutor) else {}),
        )

    def _planning(self, operation: Operation) -> dict[str, Any]:
        """What the planned executor keeps with the document."""
        document, given = operation.document, operation.variables.coerced
        conditions = tuple(given.get(name) for name in document.conditions)
        return {"inputs": self._inputs, "plans": document.plans, "conditions": conditions}

    def _result(self, found: ExecutionResult, operation: Operation) -> Result:
        context = operation.context
        errors = (found.errors or [])[:MOST_ERRORS]
        told = [failures.public(error, context.request_id) for error in errors]
        most = self._limits.answer_bytes
        extensions = {} if operation.kind is OperationType.SUBSCRIPTION else operation.extensions
        return Result(found.data, context.request_id, told, extensions, most)


def _unopened(errors: list[GraphQLError], context: Context) -> Refusal:
    told = [failures.public(error, context.request_id) for error in errors[:MOST_ERRORS]]
    return Refusal(Stage.SOURCE, told)
