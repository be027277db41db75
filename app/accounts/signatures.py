"""Requests signed with an Ed25519 key, in the form that the Encord SDK sends.

It follows an early draft of HTTP Message Signatures (later RFC 9421): the signature base quotes its
component names and spells the first one `"@method"`. Three headers carry it: Content-Digest,
Signature-Input and Signature. The key id is the raw public key in lower-case hex.
"""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from app.accounts import headers as request_headers
from app.accounts.headers import Headers
from app.core.errors import Invalid, Unauthenticated

WINDOW = timedelta(seconds=300)
COMPONENTS = '("@method" "@request-target" "content-digest")'
HEADER_NAMES = ("Content-Digest", "Signature-Input", "Signature")
DIGEST_OF_NOTHING = hashlib.sha256().digest()
LONGEST_PUBLIC_KEY = 1_000
UNMADE_SIGNATURE = b"\x01" + bytes(63)

LABEL = r"([a-z*][a-z0-9_.*-]{0,63})"
INPUT = re.compile(LABEL + r'=((\([^()]*\))((?:;[a-z]{1,20}=(?:"[^"\\]*"|[0-9]+))*))')
SIGNATURE = re.compile(LABEL + r"=:([A-Za-z0-9+/]{85}[AQgw]==):")
PARAMETER = re.compile(r';([a-z]+)=("[^"]*"|[0-9]+)')
CREATED = re.compile(r"0|[1-9][0-9]{0,10}")
KEY_ID = re.compile(r'"([0-9a-f]{64})"')
VISIBLE = re.compile(r"[!-~]+")
LEGACY = re.compile(r"[0-9A-Fa-f]{64}:[0-9A-Fa-f]+")

Owner = TypeVar("Owner")
FindKey = Callable[[str], Awaitable[Owner | None]]
"""Whoever a key id (64 hex digits) belongs to; None if it is not registered or was revoked."""


class UnknownKey(Unauthenticated):
    """The signature names a key that nobody registered, or that was revoked."""


@dataclass(frozen=True, slots=True)
class Verified(Generic[Owner]):
    """A request that the holder of a registered key has signed.

    `key_id` and `signature` (64 bytes) name it among all requests: remember the two until
    `forget_at` has passed, and refuse them when they come again.
    """

    owner: Owner
    key_id: str
    signature: bytes
    forget_at: datetime


@dataclass(frozen=True, slots=True)
class _Claimed:
    """What the headers say, before anything but their shape was checked."""

    digest: str
    params: str
    components: str
    values: Mapping[str, str]
    signature: bytes


async def verify(
    headers: Headers,
    *,
    method: str,
    target: str,
    body_sha256: bytes,
    now: datetime,
    find_key: FindKey[Owner],
) -> Verified[Owner]:
    """Check a signed request and find who signed it.

    `method` and `target` (path and query) are as they were sent, `body_sha256` (32 bytes) is that
    of the body that was read. Raises Unauthenticated with the first check that fails, UnknownKey
    when that is the registry's.
    """
    claimed = _read(headers)
    created, key_id = _parameters(claimed, now)
    if claimed.digest != _digest_header(body_sha256):
        raise Unauthenticated("Content-Digest is not the SHA-256 of the body that arrived.")
    owner = await find_key(key_id)
    if owner is None:
        raise UnknownKey("The key that signed this is not registered, or was revoked.")
    if not VISIBLE.fullmatch(method) or not VISIBLE.fullmatch(target):
        raise Unauthenticated("The method or target holds a character that cannot be signed.")
    base = _signature_base(method, target, claimed.digest, claimed.params)
    if not _is_signed(key_id, claimed.signature, base):
        raise Unauthenticated("The signature does not fit the method, target, body and key.")
    return Verified(owner, key_id, claimed.signature, created + WINDOW)


async def verify_socket(
    payload: Mapping[str, object], *, target: str, now: datetime, find_key: FindKey[Owner]
) -> Verified[Owner]:
    """The same for a WebSocket: the three values come in `connection_init`, signed as a GET of
    the socket's target with an empty body."""
    return await verify(
        _headers_of(payload),
        method="GET",
        target=target,
        body_sha256=DIGEST_OF_NOTHING,
        now=now,
        find_key=find_key,
    )


def sign(
    key: Ed25519PrivateKey,
    *,
    method: str,
    target: str,
    body: bytes,
    created: datetime,
    label: str = "encord-sig",
) -> dict[str, str]:
    """The three headers that sign a request; `method` in upper case, `target` as it is sent."""
    key_id = key.public_key().public_bytes_raw().hex()
    params = f'{COMPONENTS};created={int(created.timestamp())};keyid="{key_id}";alg="ed25519"'
    digest = _digest_header(hashlib.sha256(body).digest())
    signature = key.sign(_signature_base(method, target, digest, params))
    values = (digest, f"{label}={params}", f"{label}=:{base64.b64encode(signature).decode()}:")
    return dict(zip(HEADER_NAMES, values, strict=True))


def request_target(raw_path: bytes, query_string: bytes) -> str:
    """The target as it was sent, from the `raw_path` and `query_string` of an ASGI scope."""
    target = raw_path + b"?" + query_string if query_string else raw_path
    return target.decode("latin-1")


def is_signed(headers: Headers) -> bool:
    """Whether a request claims to be signed, rightly or not."""
    names = {name.lower() for name, _ in headers}
    return b"signature" in names or b"signature-input" in names


def refuse_legacy(authorization: str) -> None:
    """Raises Unauthenticated for the older scheme `Authorization: <key>:<signature>`.

    It signs the body alone, without a time: whoever sees one such request can send it for ever.
    """
    if LEGACY.fullmatch(authorization):
        raise Unauthenticated(
            "Signatures in Authorization can be replayed and are not accepted; sign with the "
            "headers Content-Digest, Signature-Input and Signature, or send a bearer token."
        )


def parse_public_key(text: str) -> str:
    """The key id of a public key: an OpenSSH line (`ssh-ed25519 AAAA… comment`) or 64 hex digits.

    Raises Invalid for other kinds of key, and warns whoever sends a private one.
    """
    key_id = _key_id(text.strip())
    if _is_forgeable(key_id):
        raise _bad_key("Anyone could sign with this key; make one with ssh-keygen -t ed25519.")
    return key_id


def _key_id(text: str) -> str:
    if re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        return text.lower()
    if "PRIVATE KEY" in text:
        raise _bad_key(
            "This is a private key: make a new pair, and send the file that ends in .pub."
        )
    if len(text) > LONGEST_PUBLIC_KEY or len(text.splitlines()) > 1:
        raise _bad_key("Send one public key: the one line of a file that ends in .pub.")
    kind = text.partition(" ")[0]
    if kind != "ssh-ed25519":
        raise _bad_key(
            f"Only Ed25519 keys are accepted, not {kind[:40]!r}; use ssh-keygen -t ed25519."
        )
    return _load_ssh(text).public_bytes_raw().hex()


def _read(headers: Headers) -> _Claimed:
    values = [request_headers.one(headers, name) for name in HEADER_NAMES]
    missing = [name for name, value in zip(HEADER_NAMES, values, strict=True) if value is None]
    if missing:
        raise Unauthenticated(f"A signed request also needs the header {' and '.join(missing)}.")
    digest, given_input, given_signature = (value or "" for value in values)
    found_input, found_signature = (
        INPUT.fullmatch(given_input),
        SIGNATURE.fullmatch(given_signature),
    )
    if found_input is None:
        raise Unauthenticated("Signature-Input must describe exactly one signature, label=(…);….")
    if found_signature is None:
        raise Unauthenticated("Signature must hold exactly one signature, label=:<base64>:.")
    if found_input[1] != found_signature[1]:
        raise Unauthenticated("Signature-Input and Signature must use the same label.")
    return _Claimed(
        digest=digest,
        params=found_input[2],
        components=found_input[3],
        values=_values(found_input[4]),
        signature=base64.b64decode(found_signature[2]),
    )


def _values(text: str) -> dict[str, str]:
    pairs = PARAMETER.findall(text)
    values = dict(pairs)
    if len(pairs) != 3 or values.keys() != {"created", "keyid", "alg"}:
        raise Unauthenticated(
            "Signature-Input needs created, keyid and alg, each once, and no more."
        )
    return values


def _parameters(claimed: _Claimed, now: datetime) -> tuple[datetime, str]:
    """When the request was signed, and the id of the key."""
    if claimed.components != COMPONENTS:
        raise Unauthenticated(f"A signature must cover {COMPONENTS}, in this order.")
    if claimed.values["alg"] != '"ed25519"':
        raise Unauthenticated('Signature-Input must say alg="ed25519".')
    if CREATED.fullmatch(claimed.values["created"]) is None:
        raise Unauthenticated("created must be a whole number of seconds since 1970.")
    created = datetime.fromtimestamp(int(claimed.values["created"]), UTC)
    if abs(now - created) > WINDOW:
        raise Unauthenticated(
            f"The request was signed more than {WINDOW.seconds} seconds from now; set your clock."
        )
    key_id = KEY_ID.fullmatch(claimed.values["keyid"])
    if key_id is None:
        raise Unauthenticated("keyid must be the public key as 64 lower-case hex digits.")
    return created, key_id[1]


def _signature_base(method: str, target: str, digest: str, params: str) -> bytes:
    return (
        f'"@method": {method}\n'
        f'"@request-target": {target}\n'
        f'"content-digest": {digest}\n'
        f'"@signature-params": {params}'
    ).encode("ascii")


def _digest_header(body_sha256: bytes) -> str:
    return f"sha-256=:{base64.b64encode(body_sha256).decode()}:"


def _is_signed(key_id: str, signature: bytes, base: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key_id)).verify(signature, base)
    except InvalidSignature:
        return False
    return True


def _is_forgeable(key_id: str) -> bool:
    """Whether the key is a point of small order: a signature that nobody made fits it now and then,
    at one message in eight or more; it never fits a real key."""
    return any(_is_signed(key_id, UNMADE_SIGNATURE, bytes([number])) for number in range(64))


def _headers_of(payload: Mapping[str, object]) -> Headers:
    names = {name.lower() for name in HEADER_NAMES}
    signed = [(key, value) for key, value in payload.items() if key.lower() in names]
    for key, value in signed:
        if not isinstance(value, str):
            raise Unauthenticated(f"{key} in connection_init must be a string.")
    return [(key.encode(), str(value).encode("utf-8", "replace")) for key, value in signed]


def _load_ssh(line: str) -> Ed25519PublicKey:
    try:
        key = load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise _bad_key("The public key is damaged; copy it again.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise _bad_key("Only Ed25519 keys are accepted; use ssh-keygen -t ed25519.")
    return key


def _bad_key(message: str) -> Invalid:
    return Invalid(message, field=("public_key",))
