"""Top-level errors as clients see them: coded, without anything internal, and of bounded length."""

import re
from typing import Any

import structlog
from graphql import GraphQLError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core import db, errors
from schema.codes import Code
from schema.errors import camel

LONGEST_MESSAGE = 500
"""Characters; what clients sent is quoted in part only."""

CODES: list[tuple[type[BaseException], Code]] = [
    (errors.Unauthenticated, Code.UNAUTHENTICATED),
    (errors.Forbidden, Code.FORBIDDEN),
    (errors.Refused, Code.BAD_USER_INPUT),
    (errors.RateLimited, Code.RATE_LIMITED),
    (errors.Unavailable, Code.UNAVAILABLE),
    (PoolTimeoutError, Code.UNAVAILABLE),
    (TimeoutError, Code.TIMEOUT),
    (GraphQLError, Code.BAD_USER_INPUT),
]
SENTENCES = {
    Code.INTERNAL: "This is a fault of the server; it was logged under the request id.",
    Code.UNAVAILABLE: "A service that this needs is away for a moment; send the request again.",
    Code.TIMEOUT: "This took too long and was stopped; ask for less at once.",
}

_PYTHON_HINT = re.compile(r"Expected value of type '[^']*', found null\. .*", re.DOTALL)
_PYTHON_DIGITS = re.compile(r"but encountered error 'Exceeds the limit .*", re.DOTALL)
_QUOTED = re.compile(r"(['\"])([^'\"]{60})[^'\"]{20,}\1")


def public(error: GraphQLError, request_id: str, code: Code | None = None) -> dict[str, Any]:
    """The error as it goes out. A bug becomes one sentence, and its details go to the log."""
    code = code or code_of(error)
    if code is Code.INTERNAL:
        structlog.get_logger("graphql").error(
            "a resolver failed", exc_info=error.original_error, request_id=request_id
        )
    told: dict[str, Any] = {"message": SENTENCES.get(code) or worded(error.message)}
    if error.locations:
        told["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        told["path"] = error.path
    told["extensions"] = _extensions(error.original_error, code, request_id)
    return told


def code_of(error: GraphQLError) -> Code:
    """The code of an error; INTERNAL for a bug."""
    cause = error.original_error
    if cause is None:
        return Code.GRAPHQL_VALIDATION_FAILED if error.path is None else Code.BAD_USER_INPUT
    for kind, code in CODES:
        if isinstance(cause, kind):
            return code
    return Code.UNAVAILABLE if db.is_passing(cause) else Code.INTERNAL


def worded(message: str) -> str:
    """A library's message without Python's words in it, long quotations cut."""
    message = _PYTHON_HINT.sub("null is not allowed here; leave it out instead.", message)
    message = _PYTHON_DIGITS.sub("but the number has too many digits.", message)
    message = _QUOTED.sub(r"\1\2…\1", message)
    return message if len(message) <= LONGEST_MESSAGE else message[: LONGEST_MESSAGE - 1] + "…"


def _extensions(cause: BaseException | None, code: Code, request_id: str) -> dict[str, Any]:
    field = getattr(cause, "field", ())
    wait = getattr(cause, "retry_after_seconds", None)
    return {
        "code": code.value,
        "retryable": code.is_retryable,
        "requestId": request_id,
        **({"retryAfterSeconds": wait} if wait is not None else {}),
        **({"field": [camel(str(part)) for part in field]} if field else {}),
    }
