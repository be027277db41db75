"""The public keys of an identity provider, fetched from itself and kept for a while.

Addresses come from the issuer's own discovery document (OpenID Connect Discovery 1.0); nothing is
fetched that a token names.
"""

import ipaddress
import json
import warnings
from collections.abc import Awaitable, Callable, Mapping
from math import inf
from typing import Any
from urllib.parse import urlsplit

import httpx2
from anyio import Lock, fail_after
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from app.core.errors import Unauthenticated, Unavailable

FETCH_SECONDS = 5
FETCH_BYTES = 262_144
FRESH_SECONDS = 3_600
REFETCH_SECONDS = 60
STALE_SECONDS = 24 * 3_600
"""How long keys are used on while their issuer is away; a key withdrawn meanwhile ends then."""

PublicKey = RSAKey | ECKey | OKPKey
Clock = Callable[[], float]
"""Seconds that never go back."""
Fetch = Callable[[str], Awaitable[bytes]]
"""The body found at a URL. Raises Unavailable if there is none, or it is too large or too slow."""


class IssuerKeys:
    """The keys of one issuer by `kid`, asked for again each hour and when an unknown one turns up.

    However many tokens with invented keys arrive, the issuer is asked at most once a minute.
    """

    def __init__(self, url: str, fetch: Fetch, clock: Clock) -> None:
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._lock = Lock()
        self._keys: Mapping[str, PublicKey] = {}
        self._fetched_at = -inf
        self._tried_at = -inf

    async def find(self, kid: str) -> PublicKey:
        """The key of this id.

        Raises Unauthenticated if the issuer has none such, Unavailable if it has been away so long
        that we know nothing of its keys.
        """
        if not self._is_settled(kid):
            async with self._lock:
                if not self._is_settled(kid):
                    await self._refetch()
        if self._clock() - self._fetched_at >= STALE_SECONDS:
            raise Unavailable(f"The keys of {self._url} are out of reach; try again in a minute.")
        if kid not in self._keys:
            raise Unauthenticated("The key of the bearer token is not one of its issuer's.")
        return self._keys[kid]

    def _is_settled(self, kid: str) -> bool:
        """Whether what we hold must do: it is fresh and has the key, or we have asked just now."""
        now = self._clock()
        is_known = kid in self._keys and now - self._fetched_at < FRESH_SECONDS
        return is_known or now - self._tried_at < REFETCH_SECONDS

    async def _refetch(self) -> None:
        self._tried_at = self._clock()
        try:
            keys = await self._discover()
        except Unavailable:
            return
        self._keys, self._fetched_at = keys, self._clock()

    async def _discover(self) -> Mapping[str, PublicKey]:
        address = self._url.rstrip("/") + "/.well-known/openid-configuration"
        document = _object(await self._fetch(address))
        jwks_uri = document.get("jwks_uri")
        if document.get("issuer") != self._url or not isinstance(jwks_uri, str):
            raise Unavailable(f"{address} does not describe {self._url}.")
        if not is_safe_url(jwks_uri):
            raise Unavailable(f"{self._url} keeps its keys at an address that is not https.")
        return _import_keys(_object(await self._fetch(jwks_uri)))


async def fetch_bounded(url: str) -> bytes:
    """Get a small document: no redirects, no proxies, at most 5 seconds and 256 KiB."""
    try:
        with fail_after(FETCH_SECONDS):
            async with (
                httpx2.AsyncClient(trust_env=False, timeout=FETCH_SECONDS) as client,
                # identity and aiter_raw: what is compressed could grow past the limit
                client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response,
            ):
                return await _read(response)
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
        raise Unavailable(f"{url} cannot be reached.") from error


def is_safe_url(url: str) -> bool:
    """Whether a URL is https, or http to this very machine (for development and tests)."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port  # a port out of range is a ValueError
    except ValueError:
        return False
    return bool(host) if parts.scheme == "https" else parts.scheme == "http" and _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _read(response: httpx2.Response) -> bytes:
    if response.status_code != 200:
        raise Unavailable(f"{response.url} answered with status {response.status_code}.")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > FETCH_BYTES:
            raise Unavailable(f"{response.url} sent more than {FETCH_BYTES:,} bytes.")
    return bytes(body)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Unavailable("An issuer sent something other than a JSON object.")
    return document


def _import_keys(document: Mapping[str, Any]) -> Mapping[str, PublicKey]:
    entries = document.get("keys")
    if not isinstance(entries, list):
        raise Unavailable("An issuer sent no list of keys.")
    imported = (_import_key(entry) for entry in entries if isinstance(entry, dict))
    return {key.kid: key for key in imported if key is not None and key.kid is not None}


def _import_key(entry: dict[str, Any]) -> PublicKey | None:
    """A key that can check signatures; None for secret, weak, unknown and encryption keys."""
    if entry.get("use", "sig") != "sig":
        return None
    if entry.get("alg") == "EdDSA":
        entry = {**entry, "alg": "Ed25519"}  # its name since RFC 9864, by which joserfc compares
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SecurityWarning)
            key = JWKRegistry.import_key(entry)
    except (JoseError, SecurityWarning, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, PublicKey) else None
