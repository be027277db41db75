"""What the engine and the transports say of their work: counted, traced, and logged where somebody should look.

Names, documents and values of clients get into no figure and no line; into traces the name of the operation does,
and the document if the settings say so.
"""

import hashlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

import structlog
from graphql import OperationType

from app.core.metrics import Metrics
from app.core.tracing import Tracer
from schema.codes import Code
from schema.execution.operation import Operation
from schema.execution.request import Error, Refusal

FAULTS = frozenset({Code.INTERNAL, Code.TIMEOUT, Code.UNAVAILABLE})
"""Codes that are for the operator to mend; all others say what the client can do."""
PAUSE_SECONDS = 10.0
"""Between lines that say it again: an outage must not flood the log."""


class Observer:
    """One for each engine."""

    def __init__(
        self,
        figures: Metrics,
        tracer: Tracer | None = None,
        *,
        slow_seconds: float = 1.0,
        keeps_documents: bool = False,
    ) -> None:
        self.figures = figures
        self._tracer = tracer or Tracer()
        self._slow_seconds = slow_seconds
        self._keeps_documents = keeps_documents
        self._log = structlog.get_logger("graphql")
        self._outage = _Outage()
        figures.expect(Code)

    def serving(
        self, request_id: str, headers: Mapping[bytes, bytes] | None = None
    ) -> AbstractContextManager[None]:
        """A transport works on one operation inside the block."""
        return self._tracer.serving(headers or {}, {"labelgraph.request_id": request_id})

    def phase(self, name: str) -> AbstractContextManager[None]:
        """The engine does this one thing inside the block: parse, validate or execute."""
        return self._tracer.span(f"graphql.{name}")

    def prepared(self, operation: Operation) -> None:
        """It may run. For a subscription the trace ends: events have traces of their own."""
        if not self._tracer.is_on:
            return
        self._tracer.note(self._described(operation), name=operation.kind.value)
        if operation.kind is OperationType.SUBSCRIPTION:
            self._tracer.end()

    def refused(self, refusal: Refusal, request_id: str, kind: str = "unknown") -> None:
        """It does not run."""
        self.figures.refused(kind)
        self._tell(refusal.errors, request_id)

    def rejected(self, error: Error, request_id: str) -> None:
        """A transport had to say no."""
        self.figures.refused("unknown")
        self._tell([error], request_id)

    def running(self, operation: Operation) -> "_Run":
        """It runs inside the block, which gets a list for the errors that its client is told."""
        return _Run(self, operation)

    def ended(self, operation: Operation, seconds: float, errors: Sequence[Error]) -> None:
        """It has run."""
        outcome = "errors" if errors else "ok"
        self.figures.ended(operation.kind.value, outcome, seconds, _points(operation))
        if errors:
            self._tell(errors, operation.context.request_id)
        if seconds >= self._slow_seconds and operation.kind is not OperationType.SUBSCRIPTION:
            self._tell_slow(operation, seconds)

    def broken(self, operation: Operation, seconds: float, outcome: str) -> None:
        """It did not come to its end: nobody waits for it any more, or a bug, of which transports tell."""
        self.figures.ended(operation.kind.value, outcome, seconds, _points(operation))

    @contextmanager
    def event(self, operation: Operation) -> Iterator[list[Error]]:
        """The same for an event of a subscription."""
        began = time.perf_counter()
        attributes = self._described(operation) if self._tracer.is_on else {}
        errors: list[Error] = []
        with self._tracer.event("graphql.event", attributes):
            yield errors
            self.told(errors, operation.context.request_id)
        self.figures.event(time.perf_counter() - began)

    def told(self, errors: Sequence[Error], request_id: str) -> None:
        """A client was told of these, in whichever way."""
        if errors:
            self._tell(errors, request_id)

    def _tell(self, errors: Sequence[Error], request_id: str) -> None:
        codes = [Code(error["extensions"]["code"]) for error in errors]
        self.figures.told(codes)
        worst = next((code for code in codes if code in FAULTS), codes[0])
        self._tracer.fail(worst, is_fault=worst in FAULTS)
        if worst is Code.UNAVAILABLE:
            if count := self._outage.count():
                self._log.warning("unavailable", count=count, request_id=request_id)
        elif worst is not Code.INTERNAL:  # each of those has its line already, with its traceback
            self._log.debug("refused", codes=sorted(set(codes)), request_id=request_id)

    def _tell_slow(self, operation: Operation, seconds: float) -> None:
        self._log.warning(
            "slow",
            kind=operation.kind.value,
            document=_digest(operation),
            seconds=round(seconds, 3),
            points=_points(operation),
            request_id=operation.context.request_id,
        )

    def _described(self, operation: Operation) -> dict[str, str | int]:
        """By OpenTelemetry's conventions for GraphQL servers, as far as these go."""
        found: dict[str, str | int] = {
            "graphql.operation.type": operation.kind.value,
            "labelgraph.request_id": operation.context.request_id,
        }
        if operation.name is not None:
            found["graphql.operation.name"] = operation.name
        if self._keeps_documents:
            found["graphql.document"] = _text(operation)
        points = _points(operation)
        return found if points is None else {**found, "labelgraph.points": points}


class _Run:
    """One operation at work. Quicker than a generator would be: each request passes here."""

    __slots__ = ("_began", "_errors", "_observer", "_operation")

    def __init__(self, observer: Observer, operation: Operation) -> None:
        self._observer = observer
        self._operation = operation
        self._errors: list[Error] = []
        self._began = time.perf_counter()

    def __enter__(self) -> list[Error]:
        return self._errors

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        seconds = time.perf_counter() - self._began
        operation, observer = self._operation, self._observer
        if error is None:
            observer.ended(operation, seconds, self._errors)
        elif isinstance(error, Refusal):
            observer.refused(error, operation.context.request_id, operation.kind.value)
        elif isinstance(error, Exception):
            observer.broken(operation, seconds, "errors")
        elif operation.kind is OperationType.SUBSCRIPTION:  # nobody listens any more: a good end
            observer.ended(operation, seconds, self._errors)
        else:
            observer.broken(operation, seconds, "cancelled")


class _Outage:
    """What happens often, and is to be said now and then only."""

    def __init__(self) -> None:
        self._count = 0
        self._said_at = -math.inf

    def count(self) -> int:
        """How often it has happened since it was last said; 0 if it is too early to say it again."""
        self._count += 1
        now = time.monotonic()
        if now - self._said_at < PAUSE_SECONDS:
            return 0
        self._said_at, count, self._count = now, self._count, 0
        return count


def _points(operation: Operation) -> int | None:
    balance = operation.context.balance
    return balance.price if balance else None


def _text(operation: Operation) -> str:
    at = operation.definition.loc
    return at.source.body if at else ""


def _digest(operation: Operation) -> str:
    """By which the client knows the document, too: it is the id of Apollo's persisted queries."""
    return hashlib.sha256(_text(operation).encode()).hexdigest()
