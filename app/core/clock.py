"""Time, ids and randomness: the one place they come from, so that tests can replace them."""

import secrets
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def now() -> datetime:
    """This instant, in UTC, to the microsecond."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562): later ids sort after earlier ones, so tables grow at their end."""
    return uuid7()


def random_bytes(count: int) -> bytes:
    """`count` bytes that nobody can guess."""
    return secrets.token_bytes(count)
