"""Keeps credentials of integrations unreadable in the database: AES-256-GCM under the server's secret.

Sealed bytes are a nonce of 12 bytes and the ciphertext with its tag. They open for the same integration only, so
that a row's credentials cannot be put into another row.
"""

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core import clock
from app.core.errors import Conflict

NONCE_BYTES = 12
_PURPOSE = b"labelgraph credentials of integrations 1"


class Unsealable(Conflict):
    """The credentials were sealed under another secret of the server; give them again."""


def seal(secret: bytes, bound_to: bytes, credentials: dict[str, str]) -> bytes:
    """Credentials that only this server can open again, and only for the thing that `bound_to` names."""
    nonce = clock.random_bytes(NONCE_BYTES)
    return nonce + _cipher(secret).encrypt(nonce, orjson.dumps(credentials), bound_to)


def unseal(secret: bytes, bound_to: bytes, sealed: bytes) -> dict[str, str]:
    """What was sealed. Raises Unsealable if it was not by this secret and for this thing."""
    try:
        plain = _cipher(secret).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise Unsealable(
            "The integration's credentials cannot be opened; update it with fresh ones."
        ) from error
    credentials: dict[str, str] = orjson.loads(plain)
    return credentials


def _cipher(secret: bytes) -> AESGCM:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret)
    return AESGCM(key)
