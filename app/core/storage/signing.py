"""Tokens for the URLs of our own endpoint: one method, one key, until one moment."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from app.core.errors import Forbidden


class BadToken(Forbidden):
    """The token is not ours, is for another method or key, or has expired; ask for a new URL."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token that holds allows besides its method and key; None is: not limited."""

    expires_at: datetime
    byte_limit: int | None
    content_type: str | None


def sign(
    secret: bytes,
    method: str,
    key: str,
    expires_at: datetime,
    byte_limit: int | None = None,
    content_type: str | None = None,
) -> str:
    """A URL-safe token. The grant stands in it in the open; the method and the key do not."""
    payload = _text(json.dumps([int(expires_at.timestamp()), byte_limit, content_type]).encode())
    return f"{payload}.{_text(_digest(secret, method, key, payload))}"


def verify(secret: bytes, token: str, method: str, key: str, now: datetime) -> Grant:
    """What the token grants for this method and key at this moment, or BadToken."""
    payload, _, digest = token.partition(".")
    expected = _text(_digest(secret, method, key, payload))
    if not hmac.compare_digest(digest.encode(errors="replace"), expected.encode()):
        raise BadToken("The link does not allow this; ask for a new one.")
    seconds, byte_limit, content_type = json.loads(_bytes(payload))
    expires_at = datetime.fromtimestamp(seconds, UTC)
    if now >= expires_at:
        raise BadToken(f"The link expired at {expires_at:%Y-%m-%dT%H:%M:%SZ}; ask for a new one.")
    return Grant(expires_at, byte_limit, content_type)


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the signed URLs of our own endpoint, which is mounted at `base_url`."""

    base_url: str
    secret: bytes = field(repr=False)
    now: Callable[[], datetime]

    def of_object(
        self,
        method: str,
        key: str,
        expires_in: timedelta,
        *,
        byte_limit: int | None = None,
        content_type: str | None = None,
    ) -> str:
        """To GET or PUT the object itself."""
        until = self.now() + expires_in
        token = sign(self.secret, method, key, until, byte_limit, content_type)
        return f"{self.base_url}/objects/{quote(key)}?token={token}"

    def of_upload(self, key: str, byte_size: int, expires_in: timedelta) -> str:
        """To upload the object of exactly `byte_size` bytes in pieces, by the tus protocol."""
        token = sign(self.secret, "PATCH", key, self.now() + expires_in, byte_size)
        return f"{self.base_url}/uploads/{quote(key)}?token={token}"


def _digest(secret: bytes, method: str, key: str, payload: str) -> bytes:
    return hmac.digest(secret, json.dumps([method, key, payload]).encode(), hashlib.sha256)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")
