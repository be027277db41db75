"""Public keys and the requests that they sign, through the API."""

import base64
from datetime import timedelta
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.accounts import signatures
from app.core import clock, ids
from app.core.clock import new_id
from app.core.ids import Kind
from tests.client import Api
from tests.statements import Statements
from tests.world import Person, World

ADD = """
mutation ($input: AddPublicKeyInput!) {
  addPublicKey(input: $input) {
    publicKey { id title keyId createdAt } userErrors { code message field }
  }
}
"""
REMOVE = """
mutation ($input: RemovePublicKeyInput!) {
  removePublicKey(input: $input) { removedPublicKeyId userErrors { code message field } }
}
"""
KEYS = "{ publicKeys { id title keyId } }"
ME = b'{"query":"{ me { email } }"}'
JSON = {"Content-Type": "application/json"}


def me(api: Api) -> Person:
    assert api.person is not None
    return api.person


def line_of(key: Ed25519PrivateKey) -> str:
    """The key's line in a .pub file."""
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


async def register(api: Api) -> tuple[Ed25519PrivateKey, str]:
    """A key of the caller's, and its id."""
    key = Ed25519PrivateKey.generate()
    added = await api.change(ADD, input={"title": "laptop", "publicKey": line_of(key)})
    return key, added["publicKey"]["id"]


def signed(key: Ed25519PrivateKey, **changes: Any) -> dict[str, str]:
    """The headers of a signed `{ me { email } }`."""
    given = {
        "method": "POST",
        "target": "/graphql",
        "body": ME,
        "created": clock.now(),
        **changes,
    }
    return {**JSON, **signatures.sign(key, **given)}


async def send(api: Api, headers: dict[str, str], body: bytes = ME) -> dict[str, Any]:
    response = await api.http.post("/graphql", content=body, headers=headers)
    answer: dict[str, Any] = orjson.loads(response.content)
    return answer


def is_refused(answer: dict[str, Any]) -> bool:
    return [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


async def test_a_signed_request_speaks_for_the_keys_owner(api: Api) -> None:
    key, _ = await register(api)
    assert (await send(api, signed(key)))["data"] == {"me": {"email": me(api).email}}


async def test_a_signed_request_is_good_once(api: Api) -> None:
    key, _ = await register(api)
    headers = signed(key)
    assert "data" in await send(api, headers)
    answer = await send(api, headers)
    assert is_refused(answer)
    assert "before" in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "GET"},
        {"target": "/graphql?x=1"},
        {"body": b"{}"},
        {"created": clock.now() - timedelta(seconds=301)},
        {"created": clock.now() + timedelta(hours=1)},
    ],
)
async def test_what_was_signed_otherwise_is_refused(api: Api, changes: dict[str, Any]) -> None:
    key, _ = await register(api)
    assert is_refused(await send(api, signed(key, **changes)))


async def test_a_signature_by_another_key_is_refused(api: Api) -> None:
    key, _ = await register(api)
    stranger = Ed25519PrivateKey.generate()
    assert is_refused(await send(api, signed(stranger)))
    mixed = signed(key) | {"Signature": signed(stranger)["Signature"]}
    assert is_refused(await send(api, mixed))


async def test_the_body_that_arrives_is_the_one_that_was_signed(api: Api) -> None:
    key, _ = await register(api)
    assert is_refused(await send(api, signed(key), ME.replace(b"email", b"name")))


async def test_the_older_signature_in_authorization_is_refused(api: Api) -> None:
    key, _ = await register(api)
    proof = key.sign(b"").hex()
    headers = {**JSON, "Authorization": f"{key.public_key().public_bytes_raw().hex()}:{proof}"}
    assert is_refused(await send(api, headers))


async def test_a_removed_key_is_refused_and_cannot_come_back(api: Api) -> None:
    key, key_id = await register(api)
    assert "data" in await send(api, signed(key))
    removed = await api.change(REMOVE, input={"publicKeyId": key_id})
    assert removed["removedPublicKeyId"] == key_id
    assert is_refused(await send(api, signed(key, created=clock.now() - timedelta(seconds=1))))
    refusal = await api.refusal(ADD, input={"title": "again", "publicKey": line_of(key)})
    assert refusal["code"] == "ALREADY_EXISTS"
    assert await api(KEYS) == {"publicKeys": []}


async def test_a_key_is_registered_once_whoever_has_it(api: Api, world: World) -> None:
    key, key_id = await register(api)
    given = {"title": "again", "publicKey": key.public_key().public_bytes_raw().hex()}
    mine = await api.payload(ADD, input=given)
    assert mine["userErrors"][0]["code"] == "ALREADY_EXISTS"
    assert mine["publicKey"]["id"] == key_id
    theirs = await api.as_(await world.organisation()).payload(ADD, input=given)
    assert theirs["userErrors"] == mine["userErrors"]
    assert theirs["publicKey"] is None


@pytest.mark.parametrize(
    ("title", "key", "field"),
    [
        ("", "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8", "title"),
        ("a", "", "publicKey"),
        ("a", "ssh-rsa AAAA", "publicKey"),
        ("a", "ssh-ed25519 " + base64.b64encode(bytes(40)).decode(), "publicKey"),
        ("a", "-----BEGIN OPENSSH PRIVATE KEY-----", "publicKey"),
        ("a", "ssh-ed25519 \0", "publicKey"),
    ],
)
async def test_what_is_no_key_is_refused(api: Api, title: str, key: str, field: str) -> None:
    refusal = await api.refusal(ADD, input={"title": title, "publicKey": key})
    assert (refusal["code"], refusal["field"]) == ("INVALID", [field])


async def test_keys_are_ones_own(api: Api, world: World) -> None:
    _, key_id = await register(api)
    colleague = api.as_(await world.member(me(api)))
    assert await colleague(KEYS) == {"publicKeys": []}
    assert await colleague("query ($id: ID!) { node(id: $id) { id } }", id=key_id) == {"node": None}
    for one in (key_id, ids.encode(Kind.PUBLIC_KEY, new_id())):
        refusal = await colleague.refusal(REMOVE, input={"publicKeyId": one})
        assert refusal["code"] == "NOT_FOUND"


async def test_keys_cost_one_statement(api: Api, statements: Statements) -> None:
    for _ in range(3):
        await register(api)
    statements.clear()
    assert len((await api(KEYS))["publicKeys"]) == 3
    assert len(statements) == 1
