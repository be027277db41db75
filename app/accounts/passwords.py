"""Passwords of local accounts, kept as argon2id hashes (RFC 9106).

A password is compared in Unicode form NFC, so that the same keys pressed on another keyboard or
system give the same bytes (RFC 8265, OpaqueString).
"""

import unicodedata

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from app.core.errors import Invalid

SHORTEST_CHARACTERS = 10
LONGEST_BYTES = 1_024
AT_ONCE = 2
"""Each hash holds 64 MiB and a core or more; a crowd at the door must wait, not eat the server."""


class Hasher:
    """Hashes and checks passwords in threads, two at a time; further callers wait their turn."""

    def __init__(self, argon2: PasswordHasher | None = None) -> None:
        self._argon2 = argon2 or PasswordHasher()
        self._limiter = CapacityLimiter(AT_ONCE)
        self._nobody = self._argon2.hash("the password of a user who does not exist")

    async def hash(self, password: str) -> str:
        """The text to store. Raises Invalid if the password is too short or too long."""
        secret = checked(password)
        return await to_thread.run_sync(self._argon2.hash, secret, limiter=self._limiter)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password belongs to the stored hash.

        Give None for a user who does not exist or has no password: that takes as long as a wrong
        password, so that time does not tell who has an account.
        """
        try:
            secret = checked(password)
        except Invalid:
            return False
        hashed = self._nobody if stored is None else stored
        same = await to_thread.run_sync(self._is_same, hashed, secret, limiter=self._limiter)
        return same and stored is not None

    def needs_rehash(self, stored: str) -> bool:
        """Whether a hash is of other strength than today's; store a new one at the next sign-in."""
        return self._argon2.check_needs_rehash(stored)

    def _is_same(self, stored: str, secret: bytes) -> bool:
        try:
            return self._argon2.verify(stored, secret)
        except VerifyMismatchError:
            return False


def checked(password: str) -> bytes:
    """The bytes to hash: NFC, UTF-8. Raises Invalid if there are too few or too many."""
    normal = unicodedata.normalize("NFC", password)
    if len(normal) < SHORTEST_CHARACTERS:
        raise Invalid(
            f"A password needs at least {SHORTEST_CHARACTERS} characters.", field=("password",)
        )
    try:
        secret = normal.encode("utf-8")
    except UnicodeEncodeError:
        raise Invalid("The password is not valid Unicode.", field=("password",)) from None
    if len(secret) > LONGEST_BYTES:
        raise Invalid(f"A password has {LONGEST_BYTES:,} bytes at most.", field=("password",))
    return secret
