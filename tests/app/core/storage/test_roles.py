"""Taking on a role in a user's AWS account, by the token service of moto."""

import email
from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from app.core.storage import roles
from app.core.storage.errors import ObjectForbidden, StorageUnavailable
from app.core.storage.integrations import Role, ServerKeys

from .conftest import NOW
from .test_guard import Listener

ROLE = Role("arn:aws:iam::123456789012:role/labels", "external id + &")
KEYS = ServerKeys("AKIDEXAMPLE", "secret/of+the=tests")
FORM = (
    "Action=AssumeRole&Version=2011-06-15"
    "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Flabels"
    "&ExternalId=external+id+%2B+%26&RoleSessionName=labelgraph&DurationSeconds=3600"
)


async def test_a_role_gives_temporary_keys(s3_url: str):
    credential = await roles.assume(KEYS, ROLE, "us-east-1", datetime.now(UTC), s3_url)

    assert credential["access_key_id"]
    assert credential["secret_access_key"]
    assert credential["token"]
    assert credential["expires_at"] > datetime.now(UTC)


async def test_the_request_is_signed_for_the_token_service():
    async with Listener(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n").running() as sts:
        with pytest.raises(ObjectForbidden, match="trust policy"):
            await roles.assume(KEYS, ROLE, "eu-west-1", NOW, f"http://127.0.0.1:{sts.port}")

    request = sts.requests[0].decode().lower()
    assert "credential=akidexample/20261121/eu-west-1/sts/aws4_request" in request
    assert "signedheaders=content-type;host;x-amz-date" in request
    assert "content-type: application/x-www-form-urlencoded" in request


@pytest.mark.parametrize("answer", [b"HTTP/1.1 500 Oh\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nx", b""])
async def test_a_token_service_that_fails_is_unavailable(answer: bytes):
    async with Listener(answer).running() as sts:
        with pytest.raises(StorageUnavailable):
            await roles.assume(KEYS, ROLE, "eu-west-1", NOW, f"http://127.0.0.1:{sts.port}")


async def test_the_signature_is_the_one_that_botocore_makes():
    async with Listener(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n").running() as sts:
        url = f"http://127.0.0.1:{sts.port}"
        with pytest.raises(ObjectForbidden):
            await roles.assume(KEYS, ROLE, "eu-west-1", NOW, url)
    sent = email.message_from_bytes(sts.requests[0].partition(b"\r\n")[2])

    theirs = AWSRequest("POST", f"{url}/", dict(sent.items()), FORM)
    del theirs.headers["Authorization"]
    theirs.context["timestamp"] = sent["X-Amz-Date"]
    signer = SigV4Auth(Credentials(KEYS.id, KEYS.secret), "sts", "eu-west-1")
    for name in ("Accept", "Accept-Encoding", "Connection", "Content-Length", "User-Agent"):
        del theirs.headers[name]
    text = signer.string_to_sign(theirs, signer.canonical_request(theirs))

    assert sent["Authorization"].endswith(f"Signature={signer.signature(text, theirs)}")
