"""Opening the stores of integrations, and our own."""

import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.core.storage import opening, own
from app.core.storage.errors import (
    AccessPointUnreachable,
    EndpointRefused,
    NotOfThisIntegration,
    ObjectNotFound,
    SigningUnsupported,
    StorageUnavailable,
)
from app.core.storage.folder import Folder
from app.core.storage.integrations import (
    AccessKey,
    Allowances,
    AmazonS3,
    AzureBlob,
    GoogleCloudStorage,
    InvalidIntegration,
    S3Compatible,
)

from .test_guard import Listener

KEY = AccessKey("USER", "secret")
AWS = AmazonS3("eu-west-1", KEY)
AZURE = AzureBlob("account", account_key="YWJj")
NOTHING = Allowances()
ACCESS_POINT = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"

OPERATORS_OWN = {
    "AWS_ACCESS_KEY_ID": "OPERATOR",
    "AWS_SECRET_ACCESS_KEY": "operator",
    "AWS_SESSION_TOKEN": "OPERATOR",
    "AWS_ENDPOINT": "https://operator.example",
    "AWS_ENDPOINT_URL": "https://operator.example",
    "AWS_ENDPOINT_URL_S3": "https://operator.example",
    "AWS_REGION": "xx-operator-1",
    "AWS_BUCKET": "operator",
    "AWS_SKIP_SIGNATURE": "true",
    "AWS_REQUEST_PAYER": "true",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
    "AWS_ALLOW_HTTP": "true",
    "AZURE_STORAGE_ACCOUNT_NAME": "operator",
    "AZURE_STORAGE_ACCOUNT_KEY": "b3BlcmF0b3I=",
    "AZURE_STORAGE_SAS_KEY": "sv=operator&sig=1",
    "AZURE_STORAGE_TOKEN": "operator",
    "AZURE_STORAGE_ENDPOINT": "https://operator.example",
    "AZURE_SKIP_SIGNATURE": "true",
    "AZURE_STORAGE_USE_EMULATOR": "true",
    "GOOGLE_BASE_URL": "https://operator.example",
    "GOOGLE_SKIP_SIGNATURE": "true",
}


@pytest.fixture(scope="module")
def service_account() -> str:
    """The JSON key of a Google service account, with fields that would redirect its requests."""
    private_key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    fields = {
        "type": "service_account",
        "client_email": "user@project.example",
        "private_key": private_key.decode(),
        "private_key_id": "1",
        "gcs_base_url": "https://evil.example",
        "disable_oauth": True,
        "token_uri": "https://evil.example",
    }
    return json.dumps(fields)


@pytest.fixture
def operators_environment(monkeypatch):
    for name, value in OPERATORS_OWN.items():
        monkeypatch.setenv(name, value)


async def signed(integration, bucket="bucket") -> str:
    store = await opening.open_store(integration, bucket, NOTHING)
    return await store.signed_url("a b", expires_in=timedelta(minutes=5))


@pytest.mark.parametrize(
    ("bucket", "start"),
    [
        ("bucket", "https://bucket.s3.eu-west-1.amazonaws.com/a%20b?"),
        ("dotted.bucket", "https://s3.eu-west-1.amazonaws.com/dotted.bucket/a%20b?"),
    ],
)
async def test_amazon_urls_are_signed_with_the_users_keys_only(
    operators_environment, bucket, start
):
    url = await signed(AWS, bucket)

    query = parse_qs(urlsplit(url).query)
    assert url.startswith(start)
    assert query["X-Amz-Credential"][0].startswith("USER/")
    assert query["X-Amz-Credential"][0].endswith("/eu-west-1/s3/aws4_request")
    assert query["X-Amz-Expires"] == ["300"]
    assert "X-Amz-Security-Token" not in query


async def test_requests_are_signed_whatever_the_environment_says(operators_environment, allowances):
    async with Listener(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n").running() as endpoint:
        integration = S3Compatible(f"http://127.0.0.1:{endpoint.port}", "us-east-1", KEY)
        store = await opening.open_store(integration, "bucket", allowances)
        with pytest.raises(ObjectNotFound):
            await store.head("k")

    request = endpoint.requests[0].decode().lower()
    assert "authorization: aws4-hmac-sha256 credential=user/" in request
    assert "operator" not in request
    assert "x-amz-request-payer" not in request


async def test_amazon_in_china_has_its_own_domain():
    url = await signed(replace(AWS, region="cn-north-1"))

    assert url.startswith("https://bucket.s3.cn-north-1.amazonaws.com.cn/a%20b?")


async def test_google_urls_are_signed_with_the_users_key_only(
    operators_environment, service_account
):
    url = await signed(GoogleCloudStorage(service_account))

    assert url.startswith("https://storage.googleapis.com/bucket/a%20b?")
    credential = parse_qs(urlsplit(url).query)["X-Goog-Credential"][0]
    assert credential.startswith("user@project.example/")


async def test_azure_urls_are_signed_with_the_users_key_only(operators_environment):
    with_environment = await signed(AZURE)

    assert with_environment.startswith("https://account.blob.core.windows.net/bucket/a%20b?")
    assert parse_qs(urlsplit(with_environment).query)["sp"] == ["r"]
    assert "skoid" not in with_environment  # a key of the operator's identity


async def test_a_shared_access_signature_cannot_sign(operators_environment):
    shared = replace(AZURE, account_key=None, shared_access_signature="?sv=1&sig=x")

    with pytest.raises(SigningUnsupported):
        await signed(shared)


@pytest.mark.parametrize(
    "service_account", ["", "[]", "{}", '{"type": 1}', '{"type":"a","client_email":"b"}']
)
async def test_a_broken_service_account_is_refused(service_account):
    with pytest.raises(InvalidIntegration):
        await signed(GoogleCloudStorage(service_account))


async def test_a_broken_private_key_is_refused(service_account):
    broken = json.dumps(json.loads(service_account) | {"private_key": "x"})

    with pytest.raises(InvalidIntegration):
        await signed(GoogleCloudStorage(broken))


async def test_secrets_that_would_leak_stop_every_integration():
    environment = {"AWS_SSE_CUSTOMER_KEY_BASE64": "secret"}

    with pytest.raises(StorageUnavailable, match="AWS_SSE_CUSTOMER_KEY_BASE64"):
        await opening.open_store(AWS, "bucket", NOTHING, environment=environment)


async def test_an_integration_of_one_bucket_opens_no_other():
    with pytest.raises(NotOfThisIntegration):
        await opening.open_store(replace(AWS, bucket="one"), "another", NOTHING)


async def test_an_access_point_can_be_named_and_not_opened():
    with pytest.raises(AccessPointUnreachable):
        await opening.open_store(AWS, ACCESS_POINT, NOTHING)


async def test_the_endpoint_is_checked_again_at_each_opening(allowances: Allowances):
    rebound = S3Compatible("https://minio.example", "us-east-1", KEY)
    addresses = iter(["93.184.216.34", "10.0.0.5"])

    async def resolver(host: str, port: int) -> list[str]:
        return [next(addresses)]

    await opening.open_store(rebound, "bucket", allowances, resolver=resolver)
    with pytest.raises(EndpointRefused):
        await opening.open_store(rebound, "bucket", allowances, resolver=resolver)


async def test_endpoints_of_users_are_not_opened_without_the_guard(s3: S3Compatible):
    allowed = Allowances(hosts=frozenset({"127.0.0.1"}))

    with pytest.raises(RuntimeError, match="guard"):
        await opening.open_store(s3, "media", allowed)


async def test_the_environment_cannot_open_the_way_to_plain_http(monkeypatch, s3_url, links):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_url)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")

    with pytest.raises(StorageUnavailable):
        await own.open_own("s3://media", links).head("k")


async def test_our_own_folder_is_made_and_signs_links_to_our_own_endpoint(tmp_path, links):
    store = own.open_own(f"file://{tmp_path}/not%20yet/there", links)

    assert isinstance(store, Folder)
    await store.put("k", b"x")
    assert (tmp_path / "not yet/there/k").read_bytes() == b"x"
    url = await store.signed_url("k", "PUT", byte_limit=5)
    assert url.startswith("https://here.example/storage/objects/k?token=")


async def test_our_own_bucket_keeps_everything_below_its_prefix(monkeypatch, s3_url, bucket, links):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    store = own.open_own(f"s3://media/our/own?endpoint={s3_url}&region=us-east-1", links)

    await store.put("a/k", b"x")

    assert [info.key async for info in store.list("a")] == ["a/k"]
    url = await store.signed_url("a/k")
    assert url.startswith(f"{s3_url}/media/our/own/a/k?")
    assert httpx2.get(url).content == b"x"
    with pytest.raises(ObjectNotFound):
        await store.head("our/own/a/k")


@pytest.mark.parametrize("url", ["", "/folder", "https://bucket", "s3://media?endpont=x"])
def test_a_storage_url_that_is_not_understood_is_an_error(url, links):
    with pytest.raises(ValueError, match="STORAGE_URL"):
        own.open_own(url, links)
