"""Signed requests: the published example holds, and nothing that was touched does."""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from app.accounts import signatures
from app.accounts.signatures import UnknownKey, Verified
from app.core.errors import Invalid, Unauthenticated

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY_ID = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER_ID = OTHER_KEY.public_key().public_bytes_raw().hex()
BODY = b'{"query":"{ __typename }"}'
CREATED = datetime.fromtimestamp(1_700_000_000, UTC)
DIGEST = "sha-256=:kQdqlhasDNntntftKLr+cg9HwM2EBuaLRbbduh/ouJc=:"
PARAMS = (
    '("@method" "@request-target" "content-digest");created=1700000000;'
    f'keyid="{KEY_ID}";alg="ed25519"'
)
SIGNATURE = (
    "Fj7VecRtmqlKUndo9Qo/YK6LokDR1i0yxmWqfRoqj2M3Mhr9nIhLEacXV2Tgi3mnLimZjtF2lQ3aDM793F2NDQ=="
)
PUBLISHED = {
    "Content-Digest": DIGEST,
    "Signature-Input": f"encord-sig={PARAMS}",
    "Signature": f"encord-sig=:{SIGNATURE}:",
}
OPENSSH = (
    KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " ada@lab"
)


async def registered(key_id: str) -> str | None:
    """Ada's key is registered; the other one was revoked."""
    return "ada" if key_id == KEY_ID else None


def pairs(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


async def verify(
    headers: dict[str, str] | list[tuple[bytes, bytes]],
    *,
    method: str = "POST",
    target: str = "/graphql",
    body: bytes = BODY,
    now: datetime = CREATED,
) -> Verified[str]:
    return await signatures.verify(
        pairs(headers) if isinstance(headers, dict) else headers,
        method=method,
        target=target,
        body_sha256=hashlib.sha256(body).digest(),
        now=now,
        find_key=registered,
    )


def changed(name: str, old: str, new: str) -> dict[str, str]:
    assert old in PUBLISHED[name]
    return {**PUBLISHED, name: PUBLISHED[name].replace(old, new)}


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in PUBLISHED.items() if key != name}


def signed_as(params: str, label: str = "encord-sig") -> dict[str, str]:
    """A request with the key's own good signature over other parameters than usual."""
    base = f'"@method": POST\n"@request-target": /graphql\n"content-digest": {DIGEST}\n'
    signature = KEY.sign((base + f'"@signature-params": {params}').encode())
    return {
        "Content-Digest": DIGEST,
        "Signature-Input": f"{label}={params}",
        "Signature": f"{label}=:{base64.b64encode(signature).decode()}:",
    }


def test_our_signer_makes_the_published_example() -> None:
    headers = signatures.sign(KEY, method="POST", target="/graphql", body=BODY, created=CREATED)
    assert headers == PUBLISHED


async def test_the_published_example_is_accepted() -> None:
    verified = await verify(PUBLISHED)
    assert verified.owner == "ada"
    assert verified.key_id == KEY_ID
    assert verified.signature == base64.b64decode(SIGNATURE)
    assert verified.forget_at == CREATED + timedelta(seconds=300)


@pytest.mark.parametrize("label", ["sig1", "*", "encord-sig", "a.b_c-d*"])
async def test_any_label_will_do_if_both_headers_use_it(label: str) -> None:
    assert (await verify(signed_as(PARAMS, label))).owner == "ada"


@pytest.mark.parametrize("seconds", [-300, -1, 0, 30, 300])
async def test_clocks_may_differ_by_five_minutes(seconds: int) -> None:
    assert (await verify(PUBLISHED, now=CREATED + timedelta(seconds=seconds))).owner == "ada"


async def test_the_parameters_may_come_in_any_order() -> None:
    first, *rest = PARAMS.split(";")
    for order in permutations(rest):
        assert (await verify(signed_as(";".join([first, *order])))).owner == "ada"


@given(
    st.sampled_from(["GET", "POST", "PUT"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
    st.binary(),
    st.integers(0, 4_000_000_000),
)
async def test_what_the_client_signs_the_server_accepts(
    method: str, target: str, body: bytes, seconds: int
) -> None:
    created = datetime.fromtimestamp(seconds, UTC)
    headers = signatures.sign(KEY, method=method, target=target, body=body, created=created)
    verified = await verify(headers, method=method, target=target, body=body, now=created)
    assert verified.key_id == KEY_ID


@given(
    st.sampled_from([*PUBLISHED, "method", "target", "body"]), st.integers(0), st.integers(0, 255)
)
async def test_a_request_with_one_byte_changed_is_refused(name: str, place: int, byte: int) -> None:
    parts = {
        **{header: value.encode() for header, value in PUBLISHED.items()},
        "method": b"POST",
        "target": b"/graphql",
        "body": BODY,
    }
    old = parts[name]
    place %= len(old)
    parts[name] = old[:place] + bytes([byte]) + old[place + 1 :]
    if parts[name] != old:
        with pytest.raises(Unauthenticated):
            await verify(
                [(header.lower().encode(), parts[header]) for header in PUBLISHED],
                method=parts["method"].decode("latin-1"),
                target=parts["target"].decode("latin-1"),
                body=parts["body"],
            )


HOSTILE = {
    "no headers at all": ({}, "also needs the header Content-Digest and Signature-Input"),
    "no digest": (without("Content-Digest"), "needs the header Content-Digest"),
    "no input": (without("Signature-Input"), "needs the header Signature-Input"),
    "no signature": (without("Signature"), "needs the header Signature"),
    "empty signature": ({**PUBLISHED, "Signature": ""}, "exactly one signature"),
    "empty input": ({**PUBLISHED, "Signature-Input": ""}, "exactly one signature"),
    "two signatures in a header": (
        {**PUBLISHED, "Signature": f"encord-sig=:{SIGNATURE}:, other=:{SIGNATURE}:"},
        "Signature must hold exactly one",
    ),
    "two inputs in a header": (
        {**PUBLISHED, "Signature-Input": f"encord-sig={PARAMS}, other={PARAMS}"},
        "Signature-Input must describe exactly one",
    ),
    "label of the input": (changed("Signature-Input", "encord-sig", "sig"), "same label"),
    "label of the signature": (changed("Signature", "encord-sig", "sig"), "same label"),
    "label in capitals": (signed_as(PARAMS, "Sig"), "exactly one signature"),
    "label that is empty": (signed_as(PARAMS, ""), "exactly one signature"),
    "label that is endless": (signed_as(PARAMS, "a" * 65), "exactly one signature"),
    "nothing covered": (
        signed_as(PARAMS.replace('"@method" "@request-target" "content-digest"', "")),
        "must cover",
    ),
    "method not covered": (signed_as(PARAMS.replace('"@method" ', "")), "must cover"),
    "target not covered": (signed_as(PARAMS.replace('"@request-target" ', "")), "must cover"),
    "digest not covered": (signed_as(PARAMS.replace(' "content-digest"', "")), "must cover"),
    "another order": (
        signed_as(PARAMS.replace('"@method" "@request-target"', '"@request-target" "@method"')),
        "must cover",
    ),
    "something covered twice": (
        signed_as(PARAMS.replace('"@method"', '"@method" "@method"')),
        "must cover",
    ),
    "more covered": (
        signed_as(PARAMS.replace('"@method"', '"host" "@method"')),
        "must cover",
    ),
    "component with a parameter": (
        signed_as(PARAMS.replace('"content-digest"', '"content-digest";req')),
        "must cover",
    ),
    "components in capitals": (signed_as(PARAMS.replace("@method", "@METHOD")), "must cover"),
    "algorithm none": (signed_as(PARAMS.replace("ed25519", "none")), 'alg="ed25519"'),
    "algorithm hmac": (signed_as(PARAMS.replace("ed25519", "hmac-sha256")), 'alg="ed25519"'),
    "algorithm in capitals": (signed_as(PARAMS.replace("ed25519", "ED25519")), 'alg="ed25519"'),
    "algorithm empty": (signed_as(PARAMS.replace("ed25519", "")), 'alg="ed25519"'),
    "algorithm missing": (signed_as(PARAMS.replace(';alg="ed25519"', "")), "each once"),
    "algorithm twice": (signed_as(PARAMS + ';alg="ed25519"'), "each once"),
    "created missing": (signed_as(PARAMS.replace(";created=1700000000", "")), "each once"),
    "created twice": (
        signed_as(PARAMS.replace(";created", ";created=1700000000;created")),
        "each once",
    ),
    "key missing": (signed_as(PARAMS.replace(f';keyid="{KEY_ID}"', "")), "each once"),
    "key twice": (signed_as(PARAMS + f';keyid="{OTHER_ID}"'), "each once"),
    "a parameter we do not know": (signed_as(PARAMS + ';expires=1"'), "exactly one signature"),
    "expires": (signed_as(PARAMS + ";expires=1800000000"), "each once"),
    "created in quotes": (signed_as(PARAMS.replace("1700000000", '"1700000000"')), "whole number"),
    "created with leading zero": (
        signed_as(PARAMS.replace("1700000000", "01700000000")),
        "whole number",
    ),
    "created negative": (
        signed_as(PARAMS.replace("1700000000", "-1700000000")),
        "exactly one signature",
    ),
    "created with a fraction": (
        signed_as(PARAMS.replace("1700000000", "1700000000.5")),
        "exactly one signature",
    ),
    "created beyond all time": (
        signed_as(PARAMS.replace("1700000000", "9" * 5_000)),
        "whole number",
    ),
    "created in the year 5138": (
        signed_as(PARAMS.replace("1700000000", "99999999999")),
        "set your clock",
    ),
    "created in 1970": (signed_as(PARAMS.replace("1700000000", "0")), "set your clock"),
    "a second too old": (signed_as(PARAMS.replace("1700000000", "1699999699")), "set your clock"),
    "a second too new": (signed_as(PARAMS.replace("1700000000", "1700000301")), "set your clock"),
    "digest of another body": (
        {**PUBLISHED, "Content-Digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"},
        "SHA-256 of the body",
    ),
    "digest by another function": (
        changed("Content-Digest", "sha-256", "sha-512"),
        "SHA-256 of the body",
    ),
    "digest without colons": (changed("Content-Digest", ":", ""), "SHA-256 of the body"),
    "digest without padding": (changed("Content-Digest", "=:", ":"), "SHA-256 of the body"),
    "two digests": (
        {**PUBLISHED, "Content-Digest": f"{DIGEST}, {DIGEST}"},
        "SHA-256 of the body",
    ),
    "digest not canonical": (changed("Content-Digest", "Jc=", "Jd="), "SHA-256 of the body"),
    "key in capitals": (signed_as(PARAMS.replace(KEY_ID, KEY_ID.upper())), "64 lower-case"),
    "key too short": (signed_as(PARAMS.replace(KEY_ID, KEY_ID[:-2])), "64 lower-case"),
    "key that is a path": (signed_as(PARAMS.replace(KEY_ID, "../../etc/passwd")), "64 lower-case"),
    "key that is a query": (signed_as(PARAMS.replace(KEY_ID, "' or 1=1 --")), "64 lower-case"),
    "key without quotes": (signed_as(PARAMS.replace(f'"{KEY_ID}"', "1")), "64 lower-case"),
    "another key named": (changed("Signature-Input", KEY_ID, OTHER_ID), "not registered"),
    "signature of zeros": (
        {**PUBLISHED, "Signature": f"encord-sig=:{base64.b64encode(bytes(64)).decode()}:"},
        "does not fit",
    ),
    "signature cut": ({**PUBLISHED, "Signature": "encord-sig=:Fj7VecRt:"}, "exactly one signature"),
    "signature not canonical": (changed("Signature", "DQ==", "DR=="), "exactly one signature"),
    "signature in the other alphabet": (
        changed("Signature", "/", "_"),
        "exactly one signature",
    ),
    "signature without padding": (changed("Signature", "==", ""), "exactly one signature"),
    "a line break in the input": (
        changed("Signature-Input", ";alg", "\n;alg"),
        "exactly one signature",
    ),
    "a line break at the end": (
        {**PUBLISHED, "Signature": PUBLISHED["Signature"] + "\n"},
        "exactly one signature",
    ),
    "a space before the input": (
        {**PUBLISHED, "Signature-Input": " " + PUBLISHED["Signature-Input"]},
        "exactly one signature",
    ),
    "digits of another script": (
        changed("Signature-Input", "1700000000", "17\u06600000000"),
        "ASCII",
    ),
    "created moved within the window": (
        changed("Signature-Input", "1700000000", "1700000001"),
        "does not fit",
    ),
    "parameters in another order than signed": (
        {
            **PUBLISHED,
            "Signature-Input": (
                'encord-sig=("@method" "@request-target" "content-digest");alg="ed25519";'
                f'keyid="{KEY_ID}";created=1700000000'
            ),
        },
        "does not fit",
    ),
}


@pytest.mark.parametrize(("headers", "sentence"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_request_that_is_not_as_agreed_is_refused(
    headers: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Unauthenticated, match=sentence):
        await verify(headers)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("again", [True, False])
async def test_a_header_sent_twice_is_refused(name: str, again: bool) -> None:
    second = PUBLISHED[name] if again else "x"
    with pytest.raises(Unauthenticated, match="2 times"):
        await verify([*pairs(PUBLISHED), (name.encode(), second.encode())])


@pytest.mark.parametrize(
    ("method", "target", "body", "sentence"),
    [
        ("GET", "/graphql", BODY, "does not fit"),
        ("post", "/graphql", BODY, "does not fit"),
        ("POST", "/graphql/", BODY, "does not fit"),
        ("POST", "/graphql?x=1", BODY, "does not fit"),
        ("POST", "/api/graphql", BODY, "does not fit"),
        ("POST", "https://labels.example/graphql", BODY, "does not fit"),
        ("POST", "/graphql\n", BODY, "cannot be signed"),
        ("P\xd6ST", "/graphql", BODY, "cannot be signed"),
        ("", "/graphql", BODY, "cannot be signed"),
        ("POST", "", BODY, "cannot be signed"),
        ("POST", "/gr\xe4phql", BODY, "cannot be signed"),
        ("POST", "/graphql", b"", "SHA-256 of the body"),
        ("POST", "/graphql", BODY + b" ", "SHA-256 of the body"),
        ("POST", "/graphql", BODY[:-1], "SHA-256 of the body"),
    ],
)
async def test_a_signature_is_good_for_its_own_request_only(
    method: str, target: str, body: bytes, sentence: str
) -> None:
    with pytest.raises(Unauthenticated, match=sentence):
        await verify(PUBLISHED, method=method, target=target, body=body)


async def test_a_target_cannot_smuggle_lines_into_what_was_signed() -> None:
    smuggled = f'/graphql\n"content-digest": {DIGEST}'
    headers = signatures.sign(KEY, method="POST", target=smuggled, body=BODY, created=CREATED)
    with pytest.raises(Unauthenticated, match="cannot be signed"):
        await verify(headers, target=smuggled)


async def test_an_unknown_key_is_an_error_of_its_own() -> None:
    headers = signatures.sign(
        OTHER_KEY, method="POST", target="/graphql", body=BODY, created=CREATED
    )
    with pytest.raises(UnknownKey, match="not registered, or was revoked"):
        await verify(headers)


async def test_a_signature_by_another_key_under_our_name_is_refused() -> None:
    base = (
        f'"@method": POST\n"@request-target": /graphql\n"content-digest": {DIGEST}\n'
        f'"@signature-params": {PARAMS}'
    )
    forged = base64.b64encode(OTHER_KEY.sign(base.encode())).decode()
    with pytest.raises(Unauthenticated, match="does not fit"):
        await verify({**PUBLISHED, "Signature": f"encord-sig=:{forged}:"})


async def test_the_registry_is_not_asked_before_the_request_is_in_order() -> None:
    async def asked(key_id: str) -> str | None:
        raise AssertionError(key_id)

    for headers, sentence in HOSTILE.values():
        if sentence not in {"does not fit", "not registered"}:
            with pytest.raises(Unauthenticated):
                await signatures.verify(
                    pairs(headers),
                    method="POST",
                    target="/graphql",
                    body_sha256=hashlib.sha256(BODY).digest(),
                    now=CREATED,
                    find_key=asked,
                )


async def verify_socket(payload: dict[str, object], target: str = "/graphql") -> Verified[str]:
    return await signatures.verify_socket(payload, target=target, now=CREATED, find_key=registered)


def socket_headers(method: str = "GET", body: bytes = b"") -> dict[str, object]:
    return {
        **signatures.sign(KEY, method=method, target="/graphql", body=body, created=CREATED),
        "clientName": "tests",
    }


@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
async def test_a_socket_signs_an_empty_get(spell: Callable[[str], str]) -> None:
    payload = {spell(name): value for name, value in socket_headers().items()}
    assert (await verify_socket(payload)).owner == "ada"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"Authorization": "Bearer x"},
        {**PUBLISHED},
        socket_headers("POST"),
        socket_headers("GET", BODY),
        {**socket_headers(), "signature": "again"},
        {**socket_headers(), "Signature": None},
        {**socket_headers(), "Signature": [PUBLISHED["Signature"]]},
        {**socket_headers(), "Content-Digest": {"sha-256": ""}},
        {**socket_headers(), "Signature": "\ud800"},
        {**socket_headers(), "Signature-Input": "\u00e9"},
    ],
)
async def test_a_socket_that_is_not_signed_as_agreed_is_refused(
    payload: dict[str, object],
) -> None:
    with pytest.raises(Unauthenticated):
        await verify_socket(payload)


async def test_a_socket_signature_is_good_for_its_own_address_only() -> None:
    with pytest.raises(Unauthenticated, match="does not fit"):
        await verify_socket(socket_headers(), target="/other")


@pytest.mark.parametrize(
    ("raw_path", "query", "target"),
    [
        (b"/graphql", b"", "/graphql"),
        (b"/gr%C3%A4ph", b"x=1&y=%20", "/gr%C3%A4ph?x=1&y=%20"),
        (b"/prefix/graphql", b"?", "/prefix/graphql??"),
    ],
)
def test_the_target_is_what_was_sent(raw_path: bytes, query: bytes, target: str) -> None:
    assert signatures.request_target(raw_path, query) == target


@pytest.mark.parametrize("name", ["Signature", "signature-input"])
def test_half_a_signature_is_already_a_claim_to_be_signed(name: str) -> None:
    assert signatures.is_signed([(b"accept", b"*/*"), (name.encode(), b"")])
    assert not signatures.is_signed([(b"authorization", b"Bearer x"), (b"content-digest", b"")])


@pytest.mark.parametrize("end", ["00" * 64, "AB" * 64, "00"])
def test_the_older_scheme_is_refused_and_told_of_the_newer(end: str) -> None:
    with pytest.raises(Unauthenticated, match="Content-Digest, Signature-Input and Signature"):
        signatures.refuse_legacy(f"{KEY_ID}:{end}")


@pytest.mark.parametrize("authorization", ["", "Bearer x", "Basic YTpi", f"{KEY_ID}", "a:b"])
def test_other_credentials_are_not_taken_for_the_older_scheme(authorization: str) -> None:
    signatures.refuse_legacy(authorization)


@pytest.mark.parametrize(
    "text",
    [OPENSSH, OPENSSH + "\n", f"  {OPENSSH}", OPENSSH.rsplit(" ", 1)[0], KEY_ID, KEY_ID.upper()],
)
def test_a_public_key_is_read_from_its_line_or_its_digits(text: str) -> None:
    assert signatures.parse_public_key(text) == KEY_ID


def openssh(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


POINTS_OF_SMALL_ORDER = [
    "00" * 32,
    "00" * 31 + "80",
    "01" + "00" * 31,
    "01" + "00" * 30 + "80",
    "ec" + "ff" * 30 + "7f",
    "ec" + "ff" * 31,
    "ed" + "ff" * 30 + "7f",
    "ed" + "ff" * 31,
    "ee" + "ff" * 30 + "7f",
    "ee" + "ff" * 31,
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
PRIVATE_448 = ed448.Ed448PrivateKey.generate().private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Only Ed25519"),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ== ada@lab", "not 'ssh-rsa'"),
        ("ssh-dss AAAAB3NzaC1kc3M= ada@lab", "not 'ssh-dss'"),
        (openssh(ec.generate_private_key(ec.SECP256R1())), "not 'ecdsa-sha2-nistp256'"),
        ("sk-ssh-ed25519@openssh.com AAAA", "not 'sk-ssh-ed25519@openssh.com'"),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "Only Ed25519"),
        (f'command="ls" {OPENSSH}', "Only Ed25519"),
        (PRIVATE, "private key"),
        (PRIVATE_448.decode(), "private key"),
        ("ssh-ed25519", "damaged"),
        ("ssh-ed25519 AAAA", "damaged"),
        ("ssh-ed25519 ????", "damaged"),
        (OPENSSH[:60], "damaged"),
        (OPENSSH.replace("ssh-ed25519 ", "ssh-ed25519 AAAA"), "damaged"),
        (
            openssh(ec.generate_private_key(ec.SECP256R1())).replace(
                "ecdsa-sha2-nistp256 ", "ssh-ed25519 "
            ),
            "damaged",
        ),
        (f"{OPENSSH}\n{OPENSSH}", "one line"),
        (OPENSSH + "x" * 1_000, "one line"),
        (KEY_ID[:-1], "Only Ed25519"),
        (KEY_ID + "00", "Only Ed25519"),
        ("0x" + KEY_ID[2:], "Only Ed25519"),
        *((key_id, "Anyone could sign") for key_id in POINTS_OF_SMALL_ORDER),
    ],
)
def test_what_is_not_an_ed25519_key_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as refusal:
        signatures.parse_public_key(text)
    assert refusal.value.field == ("public_key",)
