"""Which URLs an integration covers, and which configurations are refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.storage import integrations
from app.core.storage.errors import EndpointRefused, NotOfThisIntegration
from app.core.storage.integrations import (
    AccessKey,
    Allowances,
    AmazonS3,
    AzureBlob,
    GoogleCloudStorage,
    InvalidIntegration,
    LocalFolder,
    Role,
    S3Compatible,
    ServerKeys,
)

KEY = AccessKey("id", "a very secret key")
ROLE = Role("arn:aws:iam::123456789012:role/labels", "external")
AWS = AmazonS3("eu-west-1", KEY)
MINIO = S3Compatible("https://minio.example:9000", "us-east-1", KEY)
GCS = GoogleCloudStorage("{}")
AZURE = AzureBlob("account", account_key="YWJj")
LOCAL = LocalFolder(Path("/data/site"))
ACCESS_POINT = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"
NOTHING = Allowances()


async def public(host: str, port: int) -> list[str]:
    return ["93.184.216.34"]


@pytest.mark.parametrize(
    ("integration", "url", "found"),
    [
        (AWS, "s3://bucket/k", ("bucket", "k")),
        (AWS, "https://bucket.s3.eu-west-1.amazonaws.com/k", ("bucket", "k")),
        (AWS, "https://bucket.s3.amazonaws.com/k", ("bucket", "k")),
        (AWS, f"{ACCESS_POINT}/a/k", (ACCESS_POINT, "a/k")),
        (MINIO, "https://minio.example:9000/bucket/k", ("bucket", "k")),
        (MINIO, "https://bucket.minio.example:9000/k", ("bucket", "k")),
        (MINIO, "s3://bucket/k", ("bucket", "k")),
        (GCS, "gs://bucket/k", ("bucket", "k")),
        (AZURE, "https://account.blob.core.windows.net/container/k", ("container", "k")),
        (AZURE, "az://container/k", ("container", "k")),
        (LOCAL, "file:///data/site/a/k", ("", "a/k")),
        (LOCAL, "a/k", ("", "a/k")),
        (replace(AWS, bucket="bucket", prefix="/a/"), "s3://bucket/a/k", ("bucket", "a/k")),
    ],
)
def test_urls_of_an_integration_are_resolved(integration, url, found):
    assert integrations.resolve(integration, url) == found


@pytest.mark.parametrize(
    ("integration", "url"),
    [
        (AWS, "gs://bucket/k"),
        (AWS, "az://bucket/k"),
        (AWS, "a/k"),
        (AWS, "file:///data/site/k"),
        (AWS, "https://bucket.s3.us-east-1.amazonaws.com/k"),
        (MINIO, "https://bucket.s3.us-east-1.amazonaws.com/k"),
        (MINIO, f"{ACCESS_POINT}/k"),
        (GCS, "s3://bucket/k"),
        (AZURE, "https://another.blob.core.windows.net/container/k"),
        (LOCAL, "file:///data/sitemap/k"),
        (LOCAL, "file:///etc/passwd"),
        (LOCAL, "s3://bucket/k"),
        (replace(AWS, bucket="bucket"), "s3://another/k"),
        (replace(AWS, bucket="bucket"), f"{ACCESS_POINT}/k"),
        (replace(AWS, prefix="a"), "s3://bucket/ab/k"),
        (replace(AWS, prefix="a"), "s3://bucket/a"),
        (replace(LOCAL, prefix="a"), "file:///data/site/b/k"),
    ],
)
def test_urls_of_others_are_refused(integration, url):
    with pytest.raises(NotOfThisIntegration):
        integrations.resolve(integration, url)


@pytest.mark.parametrize("integration", [AWS, MINIO, GCS, AZURE])
async def test_sound_configurations_pass(integration):
    await integrations.check(integration, NOTHING, public)


@pytest.mark.parametrize(
    "integration",
    [
        replace(AWS, region="evil.example/#"),
        replace(AWS, region="x@evil.example"),
        replace(AWS, region=""),
        replace(AWS, access=ROLE),
        replace(MINIO, region="a b"),
        replace(AZURE, account="evil.example#"),
        replace(AZURE, account_key=None),
        replace(AZURE, shared_access_signature="sv=1"),
        LocalFolder(Path("/")),
        LocalFolder(Path("relative")),
    ],
)
async def test_configurations_that_break_a_rule_are_refused(integration):
    with pytest.raises(InvalidIntegration):
        await integrations.check(integration, NOTHING, public)


@pytest.mark.parametrize(
    "role",
    [
        replace(ROLE, external_id=""),
        replace(ROLE, arn="arn:aws:iam::123456789012:user/labels"),
        replace(ROLE, arn=f"{ROLE.arn}\n"),
    ],
)
async def test_a_role_needs_its_form_and_an_external_id(role):
    allowances = Allowances(amazon=ServerKeys("id", "secret"))
    await integrations.check(replace(AWS, access=ROLE), allowances, public)

    with pytest.raises(InvalidIntegration):
        await integrations.check(replace(AWS, access=role), allowances, public)


async def test_an_endpoint_inside_is_refused_unless_the_operator_names_it():
    inside = replace(MINIO, endpoint="http://127.0.0.1:9000")

    await integrations.check(inside, Allowances(hosts=frozenset({"127.0.0.1"})))
    with pytest.raises(EndpointRefused):
        await integrations.check(inside, NOTHING)
    with pytest.raises(EndpointRefused):
        await integrations.check(replace(inside, endpoint="https://localhost:9000"), NOTHING)


async def test_a_local_folder_must_lie_below_one_that_the_operator_opened(tmp_path):
    opened, inner, outside = tmp_path / "opened", tmp_path / "opened/in", tmp_path / "opened-not"
    inner.mkdir(parents=True)
    outside.mkdir()
    (opened / "link").symlink_to(outside)
    allowances = Allowances(folders=(opened,))

    await integrations.check(LocalFolder(inner), allowances)
    for root in (outside, opened / "link", opened / "missing", inner / "../../opened-not"):
        with pytest.raises(InvalidIntegration):
            await integrations.check(LocalFolder(root), allowances)


def test_secrets_do_not_show_in_a_trace():
    shown = json.dumps([repr(AWS), repr(AZURE), repr(replace(GCS, service_account="s3cret"))])

    assert "very secret" not in shown
    assert "YWJj" not in shown
    assert "s3cret" not in shown
