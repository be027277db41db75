"""Secrets that we hand out: API tokens for programs, session tokens for the browser's cookie.

Both hold 256 random bits, so that one round of HMAC-SHA-256 is enough to store them: nothing can be
guessed from the digest, and looking one up costs microseconds.
"""

import hashlib
import hmac
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.core.errors import Invalid, Unauthenticated

SECRET_BYTES = 32
DEFAULT_LIFETIME = timedelta(days=90)
LONGEST_LIFETIME = timedelta(days=366)
SESSION_LIFETIME = timedelta(days=7)
LAST_USED_STEP = timedelta(minutes=1)

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Base 62 and no more: a double click selects a whole token, and `_` only ever parts its fields."""

ID_WIDTH, SECRET_WIDTH, CHECKSUM_WIDTH = 22, 43, 6
TOKEN = re.compile(
    rf"(lg_([0-9A-Za-z]{{{ID_WIDTH}}})_[0-9A-Za-z]{{{SECRET_WIDTH}}})"
    rf"_([0-9A-Za-z]{{{CHECKSUM_WIDTH}}})"
)
SESSION = re.compile(rf"[0-9A-Za-z]{{{SECRET_WIDTH}}}")


class TokenScope(StrEnum):
    """What a token may be used for: a part of what its owner's roles allow, never more."""

    READ = "READ"
    """Queries and subscriptions."""
    UPLOAD = "UPLOAD"
    """Start uploads and upload jobs and follow them; nothing else can be read or changed."""
    WRITE = "WRITE"
    """READ, UPLOAD, and every change of files, labels, projects and other content."""
    ADMIN = "ADMIN"
    """WRITE, and members, groups, roles, integrations, keys and tokens."""


INCLUDED = {
    TokenScope.READ: frozenset({TokenScope.READ}),
    TokenScope.UPLOAD: frozenset({TokenScope.UPLOAD}),
    TokenScope.WRITE: frozenset({TokenScope.READ, TokenScope.UPLOAD, TokenScope.WRITE}),
    TokenScope.ADMIN: frozenset(TokenScope),
}


@dataclass(frozen=True, slots=True)
class Minted:
    """A new secret: `text` is shown once, `digest` (32 bytes) is what we keep."""

    text: str = field(repr=False)
    digest: bytes


@dataclass(frozen=True, slots=True)
class Parsed:
    """A token as presented: the row that it names, and the digest that this row must hold."""

    token_id: UUID
    digest: bytes


def expand(scopes: Iterable[TokenScope]) -> frozenset[TokenScope]:
    """These scopes and all that they include; what an actor carries, so that `in` is enough."""
    return frozenset().union(*(INCLUDED[scope] for scope in scopes))


def mint(token_id: UUID, randomness: bytes, *, pepper: bytes = b"") -> Minted:
    """A token `lg_<id>_<secret>_<checksum>` from 32 random bytes.

    The checksum (CRC-32 of what stands before it) lets secret scanners tell a real token from a
    lookalike without asking us. `pepper` is the server's secret: without it a stolen
    table is useless even for testing tokens that leaked elsewhere.
    """
    body = f"lg_{_base62(token_id.int, ID_WIDTH)}_{_secret(randomness)}"
    return Minted(f"{body}_{_checksum(body)}", _digest(body, pepper))


def parse(text: str, *, pepper: bytes = b"") -> Parsed:
    """Read a token that a client presents. Raises Unauthenticated for what `mint` cannot make."""
    found = TOKEN.fullmatch(text)
    if found is None:
        raise Unauthenticated("This is no labelgraph API token; they look like lg_…_…_….")
    body, identity, checksum = found.groups()
    number = _number(identity)
    if checksum != _checksum(body) or number >= 1 << 128:
        raise Unauthenticated("The API token has a typing error or was cut; copy it again.")
    return Parsed(UUID(int=number), _digest(body, pepper))


def mint_session(randomness: bytes, *, pepper: bytes = b"") -> Minted:
    """A session token from 32 random bytes, for the cookie only; the row is found by its digest."""
    text = _secret(randomness)
    return Minted(text, _digest(text, pepper))


def parse_session(text: str, *, pepper: bytes = b"") -> bytes:
    """The digest of a session token. Raises Unauthenticated if it has another shape."""
    if SESSION.fullmatch(text) is None:
        raise Unauthenticated("The session cookie is damaged; sign in again.")
    return _digest(text, pepper)


def matches(stored: bytes | None, presented: bytes) -> bool:
    """Whether two digests are the same, in a time that says nothing; None (no row) never is."""
    same = hmac.compare_digest(stored or bytes(SECRET_BYTES), presented)
    return same and stored is not None


def expiry(now: datetime, wanted: datetime | None = None) -> datetime:
    """When a token made now ends (UTC): 90 days on, or when its maker says, 366 days at most.

    Raises Invalid for the past, for a later end, and for a time without a zone.
    """
    if wanted is None:
        return now + DEFAULT_LIFETIME
    if wanted.tzinfo is None:
        raise Invalid(
            "An expiry needs a time zone, for example a Z at its end.", field=("expires_at",)
        )
    if wanted <= now:
        raise Invalid("The expiry has passed; give a time in the future.", field=("expires_at",))
    if wanted - now > LONGEST_LIFETIME:
        raise Invalid(
            f"A token lasts {LONGEST_LIFETIME.days} days at most; give an earlier expiry.",
            field=("expires_at",),
        )
    return wanted.astimezone(UTC)


def is_expired(expires_at: datetime | None, now: datetime) -> bool:
    """Whether the end has come, which is the moment `expires_at` itself; None: it never comes."""
    return expires_at is not None and now >= expires_at


def is_use_due(last_used_at: datetime | None, now: datetime) -> bool:
    """Whether to write down that a token was used: at most once a minute, to spare the table."""
    return last_used_at is None or now - last_used_at >= LAST_USED_STEP


def _secret(randomness: bytes) -> str:
    if len(randomness) != SECRET_BYTES:
        raise ValueError(f"A secret is made of {SECRET_BYTES} random bytes, not {len(randomness)}.")
    return _base62(int.from_bytes(randomness), SECRET_WIDTH)


def _digest(text: str, pepper: bytes) -> bytes:
    return hmac.digest(pepper, text.encode("ascii"), hashlib.sha256)


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode("ascii")), CHECKSUM_WIDTH)


def _base62(number: int, width: int) -> str:
    """The number in base 62, with leading zeros up to `width` characters."""
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = ALPHABET[digit] + digits
    return digits


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * 62 + ALPHABET.index(digit)
    return number
