"""A result in parts: what comes at once, then what `@defer` has put off.

The shape is that of the GraphQL working draft: `pending` announces, `incremental` brings, `completed` ends.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any

from graphql import GraphQLError
from graphql.execution import (
    ExecutionResult,
    ExperimentalIncrementalExecutionResults,
    SubsequentIncrementalExecutionResult,
)

from schema import failures
from schema.execution.request import MOST_ERRORS

Part = dict[str, Any]


async def parts(executor: Any, request_id: str, *, seconds: float) -> AsyncGenerator[Part]:
    """Run the operation; after `seconds` in all, what is still pending is given up with TIMEOUT."""
    teller = _Teller(request_id)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    try:
        async with asyncio.timeout_at(deadline):
            found = executor.execute_operation()
            if not isinstance(found, ExecutionResult | ExperimentalIncrementalExecutionResults):
                found = await found
    except TimeoutError:
        yield {"data": None, "errors": [teller.late()], "hasNext": False}
        return
    if isinstance(found, ExecutionResult):
        yield {**teller.whole(found), "hasNext": False}
        return
    initial, rest = found
    yield {**teller.whole(initial), "pending": teller.announced(initial.pending), "hasNext": True}
    async with aclosing(rest):
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    later = await anext(rest)
            except StopAsyncIteration:
                return
            except TimeoutError:
                yield teller.given_up()
                return
            yield teller.later(later)


def errors_of(part: Part) -> list[Part]:
    """All errors that a part tells."""
    later = [*part.get("incremental", ()), *part.get("completed", ())]
    return [error for one in (part, *later) for error in one.get("errors", ())]


class _Teller:
    """Writes parts, and keeps where the pending ones belong."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._pending: dict[str, Part] = {}

    def whole(self, found: Any) -> Part:
        """Data and errors of a result."""
        told = {"data": found.data}
        return {"errors": self._public(found.errors), **told} if found.errors else told

    def announced(self, pending: Iterable[Any]) -> list[Part]:
        """What is still to come."""
        told = [dict(one.formatted) for one in pending]
        self._pending.update({one["id"]: one for one in told})
        return told

    def later(self, found: SubsequentIncrementalExecutionResult) -> Part:
        """What has come since."""
        told: Part = {}
        if found.pending:
            told["pending"] = self.announced(found.pending)
        if found.incremental:
            told["incremental"] = [self._brought(one) for one in found.incremental]
        if found.completed:
            told["completed"] = [self._completed(one) for one in found.completed]
        return {**told, "hasNext": found.has_next}

    def given_up(self) -> Part:
        """The deadline is over."""
        errors = [self.late()]
        return {
            "completed": [{"id": key, "errors": errors} for key in self._pending],
            "hasNext": False,
        }

    def late(self) -> Part:
        """The error of what took too long."""
        return self._public([GraphQLError("late", original_error=TimeoutError())])[0]

    def _brought(self, found: Any) -> Part:
        """Path and label are of an older draft, which clients still read; ids are of the present one."""
        at = self._pending[found.id]
        told: Part = {"id": found.id, "data": found.data}
        if found.sub_path:
            told["subPath"] = found.sub_path
        if found.errors:
            told["errors"] = self._public(found.errors)
        told["path"] = [*at["path"], *(found.sub_path or ())]
        return {**told, "label": at["label"]} if at.get("label") else told

    def _completed(self, found: Any) -> Part:
        self._pending.pop(found.id, None)
        if not found.errors:
            return {"id": found.id}
        return {"id": found.id, "errors": self._public(found.errors)}

    def _public(self, errors: Iterable[GraphQLError]) -> list[Part]:
        told = [failures.public(error, self._request_id) for error in errors]
        return told[:MOST_ERRORS]
