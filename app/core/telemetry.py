"""What the process says of itself in its log: one event a line, each with its request id.

Lines carry ids and never names, contents or secrets. What a client did wrong is said at DEBUG only; a fault
of ours at ERROR, with its traceback. Only the composition roots call `configure`.
"""

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, merge_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from app.core import clock
from app.core.settings import Settings

REQUEST_ID = "labelgraph.request_id"
"""Where an ASGI scope holds the id."""

QUIET: Mapping[str, int] = {
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "httpcore2": logging.WARNING,
    "httpx2": logging.WARNING,
    "opentelemetry": logging.ERROR,  # it warns of each of its tries
    "procrastinate": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "uvicorn.error": logging.WARNING,
}
"""Libraries that tell of each step they take; their warnings are enough for us."""

CLIENT_ERRORS = "strawberry.execution"
"""Reports every failed field as an ERROR with its traceback, client mistakes too; we report bugs ourselves."""


def configure(settings: Settings) -> None:
    """Send everything to standard error: as JSON, or for people, as the settings say.

    Lines of the standard library's `logging` come out in the same form.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _traceback,
                *_ending(settings),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(least, level))
    logging.getLogger(CLIENT_ERRORS).filters[:] = [_at_debug]


class RequestIds:
    """Gives each request and socket its id: on every line of its log, and in the header `X-Request-Id`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the id in the scope and in the log's context."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = scope[REQUEST_ID] = clock.new_id().hex
        # bound for good: each request has a task, and so a context, of its own
        bind_contextvars(request_id=request_id)
        await self._app(scope, receive, _with_header(send, request_id))


def _with_header(send: Send, request_id: str) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.accept"}:
            headers = message.get("headers", ())
            message["headers"] = [*headers, (b"x-request-id", request_id.encode())]
        await send(message)

    return sent


def _ending(settings: Settings) -> list[Processor]:
    if settings.log_json:
        return [structlog.processors.JSONRenderer(serializer=_json)]
    return [_short_time, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]


def _short_time(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """`2025-01-31T12:34:56.789Z` as `12:34:56`: a terminal's lines are read at once."""
    line["timestamp"] = line["timestamp"][11:19]
    return line


def _json(line: EventDict, **_: Any) -> str:
    return orjson.dumps(line, default=str).decode()


def _traceback(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """The exception as `exception`: frames without their variables, messages up to their first line."""
    found = line.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        line["exception"] = "\n".join(_told(error, set()))
    return line


def _told(error: BaseException, seen: set[int]) -> Iterator[str]:
    """What led to the error first. Databases quote rows and parameters from the second line on."""
    seen.add(id(error))
    hidden = None if error.__suppress_context__ else error.__context__
    others = [error.__cause__ or hidden]
    if isinstance(error, BaseExceptionGroup):
        others += error.exceptions
    for other in others:
        if other is not None and id(other) not in seen:
            yield from _told(other, seen)
    yield "".join(traceback.format_tb(error.__traceback__)).rstrip()
    yield f"{type(error).__qualname__}: {str(error).partition(chr(10))[0]}"


def _at_debug(record: logging.LogRecord) -> bool:
    """Say a failed field at DEBUG, without its message and traceback, which may quote what the client sent."""
    record.levelno, record.levelname = logging.DEBUG, "DEBUG"
    kind = type(record.exc_info[1]).__name__ if record.exc_info else "GraphQLError"
    record.msg, record.args, record.exc_info = f"a field was refused: {kind}", (), None
    return logging.getLogger().isEnabledFor(logging.DEBUG)
