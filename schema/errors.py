"""What clients can mend, as they see it: `userErrors`. Top-level errors are made in failures.py."""

import re
from enum import StrEnum
from typing import Any

import strawberry

from app.core import errors
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
        return cls.told({"code": error.code, "message": error.message, "field": list(error.field)})

    @classmethod
    def told(cls, error: dict[str, Any]) -> "UserError":
        """The same of a refusal that was written down in the answer to a change of many."""
        path = [camel(str(part)) for part in error["field"]]
        return cls(code=UserErrorCode(error["code"]), message=error["message"], field=path or None)


def camel(name: str) -> str:
    """`folder_id` as clients spell it: `folderId`."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)
