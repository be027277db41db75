"""What can go wrong that a caller can mend. Anything else is a bug and stays loud.

Each class is one code of the API. `field` is the path to the input member at fault, in our own
snake_case names, list positions as numbers; the API spells it in camelCase.
"""

from typing import Any, ClassVar

Path = tuple[str | int, ...]


class Refused(Exception):
    """A request that was understood and will not be done. Nothing was written."""

    code: ClassVar[str] = "INVALID"

    def __init__(
        self, message: str, *, field: Path = (), answer: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.named: str | None = None
        """The text at fault, where whoever refuses does not know in which member it came."""
        self.answer = answer or {}
        """Ids of stored things that the caller should look at, for example after a revision conflict."""


class Invalid(Refused):
    """What was sent breaks a rule; the message names the rule."""

    code = "INVALID"


class TooLarge(Invalid):
    """What was sent is over a limit; the message gives the limit and the figure."""

    code = "TOO_LARGE"


class NotFound(Refused):
    """There is no such thing, or the caller may not know of it."""

    code = "NOT_FOUND"


class Forbidden(Refused):
    """The caller may see the thing, but not do this to it."""

    code = "FORBIDDEN"


class Conflict(Refused):
    """The stored state does not allow it; look again, then decide."""

    code = "CONFLICT"


class AlreadyExists(Conflict):
    """A thing of that identity is there already."""

    code = "ALREADY_EXISTS"


class RevisionConflict(Conflict):
    """Someone changed the thing since the caller read it; nothing was written."""

    code = "REVISION_CONFLICT"


class KeyReused(Conflict):
    """The idempotency key was used before with another input."""

    code = "IDEMPOTENCY_KEY_REUSED"


class Unauthenticated(Exception):
    """The request proves nobody: no credentials, or credentials that do not hold."""


class RateLimited(Exception):
    """Too many attempts; the same request may be sent again after `retry_after_seconds`."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(Exception):
    """A service that we need is away for now; the same request may be sent again."""
