"""A span for each SQL statement that runs while something is traced, on both of our roads to the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from sqlalchemy import event
from sqlalchemy.engine import Connection, ExceptionContext

from app.core.db import Database, driver_url
from app.core.reads import Ended, Reads

LONGEST_TEXT = 4_000
"""Characters of a statement that a span keeps."""

_ENDING = "labelgraph.ending"


class StatementSpans:
    """Listens to the connections that go to one address, in `postgresql://` form."""

    def __init__(self, tracer: Tracer, url: str) -> None:
        self._tracer = tracer
        self._shared = _address(url)

    def begin(self, sql: str) -> Ended | None:
        """A statement begins to run; what to call at its end. None if nothing is being traced."""
        if not trace.get_current_span().is_recording():
            return None
        operation = sql.lstrip(" \n(").partition(" ")[0].upper()
        attributes = {
            **self._shared,
            "db.operation.name": operation,
            "db.query.text": sql[:LONGEST_TEXT],
        }
        span = self._tracer.start_span(operation, kind=SpanKind.CLIENT, attributes=attributes)

        def ended(error: BaseException | None) -> None:
            if error is not None:
                span.set_attributes(_failure(error))
                span.set_status(Status(StatusCode.ERROR))
            span.end()

        return ended

    @contextmanager
    def of_reads(self, reads: Reads) -> Iterator[None]:
        """Inside the block, hear of what runs on the driver's own connections."""
        reads.listeners.append(self.begin)
        try:
            yield
        finally:
            reads.listeners.remove(self.begin)

    @contextmanager
    def of_database(self, database: Database) -> Iterator[None]:
        """Inside the block, hear of what SQLAlchemy runs."""
        engine = database.engine.sync_engine
        hooks: dict[str, Callable[..., None]] = {
            "before_cursor_execute": self._before,
            "after_cursor_execute": _after,
            "handle_error": _failed,
        }
        for name, hook in hooks.items():
            event.listen(engine, name, hook)
        try:
            yield
        finally:
            for name, hook in hooks.items():
                event.remove(engine, name, hook)

    def _before(self, connection: Connection, _: Any, statement: str, *__: Any) -> None:
        connection.info[_ENDING] = self.begin(statement)


def _after(connection: Connection, *_: Any) -> None:
    _end(connection, None)


def _failed(context: ExceptionContext) -> None:
    if context.connection is not None:
        _end(context.connection, context.original_exception)


def _end(connection: Connection, error: BaseException | None) -> None:
    ending: Ended | None = connection.info.pop(_ENDING, None)
    if ending is not None:
        ending(error)


def _address(url: str) -> dict[str, str | int]:
    """What all spans say of the server, by the conventions."""
    found = driver_url(url)
    host = found.host or found.query.get("host")
    address = {"server.address": host, "server.port": found.port, "db.namespace": found.database}
    told = {name: value for name, value in address.items() if isinstance(value, str | int)}
    return {"db.system.name": "postgresql", **told}


def _failure(error: BaseException) -> dict[str, str]:
    """PostgreSQL's code, or what kind of error it was; messages may quote values."""
    state = getattr(error, "sqlstate", None)
    if not state:
        return {"error.type": type(error).__qualname__}
    return {"error.type": state, "db.response.status_code": state}
