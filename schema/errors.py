"""Errors as clients see them: `userErrors` for what they can mend, coded top-level errors for the rest."""

import re
from enum import StrEnum

import strawberry
import structlog
from graphql import GraphQLError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from strawberry.extensions import SchemaExtension
from strawberry.extensions.mask_errors import MaskErrors

from app.core import db, errors
from schema import enums


class UserErrorCode(StrEnum):
    """The codes of app.core.errors."""

    INVALID = "INVALID"
    TOO_LARGE = "TOO_LARGE"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    CONFLICT = "CONFLICT"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    REVISION_CONFLICT = "REVISION_CONFLICT"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


enums.public(
    UserErrorCode,
    "Why a change was refused. The list only grows: have a default branch.",
    {
        UserErrorCode.INVALID: "What was sent breaks a rule.",
        UserErrorCode.TOO_LARGE: "What was sent is over a limit.",
        UserErrorCode.NOT_FOUND: "There is no such thing, or you may not know of it.",
        UserErrorCode.FORBIDDEN: "You may see the thing, but not do this to it.",
        UserErrorCode.CONFLICT: "The stored state does not allow it.",
        UserErrorCode.ALREADY_EXISTS: "A thing of that identity is there already.",
        UserErrorCode.REVISION_CONFLICT: "It has changed since you read it; nothing was written.",
        UserErrorCode.IDEMPOTENCY_KEY_REUSED: "The key was used before with another input.",
    },
)


@strawberry.type(
    description="A problem with what the caller sent. Outages and bugs are top-level errors instead."
)
class UserError:
    """One refusal."""

    code: UserErrorCode = strawberry.field(description="What kind of problem, for programs.")
    message: str = strawberry.field(description="The fact and what to do, for people.")
    field: list[str] | None = strawberry.field(
        description="Path to the input member at fault, list positions as numbers in text."
    )

    @classmethod
    def of(cls, error: errors.Refused) -> "UserError":
        """The public form of a refusal."""
        path = [camel(str(part)) for part in error.field]
        return cls(code=UserErrorCode(error.code), message=error.message, field=path or None)


def camel(name: str) -> str:
    """`folder_id` as clients spell it: `folderId`."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


CODES: list[tuple[type[Exception], str]] = [
    (errors.Unauthenticated, "UNAUTHENTICATED"),
    (errors.Forbidden, "FORBIDDEN"),
    (errors.Refused, "BAD_USER_INPUT"),
    (errors.RateLimited, "RATE_LIMITED"),
    (errors.Unavailable, "UNAVAILABLE"),
    (PoolTimeoutError, "UNAVAILABLE"),
    (GraphQLError, "BAD_USER_INPUT"),
]


def code_of(error: GraphQLError) -> str | None:
    """The code of a top-level error; None for a bug."""
    cause = error.original_error
    if cause is None:
        return "GRAPHQL_VALIDATION_FAILED" if error.path is None else "BAD_USER_INPUT"
    for kind, code in CODES:
        if isinstance(cause, kind):
            return code
    return "UNAVAILABLE" if db.is_passing(cause) else None


def public(error: GraphQLError, request_id: str) -> GraphQLError:
    """The error with its code; a bug becomes one sentence, and its details go to the log."""
    code = code_of(error) or "INTERNAL"
    message = error.message
    if code == "INTERNAL":
        structlog.get_logger("graphql").error(
            "a resolver failed", exc_info=error.original_error, request_id=request_id
        )
        message = "This is a fault of the server; it was logged under the request id."
    if code == "UNAVAILABLE":
        message = "A service that this needs is away for a moment; send the request again."
    field = getattr(error.original_error, "field", ())
    wait = getattr(error.original_error, "retry_after_seconds", None)
    extensions = {
        "code": code,
        "retryable": code in {"UNAVAILABLE", "RATE_LIMITED"},
        "requestId": request_id,
        **({"retryAfterSeconds": wait} if wait is not None else {}),
        **({"field": [camel(str(part)) for part in field]} if field else {}),
    }
    return GraphQLError(
        message, nodes=error.nodes, path=error.path, extensions=extensions, original_error=None
    )


class Coded(MaskErrors):
    """Gives every top-level error its code, in answers and in streams."""

    def __init__(self) -> None:
        super().__init__(should_mask_error=lambda _: True)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        """The public form of any error."""
        if "requestId" in (error.extensions or {}):
            return error
        context = self.execution_context.context
        return public(error, getattr(context, "request_id", ""))


EXTENSIONS: list[type[SchemaExtension]] = [Coded]
