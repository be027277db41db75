"""What every transport hands to the engine, and how the engine says no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from schema.codes import Code

MOST_ERRORS = 20
"""In one answer."""
Error = dict[str, Any]
"""An error as it goes out: message, and where known locations and path; code and more in `extensions`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One operation as it was asked for; well-formed, but nothing else is known of it."""

    query: str | None = None
    document_id: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)


class Stage(Enum):
    """How far a request came before it was refused; transports choose their status by it."""

    REQUEST = auto()
    """It is not well-formed."""
    PARSING = auto()
    VALIDATION = auto()
    """Also every limit on the document, and the price."""
    OPERATION = auto()
    """No operation could be picked."""
    VARIABLES = auto()
    METHOD = auto()
    """This kind of operation does not go by this way."""
    DOCUMENT_ID = auto()
    """The document is not known, or not allowed."""
    CALLER = auto()
    """The credentials do not hold."""
    SOURCE = auto()
    """A subscription whose stream could not be opened."""
    BUDGET = auto()
    """The caller has spent too much: 429, with `retry_after_seconds`."""
    CAPACITY = auto()
    """The server has no room just now: 503, with `retry_after_seconds`."""


class Refusal(Exception):
    """The request was refused before anything ran. `errors` are public."""

    def __init__(
        self,
        stage: Stage,
        errors: Sequence[Error],
        *,
        retry_after_seconds: float | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(errors[0]["message"])
        self.stage = stage
        self.errors = list(errors)
        self.retry_after_seconds = retry_after_seconds
        self.extensions = dict(extensions or {})


def problem(code: Code, message: str, request_id: str, **more: Any) -> Error:
    """An error of our own wording; `more` goes into its extensions (`limit=`, `actual=`, …)."""
    told = {"code": code.value, "retryable": code.is_retryable, "requestId": request_id, **more}
    return {"message": message, "extensions": told}
