"""Bearer tokens (JWT) of identity providers that the operator trusts.

What a token says about itself is believed only as far as it selects: `iss` picks a configured
issuer, `kid` one of its keys. Which algorithms are good is ours to say.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jws
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import CompactSignature, JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from app.accounts.issuer_keys import (
    Clock,
    Fetch,
    IssuerKeys,
    PublicKey,
    fetch_bounded,
    is_safe_url,
)
from app.core.errors import Unauthenticated

ALGORITHMS = {"EdDSA": "Ed25519", "Ed25519": "Ed25519", "ES256": "ES256", "RS256": "RS256"}
"""The only ones, and what they are called now: RFC 9864 gave EdDSA the name of its curve."""
TYPES = {"jwt", "at+jwt"}
"""Values of `typ` that we take; many issuers leave it out, but other kinds (logout) say so."""
SKEW_SECONDS = 60
LONGEST_LIFE_SECONDS = 24 * 3_600
LONGEST_TOKEN_CHARACTERS = 16_384


@dataclass(frozen=True, slots=True)
class Issuer:
    """An identity provider: its `iss`, and the `aud` that its tokens for this server carry."""

    url: str
    audience: str

    def __post_init__(self) -> None:
        if not is_safe_url(self.url):
            raise ValueError(f"The issuer {self.url!r} must be an https URL.")
        if not self.audience:
            raise ValueError(f"The issuer {self.url!r} needs an audience.")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says about its bearer."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    expires_at: datetime

    @property
    def verified_email(self) -> str | None:
        """The address by which to find the user: None unless the issuer has checked it."""
        return self.email if self.email_verified else None


class Verifier:
    """Checks bearer tokens against the configured issuers, each listed once."""

    def __init__(
        self,
        issuers: Sequence[Issuer],
        fetch: Fetch = fetch_bounded,
        clock: Clock = time.monotonic,
    ) -> None:
        self._issuers = {issuer.url: issuer for issuer in issuers}
        if len(self._issuers) < len(issuers):
            raise ValueError("An issuer of bearer tokens is listed twice.")
        self._keys = {url: IssuerKeys(url, fetch, clock) for url in self._issuers}
        self._registry = _Registry(strict_check_header=False)

    async def verify(self, token: str, now: datetime) -> Claims:
        """Who a token speaks for.

        Raises Unauthenticated for a token that does not hold, Unavailable if its issuer is away and
        we hold no keys of it.
        """
        signed = _extract(token)
        claims = _payload(signed)
        issuer = self._issuer_of(claims)
        key = await self._keys[issuer.url].find(signed.protected["kid"])
        self._check_signature(signed, key)
        _check_claims(claims, issuer, now)
        return _read(claims, issuer)

    def _issuer_of(self, claims: Mapping[str, Any]) -> Issuer:
        named = claims.get("iss")
        issuer = self._issuers.get(named) if isinstance(named, str) else None
        if issuer is None:
            raise Unauthenticated("The bearer token is not from an issuer that this server trusts.")
        return issuer

    def _check_signature(self, signed: CompactSignature, key: PublicKey) -> None:
        try:
            good = jws.validate_compact(signed, key, registry=self._registry)
        except (JoseError, ValueError):
            good = False
        if not good:
            raise Unauthenticated("The signature of the bearer token does not hold.")


class _Registry(JWSRegistry):
    """The fixed list of algorithms, whatever the library has besides."""

    def get_alg(self, name: str) -> JWSAlgModel:
        return self.algorithms[ALGORITHMS[name]]


def _extract(token: str) -> CompactSignature:
    """The parts of a token whose header is acceptable; nothing of it is proved yet."""
    if len(token) > LONGEST_TOKEN_CHARACTERS:
        raise Unauthenticated(
            f"A bearer token has {LONGEST_TOKEN_CHARACTERS:,} characters at most; this has "
            f"{len(token):,}."
        )
    try:
        signed = jws.extract_compact(token.encode("ascii"))
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Unauthenticated(
            "The bearer token is neither an API token nor a signed JWT."
        ) from None
    _check_header(signed.protected)
    return signed


def _check_header(header: object) -> None:
    if not isinstance(header, dict):
        raise Unauthenticated("The header of the bearer token is no JSON object.")
    if header.get("alg") not in list(ALGORITHMS):
        raise Unauthenticated(f"Bearer tokens must be signed with {', '.join(ALGORITHMS)}.")
    if "crit" in header or "b64" in header:
        raise Unauthenticated("The bearer token asks for an extension that is not supported.")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in TYPES:
        raise Unauthenticated("The typ of the bearer token must be JWT or at+jwt.")
    if not isinstance(header.get("kid"), str):
        raise Unauthenticated("The bearer token must name its key by kid.")


def _payload(signed: CompactSignature) -> dict[str, Any]:
    try:
        claims = json.loads(signed.payload)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise Unauthenticated("The claims of the bearer token are no JSON object.")
    return claims


def _check_claims(claims: dict[str, Any], issuer: Issuer, now: datetime) -> None:
    """Raises Unauthenticated unless the token is for us, of today, and of one person."""
    rules = JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=SKEW_SECONDS,
        iss={"essential": True, "value": issuer.url},
        aud={"essential": True, "value": issuer.audience},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        rules.validate(claims)
    except ExpiredTokenError:
        raise Unauthenticated("The bearer token has expired; get a new one.") from None
    except JoseError as error:
        raise Unauthenticated(f"The bearer token is not good here: {error.description}.") from None
    if claims["exp"] - LONGEST_LIFE_SECONDS > claims["iat"]:
        raise Unauthenticated("The bearer token lasts more than 24 hours; use shorter ones.")


def _read(claims: Mapping[str, Any], issuer: Issuer) -> Claims:
    email = claims.get("email")
    return Claims(
        issuer=issuer.url,
        subject=claims["sub"],
        email=email if isinstance(email, str) else None,
        email_verified=claims.get("email_verified") is True,
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )
