"""Bearer tokens of identity providers, checked against an issuer on the loopback address."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from app.accounts import issuer_keys, oidc
from app.accounts.oidc import Issuer, Verifier
from app.core.errors import Unauthenticated, Unavailable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
AUDIENCE = "labelgraph"
OKP = OKPKey.generate_key("Ed25519")
EC = ECKey.generate_key("P-256")
RSA = RSAKey.generate_key(2048)
STRANGER = OKPKey.generate_key("Ed25519")
Key = OKPKey | ECKey | RSAKey | OctKey
KEYS: dict[str, Key] = {"okp": OKP, "ec": EC, "rsa": RSA}


def public(kid: str, key: Key, **more: object) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": kid, **more}


@dataclass
class Provider:
    """What the tiny server answers, and what it was asked."""

    url: str = ""
    discovery: dict[str, Any] = field(default_factory=dict)
    keys: Any = field(default_factory=list)
    status: int = 200
    padding: int = 0
    drip_seconds: float = 0
    """The pause before each single byte of a body; 0: the body comes at once."""
    asked: list[str] = field(default_factory=list)

    @property
    def fetches(self) -> int:
        """How often the keys were fetched."""
        return self.asked.count("/keys")

    def answer(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            document = {"issuer": self.url, "jwks_uri": self.url + "/keys", **self.discovery}
            return self.status, json.dumps(document).encode()
        if path == "/keys":
            body = self.keys if isinstance(self.keys, bytes) else json.dumps({"keys": self.keys})
            text = body if isinstance(body, bytes) else body.encode()
            return self.status, text + b" " * self.padding
        return 404, b""


def serve(provider: Provider) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = provider.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", provider.url + "/keys")
            self.end_headers()
            with suppress(OSError):  # the client may have given up
                self.send(body)

        def send(self, body: bytes) -> None:
            step = 1 if provider.drip_seconds else len(body) or 1
            for start in range(0, len(body), step):
                time.sleep(provider.drip_seconds)
                self.wfile.write(body[start : start + step])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    return server


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    provider = Provider()
    server = serve(provider)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def provider(running: Provider) -> Provider:
    """The issuer in good order: three keys, nothing asked yet."""
    running.discovery, running.asked = {}, []
    running.status, running.padding, running.drip_seconds = 200, 0, 0
    running.keys = [public(kid, key) for kid, key in KEYS.items()]
    return running


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(provider: Provider, clock: Clock) -> Verifier:
    return Verifier([Issuer(provider.url, AUDIENCE)], clock=clock)


def claims(provider: Provider, **changes: object) -> dict[str, Any]:
    """Good claims with changes; a change to None takes the claim away."""
    good: dict[str, object] = {
        "iss": provider.url,
        "aud": AUDIENCE,
        "sub": "user-7",
        "exp": SECONDS + 600,
        "iat": SECONDS,
        "email": "ada@lab.example",
        "email_verified": True,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def encode(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(
    payload: object,
    key: Key = OKP,
    *,
    model: str = "Ed25519",
    **header: object,
) -> str:
    """A token under any header whatever, signed by the algorithm `model`."""
    full = {"alg": "EdDSA", "kid": "okp", "typ": "JWT", **header}
    named = {name: value for name, value in full.items() if value is not None}
    text = f"{encode(named)}.{encode(payload)}"
    signature = jws.JWSRegistry.algorithms[model].sign(text.encode(), key)
    return f"{text}.{encode(signature)}"


@pytest.mark.parametrize(
    ("algorithm", "model", "kid"),
    [
        ("EdDSA", "Ed25519", "okp"),
        ("Ed25519", "Ed25519", "okp"),
        ("ES256", "ES256", "ec"),
        ("RS256", "RS256", "rsa"),
    ],
)
@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt", None])
async def test_a_token_in_good_order_says_who_bears_it(
    verifier: Verifier, provider: Provider, algorithm: str, model: str, kid: str, typ: str | None
) -> None:
    token = sign(claims(provider), KEYS[kid], model=model, alg=algorithm, kid=kid, typ=typ)
    found = await verifier.verify(token, NOW)
    assert (found.issuer, found.subject) == (provider.url, "user-7")
    assert found.verified_email == "ada@lab.example"
    assert found.expires_at == NOW + timedelta(minutes=10)


@pytest.mark.parametrize("declared", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
async def test_both_names_of_ed25519_mean_the_same(
    verifier: Verifier, provider: Provider, declared: str, algorithm: str
) -> None:
    provider.keys = [public("okp", OKP, alg=declared, use="sig")]
    found = await verifier.verify(sign(claims(provider), alg=algorithm), NOW)
    assert found.subject == "user-7"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [AUDIENCE]},
        {"aud": ["another", AUDIENCE]},
        {"exp": SECONDS - 59},
        {"exp": SECONDS + 0.5},
        {"nbf": SECONDS + 60},
        {"iat": SECONDS + 60},
        {"iat": SECONDS - 85_800},
        {"nonce": "anything", "jti": "1", "groups": ["a"]},
    ],
)
async def test_clocks_may_differ_by_a_minute_and_issuers_in_style(
    verifier: Verifier, provider: Provider, changes: dict[str, object]
) -> None:
    assert (await verifier.verify(sign(claims(provider, **changes)), NOW)).subject == "user-7"


@pytest.mark.parametrize(
    ("changes", "usable"),
    [
        ({}, "ada@lab.example"),
        ({"email_verified": False}, None),
        ({"email_verified": None}, None),
        ({"email_verified": "true"}, None),
        ({"email_verified": 1}, None),
        ({"email": None}, None),
        ({"email": ["ada@lab.example"]}, None),
    ],
)
async def test_only_a_verified_email_is_used(
    verifier: Verifier, provider: Provider, changes: dict[str, object], usable: str | None
) -> None:
    found = await verifier.verify(sign(claims(provider, **changes)), NOW)
    assert found.verified_email == usable


BAD_CLAIMS: list[tuple[dict[str, object], str]] = [
    ({"iss": None}, "issuer that this server trusts"),
    ({"iss": ""}, "issuer that this server trusts"),
    ({"iss": "https://accounts.evil.example"}, "issuer that this server trusts"),
    ({"iss": ["https://accounts.evil.example"]}, "issuer that this server trusts"),
    ({"iss": 7}, "issuer that this server trusts"),
    ({"aud": None}, "Missing claim: 'aud'"),
    ({"aud": ""}, "'aud'"),
    ({"aud": []}, "'aud'"),
    ({"aud": "another"}, "'aud'"),
    ({"aud": ["another"]}, "'aud'"),
    ({"aud": "Labelgraph"}, "'aud'"),
    ({"aud": "labelgraph "}, "'aud'"),
    ({"aud": {"labelgraph": True}}, "'aud'"),
    ({"aud": [["labelgraph"]]}, "'aud'"),
    ({"sub": None}, "Missing claim: 'sub'"),
    ({"sub": ""}, "'sub'"),
    ({"sub": 7}, "'sub'"),
    ({"exp": None}, "Missing claim: 'exp'"),
    ({"exp": SECONDS - 60}, "expired"),
    ({"exp": SECONDS - 86_400}, "expired"),
    ({"exp": 0}, "expired"),
    ({"exp": -1}, "expired"),
    ({"exp": str(SECONDS + 600)}, "'exp'"),
    ({"exp": True}, "'exp'"),
    ({"exp": float("nan")}, "'exp'"),
    ({"exp": float("inf")}, "'exp'"),
    ({"exp": 10**400}, "more than 24 hours"),
    ({"exp": 1e300}, "more than 24 hours"),
    ({"exp": SECONDS + 86_401}, "more than 24 hours"),
    ({"iat": -(10**400)}, "more than 24 hours"),
    ({"iat": None}, "Missing claim: 'iat'"),
    ({"iat": SECONDS + 61}, "future"),
    ({"iat": "today"}, "'iat'"),
    ({"nbf": SECONDS + 61}, "not yet valid"),
    ({"nbf": SECONDS + 86_400}, "not yet valid"),
    ({"nbf": "tomorrow"}, "'nbf'"),
]


@pytest.mark.parametrize(("changes", "sentence"), BAD_CLAIMS)
async def test_well_signed_claims_that_are_not_for_us_now_are_refused(
    verifier: Verifier, provider: Provider, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Unauthenticated, match=sentence):
        await verifier.verify(sign(claims(provider, **changes)), NOW)


async def test_the_issuer_must_match_to_the_letter(verifier: Verifier, provider: Provider) -> None:
    for named in (provider.url + "/", provider.url.upper(), provider.url + "/keys"):
        with pytest.raises(Unauthenticated, match="issuer that this server trusts"):
            await verifier.verify(sign(claims(provider, iss=named)), NOW)
    assert provider.asked == []


BAD_HEADERS: list[tuple[dict[str, object], str]] = [
    ({"alg": None}, "neither an API token nor a signed JWT"),
    ({"alg": "none"}, "must be signed with"),
    ({"alg": "None"}, "must be signed with"),
    ({"alg": ""}, "must be signed with"),
    ({"alg": "HS256"}, "must be signed with"),
    ({"alg": "eddsa"}, "must be signed with"),
    ({"alg": "Ed448"}, "must be signed with"),
    ({"alg": "ES256K"}, "must be signed with"),
    ({"alg": "RS512"}, "must be signed with"),
    ({"alg": "PS256"}, "must be signed with"),
    ({"alg": ["EdDSA"]}, "must be signed with"),
    ({"alg": 1}, "must be signed with"),
    ({"alg": "ES256"}, "signature of the bearer token does not hold"),
    ({"alg": "RS256"}, "signature of the bearer token does not hold"),
    ({"kid": None}, "name its key by kid"),
    ({"kid": 7}, "name its key by kid"),
    ({"kid": ["okp"]}, "name its key by kid"),
    ({"kid": ""}, "not one of its issuer's"),
    ({"kid": "OKP"}, "not one of its issuer's"),
    ({"kid": "../../../../dev/null"}, "not one of its issuer's"),
    ({"kid": "/keys"}, "not one of its issuer's"),
    ({"kid": "http://127.0.0.1/evil.json"}, "not one of its issuer's"),
    ({"kid": "okp' or '1'='1"}, "not one of its issuer's"),
    ({"kid": "okp\x00"}, "not one of its issuer's"),
    ({"kid": "ec"}, "signature of the bearer token does not hold"),
    ({"kid": "rsa"}, "signature of the bearer token does not hold"),
    ({"typ": "logout+jwt"}, "typ of the bearer token"),
    ({"typ": "dpop+jwt"}, "typ of the bearer token"),
    ({"typ": "JWE"}, "typ of the bearer token"),
    ({"typ": ""}, "typ of the bearer token"),
    ({"typ": ["JWT"]}, "typ of the bearer token"),
    ({"crit": ["exp"]}, "not supported"),
    ({"crit": []}, "not supported"),
    ({"b64": True}, "not supported"),
    ({"b64": False, "crit": ["b64"]}, "neither|not supported"),
    ({"b64": False}, "neither an API token nor a signed JWT"),
    ({"x5c": 5}, "signature of the bearer token does not hold"),
    ({"filler": "x" * 512}, "neither an API token nor a signed JWT"),
]


@pytest.mark.parametrize(("header", "sentence"), BAD_HEADERS)
async def test_a_header_that_asks_for_other_rules_is_refused(
    verifier: Verifier, provider: Provider, header: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Unauthenticated, match=sentence):
        await verifier.verify(sign(claims(provider), **header), NOW)
    assert set(provider.asked) <= {"/.well-known/openid-configuration", "/keys"}


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "EdDSA"])
@pytest.mark.parametrize("form", ["pem", "der", "jwk"])
async def test_the_public_key_is_no_secret_to_sign_with(
    verifier: Verifier, provider: Provider, algorithm: str, form: str
) -> None:
    secrets = {
        "pem": RSA.as_pem(private=False),
        "der": RSA.as_der(private=False),
        "jwk": json.dumps(public("rsa", RSA)).encode(),
    }
    text = f"{encode({'alg': algorithm, 'kid': 'rsa'})}.{encode(claims(provider))}"
    forged = hmac.new(secrets[form], text.encode(), hashlib.sha256).digest()
    with pytest.raises(Unauthenticated):
        await verifier.verify(f"{text}.{encode(forged)}", NOW)


async def test_a_key_that_the_token_brings_along_is_not_used(
    verifier: Verifier, provider: Provider
) -> None:
    payload = claims(provider)
    elsewhere = provider.url + "/elsewhere"
    for token in (
        sign(payload, STRANGER, jwk=public("okp", STRANGER)),
        sign(payload, STRANGER, jku=elsewhere),
        sign(payload, STRANGER, x5u=elsewhere),
    ):
        with pytest.raises(Unauthenticated, match="does not hold"):
            await verifier.verify(token, NOW)
    assert "/elsewhere" not in provider.asked


GARBAGE = [
    "",
    ".",
    "..",
    "...",
    "a.b",
    "a.b.c",
    "e30.e30.",
    "e30.e30.e30.e30.e30",
    "\u00e9.e30.e30",
    encode(["alg"]) + ".e30.e30",
    encode("alg") + ".e30.e30",
    encode(b"5") + ".e30.e30",
    encode(b"[" * 300) + ".e30.e30",
    encode({"alg": "EdDSA", "kid": "okp"}) + "..",
    encode({"alg": "EdDSA", "kid": "okp"}) + ".e30.",
    encode({"alg": "EdDSA", "kid": "okp"}) + "." + encode(b"[" * 9_000) + ".e30",
    encode({"alg": "EdDSA", "kid": "okp"}) + "." + encode(["iss"]) + ".e30",
    encode({"alg": "EdDSA", "kid": "okp"}) + "." + encode(b"\xff") + ".e30",
    "a" * 16_385,
    "a" * 10_000_000,
]


@pytest.mark.parametrize("token", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_is_refused_without_asking_anybody(
    verifier: Verifier, provider: Provider, token: str
) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(token, NOW)
    assert provider.asked == []


async def test_a_token_that_is_good_but_huge_is_refused(
    verifier: Verifier, provider: Provider
) -> None:
    with pytest.raises(Unauthenticated, match="16,384 characters at most"):
        await verifier.verify(sign(claims(provider, groups=["x" * 16_384])), NOW)


@pytest.mark.parametrize("signature", [b"", bytes(64), b"\x00", b"x" * 64])
async def test_a_signature_that_nobody_made_is_refused(
    verifier: Verifier, provider: Provider, signature: bytes
) -> None:
    for algorithm, kid in (("EdDSA", "okp"), ("ES256", "ec"), ("RS256", "rsa")):
        text = f"{encode({'alg': algorithm, 'kid': kid})}.{encode(claims(provider))}"
        with pytest.raises(Unauthenticated, match="does not hold"):
            await verifier.verify(f"{text}.{encode(signature)}", NOW)


async def test_a_token_of_a_stranger_under_a_known_key_is_refused(
    verifier: Verifier, provider: Provider
) -> None:
    with pytest.raises(Unauthenticated, match="does not hold"):
        await verifier.verify(sign(claims(provider), STRANGER), NOW)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0), st.integers(0, 255))
async def test_a_token_with_one_byte_changed_is_refused(
    verifier: Verifier, provider: Provider, place: int, byte: int
) -> None:
    token = sign(claims(provider))
    place %= len(token)
    other = token[:place] + chr(byte) + token[place + 1 :]
    if other != token:
        with pytest.raises(Unauthenticated):
            await verifier.verify(other, NOW)


async def test_one_issuer_cannot_speak_for_another(provider: Provider, clock: Clock) -> None:
    other = Provider(keys=[public("okp", STRANGER)])
    server = serve(other)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        issuers = [Issuer(provider.url, AUDIENCE), Issuer(other.url, "theirs")]
        verifier = Verifier(issuers, clock=clock)
        good = sign(claims(provider, iss=other.url, aud="theirs"), STRANGER)
        assert (await verifier.verify(good, NOW)).issuer == other.url
        with pytest.raises(Unauthenticated, match="does not hold"):
            await verifier.verify(sign(claims(provider), STRANGER), NOW)
        with pytest.raises(Unauthenticated, match="'aud'"):
            await verifier.verify(sign(claims(provider, iss=other.url), STRANGER), NOW)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_keys_are_fetched_once_and_then_kept(
    verifier: Verifier, provider: Provider, clock: Clock
) -> None:
    token = sign(claims(provider))
    for _ in range(5):
        await verifier.verify(token, NOW)
        clock.seconds += 700
    assert provider.fetches == 1
    clock.seconds += 100
    await verifier.verify(token, NOW)
    assert provider.fetches == 2


async def test_a_crowd_of_first_callers_causes_one_fetch(
    verifier: Verifier, provider: Provider
) -> None:
    token = sign(claims(provider))
    async with anyio.create_task_group() as crowd:
        for _ in range(20):
            crowd.start_soon(verifier.verify, token, NOW)
    assert provider.fetches == 1


async def test_an_unknown_key_is_looked_for_at_most_once_a_minute(
    verifier: Verifier, provider: Provider, clock: Clock
) -> None:
    await verifier.verify(sign(claims(provider)), NOW)
    clock.seconds += 60
    for number in range(30):
        with pytest.raises(Unauthenticated, match="not one of its issuer's"):
            await verifier.verify(sign(claims(provider), kid=f"invented-{number}"), NOW)
        clock.seconds += 1
    assert provider.fetches == 2
    clock.seconds += 30
    with pytest.raises(Unauthenticated, match="not one of its issuer's"):
        await verifier.verify(sign(claims(provider), kid="invented"), NOW)
    assert provider.fetches == 3


async def test_a_rotated_key_is_found_and_the_old_one_forgotten(
    verifier: Verifier, provider: Provider, clock: Clock
) -> None:
    old, new = sign(claims(provider)), sign(claims(provider), STRANGER, kid="next")
    await verifier.verify(old, NOW)
    provider.keys = [public("next", STRANGER)]
    clock.seconds += 60
    assert (await verifier.verify(new, NOW)).subject == "user-7"
    with pytest.raises(Unauthenticated, match="not one of its issuer's"):
        await verifier.verify(old, NOW)


async def test_a_withdrawn_key_is_forgotten_within_the_hour(
    verifier: Verifier, provider: Provider, clock: Clock
) -> None:
    token = sign(claims(provider))
    await verifier.verify(token, NOW)
    provider.keys = [public("next", STRANGER)]
    clock.seconds += 3_600
    with pytest.raises(Unauthenticated, match="not one of its issuer's"):
        await verifier.verify(token, NOW)


async def test_an_issuer_that_is_away_does_not_lock_out_those_it_knows(
    verifier: Verifier, provider: Provider, clock: Clock
) -> None:
    token = sign(claims(provider))
    await verifier.verify(token, NOW)
    provider.status = 503
    clock.seconds += 4_000
    assert (await verifier.verify(token, NOW)).subject == "user-7"
    clock.seconds += 86_400 - 4_000
    with pytest.raises(Unavailable, match="out of reach"):
        await verifier.verify(token, NOW)
    provider.status = 200
    clock.seconds += 60
    assert (await verifier.verify(token, NOW)).subject == "user-7"


BROKEN: list[dict[str, Any]] = [
    {"status": 500},
    {"status": 404},
    {"status": 302},
    {"status": 204},
    {"padding": issuer_keys.FETCH_BYTES},
    {"keys": b""},
    {"keys": b"not json"},
    {"keys": b"[]"},
    {"keys": b"{}"},
    {"keys": b'{"keys": {}}'},
    {"keys": b"[" * 100_000},
    {"discovery": {"issuer": "https://accounts.evil.example"}},
    {"discovery": {"issuer": None}},
    {"discovery": {"jwks_uri": None}},
    {"discovery": {"jwks_uri": ["x"]}},
    {"discovery": {"jwks_uri": ""}},
    {"discovery": {"jwks_uri": "/keys"}},
    {"discovery": {"jwks_uri": "http://accounts.evil.example/keys"}},
    {"discovery": {"jwks_uri": "file:///etc/passwd"}},
    {"discovery": {"jwks_uri": "https://["}},
    {"discovery": {"jwks_uri": "http://127.0.0.1:1/keys"}},
    {"discovery": {"jwks_uri": "http://127.0.0.1:99999/keys"}},
]


@pytest.mark.parametrize("fault", BROKEN)
async def test_an_issuer_out_of_order_makes_us_unavailable_and_is_left_alone_for_a_minute(
    verifier: Verifier, provider: Provider, clock: Clock, fault: dict[str, Any]
) -> None:
    for name, value in fault.items():
        setattr(provider, name, value)
    token = sign(claims(provider))
    for _ in range(3):
        with pytest.raises(Unavailable, match="out of reach"):
            await verifier.verify(token, NOW)
    assert provider.asked.count("/.well-known/openid-configuration") == 1


async def test_a_key_set_of_the_largest_size_is_read(
    verifier: Verifier, provider: Provider
) -> None:
    body = json.dumps({"keys": provider.keys}).encode()
    provider.keys, provider.padding = body, issuer_keys.FETCH_BYTES - len(body)
    assert (await verifier.verify(sign(claims(provider)), NOW)).subject == "user-7"


@pytest.mark.parametrize("drip_seconds", [0.4, 0.01])
async def test_an_issuer_that_is_silent_or_drips_is_given_up(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, drip_seconds: float
) -> None:
    monkeypatch.setattr(issuer_keys, "FETCH_SECONDS", 0.2)
    provider.drip_seconds = drip_seconds
    with anyio.fail_after(3), pytest.raises(Unavailable, match="cannot be reached"):
        await issuer_keys.fetch_bounded(provider.url + "/keys")


WEAK_RSA = RSAKey(rsa.generate_private_key(65_537, 1_024), None)
X25519 = OKPKey.generate_key("X25519")
P384 = ECKey.generate_key("P-384")
USELESS: list[object] = [
    {},
    None,
    "okp",
    {"kid": "okp", "kty": "unheard of"},
    {"kid": "okp", "kty": ["OKP"]},
    {"kid": "okp", "kty": "OKP"},
    {"kid": "okp", "kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
    {"kid": "okp", "kty": "OKP", "crv": "Ed25519", "x": 5},
    {"kid": "okp", "kty": "RSA", "n": "", "e": ""},
    {"kid": "okp", "kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"},
    {"kid": "okp", "kty": "oct", "k": "c2VjcmV0" * 8},
    {**OKP.as_dict(private=False), "kid": 5},
    OKP.as_dict(private=False) | {"kid": "okp", "use": "enc"},
    OKP.as_dict(private=False) | {"kid": "okp", "use": ["sig"]},
]


@pytest.mark.parametrize("entry", USELESS)
async def test_a_useless_entry_does_not_spoil_the_others(
    verifier: Verifier, provider: Provider, entry: object
) -> None:
    provider.keys = [entry, public("ec", EC)]
    token = sign(claims(provider), EC, model="ES256", alg="ES256", kid="ec")
    assert (await verifier.verify(token, NOW)).subject == "user-7"
    with pytest.raises(Unauthenticated, match="not one of its issuer's"):
        await verifier.verify(sign(claims(provider)), NOW)


async def test_a_weak_key_is_not_used(verifier: Verifier, provider: Provider) -> None:
    provider.keys = [public("rsa", WEAK_RSA)]
    token = sign(claims(provider), WEAK_RSA, model="RS256", alg="RS256", kid="rsa")
    with pytest.raises(Unauthenticated, match="not one of its issuer's"):
        await verifier.verify(token, NOW)


@pytest.mark.parametrize(
    ("entry", "algorithm", "model", "key"),
    [
        (public("k", OKP, alg="ES256"), "EdDSA", "Ed25519", OKP),
        (public("k", RSA, alg="PS256"), "RS256", "RS256", RSA),
        (public("k", OKP, key_ops=["encrypt"]), "EdDSA", "Ed25519", OKP),
        (public("k", P384), "ES256", "ES256", P384),
        (public("k", X25519), "EdDSA", "Ed25519", OKP),
    ],
)
async def test_a_key_is_used_for_what_it_is_meant_for_only(
    verifier: Verifier,
    provider: Provider,
    entry: dict[str, Any],
    algorithm: str,
    model: str,
    key: Key,
) -> None:
    provider.keys = [entry]
    token = sign(claims(provider), key, model=model, alg=algorithm, kid="k")
    with pytest.raises(Unauthenticated, match="does not hold"):
        await verifier.verify(token, NOW)


@pytest.mark.parametrize(
    "url",
    [
        "https://accounts.example",
        "https://accounts.example:8443/realms/lab",
        "http://localhost:9000",
        "http://127.0.0.1",
        "http://[::1]:9000",
    ],
)
def test_an_issuer_is_https_or_on_this_machine(url: str) -> None:
    assert oidc.Issuer(url, AUDIENCE).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "accounts.example",
        "https://",
        "https://[",
        "ftp://localhost",
        "http://accounts.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
    ],
)
def test_any_other_issuer_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="must be an https URL"):
        Issuer(url, AUDIENCE)


def test_an_issuer_needs_an_audience_and_is_listed_once() -> None:
    with pytest.raises(ValueError, match="needs an audience"):
        Issuer("https://accounts.example", "")
    issuer = Issuer("https://accounts.example", AUDIENCE)
    with pytest.raises(ValueError, match="listed twice"):
        Verifier([issuer, issuer])
