"""Which object a URL names."""

from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.storage.errors import InvalidObjectUrl
from app.core.storage.network import parse_endpoint
from app.core.storage.object_urls import ObjectLocation, Provider, check_key, parse

MINIO = parse_endpoint("https://minio.example.com:9000")
ACCESS_POINT = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"
EU = "eu-west-1"


def aws(bucket: str, key: str, region: str | None = None) -> ObjectLocation:
    return ObjectLocation(Provider.AWS_S3, bucket, key, region=region)


def gcs(key: str) -> ObjectLocation:
    return ObjectLocation(Provider.GCS, "bucket", key)


def azure(key: str, account: str | None = "account") -> ObjectLocation:
    return ObjectLocation(Provider.AZURE, "container", key, account=account)


def compatible(key: str) -> ObjectLocation:
    return ObjectLocation(Provider.S3_COMPATIBLE, "bucket", key, endpoint=MINIO.url)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://bucket.s3.eu-west-1.amazonaws.com/a/b.png", aws("bucket", "a/b.png", EU)),
        ("https://bucket.s3.amazonaws.com/k", aws("bucket", "k")),
        ("https://bucket.s3-eu-west-1.amazonaws.com/k", aws("bucket", "k", EU)),
        ("https://bucket.s3.dualstack.eu-west-1.amazonaws.com/k", aws("bucket", "k", EU)),
        (
            "https://bucket.s3-fips.us-gov-west-1.amazonaws.com/k",
            aws("bucket", "k", "us-gov-west-1"),
        ),
        ("https://bucket.s3-accelerate.amazonaws.com/k", aws("bucket", "k")),
        ("https://my.dotted.bucket.s3.eu-west-1.amazonaws.com/k", aws("my.dotted.bucket", "k", EU)),
        ("https://bucket.s3.cn-north-1.amazonaws.com.cn/k", aws("bucket", "k", "cn-north-1")),
        ("HTTPS://bucket.S3.AMAZONAWS.COM:443/k", aws("bucket", "k")),
        ("https://s3.eu-west-1.amazonaws.com/bucket/a/b", aws("bucket", "a/b", EU)),
        ("https://s3-eu-west-1.amazonaws.com/bucket/k", aws("bucket", "k", EU)),
        ("https://s3.dualstack.eu-west-1.amazonaws.com/bucket/k", aws("bucket", "k", EU)),
        ("https://s3.amazonaws.com/bucket/k", aws("bucket", "k")),
        ("s3://bucket/a/b%20c d.png", aws("bucket", "a/b%20c d.png")),
        ("S3://bucket/k", aws("bucket", "k")),
        (f"{ACCESS_POINT}/site/cam1.mp4", aws(ACCESS_POINT, "site/cam1.mp4")),
        ("gs://bucket/a/b", gcs("a/b")),
        ("https://storage.googleapis.com/bucket/a/b", gcs("a/b")),
        ("https://bucket.storage.googleapis.com/a/b", gcs("a/b")),
        ("https://storage.cloud.google.com/bucket/a/b", gcs("a/b")),
        ("https://account.blob.core.windows.net/container/a/b", azure("a/b")),
        ("https://account.dfs.core.windows.net/container/a/b", azure("a/b")),
        ("az://container/a/b", azure("a/b", account=None)),
        ("azure://container/a/b", azure("a/b", account=None)),
        ("file:///data/a%20b.png", ObjectLocation(Provider.LOCAL, "/", "data/a b.png")),
        ("site/cam 1.mp4", ObjectLocation(Provider.LOCAL, "", "site/cam 1.mp4")),
    ],
)
def test_every_form_of_an_object_url_is_understood(url, location):
    assert parse(url) == location


@pytest.mark.parametrize(
    "url",
    [
        "https://minio.example.com:9000/bucket/a/b",
        "https://MINIO.example.com:9000/bucket/a/b",
        "https://bucket.minio.example.com:9000/a/b",
        "s3://bucket/a/b",
    ],
)
def test_urls_below_an_endpoint_are_of_its_service(url):
    assert parse(url, MINIO) == compatible("a/b")


def test_an_endpoint_may_have_a_path():
    endpoint = parse_endpoint("https://x.example/storage/v1/s3/")

    location = parse("https://x.example/storage/v1/s3/bucket/k", endpoint)

    assert (location.bucket, location.key) == ("bucket", "k")
    with pytest.raises(InvalidObjectUrl):
        parse("https://x.example/storage/v1/s3evil/bucket/k", endpoint)


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("a%20b", "a b"),
        ("a+b", "a+b"),
        ("a%2Bb", "a+b"),
        ("a%2520b", "a%20b"),
        ("a%2Fb", "a/b"),
        ("%C3%BC.png", "ü.png"),
        ("ü.png", "ü.png"),
        ("what%3F%23.png", "what?#.png"),
    ],
)
def test_keys_of_web_urls_are_percent_decoded_once(encoded, key):
    assert parse(f"https://bucket.s3.amazonaws.com/{encoded}").key == key


def test_an_access_point_is_told_from_a_bucket():
    assert parse(f"{ACCESS_POINT}/k").is_access_point
    assert not parse("s3://bucket/k").is_access_point


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3://bucket",
        "s3://bucket/",
        "s3://b/k",
        "s3://buck..et/k",
        "s3://user@bucket/k",
        "s3://bucket//k",
        "s3://bucket/a//b",
        "s3://bucket/a/",
        "s3://bucket/../other/k",
        "s3://bucket/a/./b",
        "s3://bucket/a\nb",
        "s3://bucket/a\x00b",
        "s3://bucket/a?versionId=1",
        "s3://bucket/a#b",
        "s3://bucket/" + "k" * 1025,
        "s3://bucket/\ud800",
        "https://bucket.s3.amazonaws.com/a/%2e%2e/b",
        "https://bucket.s3.amazonaws.com/a%2F..%2Fb",
        "https://bucket.s3.amazonaws.com/a%00b",
        "https://bucket.s3.amazonaws.com/a%zz",
        "https://bucket.s3.amazonaws.com/a%f",
        "https://bucket.s3.amazonaws.com/%ff",
        "https://bucket.s3.amazonaws.com/k?X-Amz-Signature=1",
        "https://bucket.s3.amazonaws.com:8443/k",
        "https://bucket.s3.amazonaws.com./k",
        "https://user:pw@bucket.s3.amazonaws.com/k",
        "https://bucket.s3.amazonaws.com@evil.example/k",
        "https://bucket.s3.amazonaws.com\\@evil.example/k",
        "https://bucket.s3.amazonaws.com.evil.example/k",
        "https://evil.example/bucket.s3.amazonaws.com/k",
        "https://bucket.s3.eu-west-1.evil.amazonaws.com/k",
        "https://bucket.s3-website-eu-west-1.amazonaws.com/k",
        "https://bucket.s3.\uff41mazonaws.com/k",
        "https://bucket.s3%2Eamazonaws.com/k",
        "http://bucket.s3.amazonaws.com/k",
        "http://169.254.169.254/latest/meta-data",
        "https://[::1]/bucket/k",
        "https:///bucket/k",
        "ftp://bucket/k",
        "javascript://bucket/k",
        "file://host/data/k",
        "file:///",
        "/absolute/path",
        "../up",
        "arn:aws:s3:::bucket/k",
        "arn:aws:s3:eu-west-1:123456789012:accesspoint/abc.mrap/k",
        "arn:aws:s3::12345:accesspoint/abc.mrap/k",
        "arn:aws:s3::123456789012:accesspoint/abc/k",
        f"{ACCESS_POINT}",
        f"{ACCESS_POINT}/",
        f"{ACCESS_POINT}/../k",
        "https://minio.example.com:9000/bucket/k",
        "https://bucket.s3.amazonaws.com/" + "%41" * 6000,
    ],
)
def test_what_names_no_reachable_object_is_refused(url):
    with pytest.raises(InvalidObjectUrl):
        parse(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://minio.example.com:9000/bucket/k",
        "https://minio.example.com/bucket/k",
        "https://minio.example.com.evil.example:9000/bucket/k",
        "https://evilminio.example.com:9000/bucket/k",
    ],
)
def test_a_url_beside_the_endpoint_is_not_of_its_service(url):
    with pytest.raises(InvalidObjectUrl):
        parse(url, MINIO)


@given(st.text(min_size=1, max_size=200))
def test_a_key_survives_being_written_as_a_web_url(key):
    try:
        check_key(key)
    except InvalidObjectUrl:
        assume(False)

    assert parse(f"https://s3.amazonaws.com/bucket/{quote(key)}").key == key


@given(st.text(max_size=60), st.sampled_from(["", "s3://bucket/", "https://", "file:///", "arn:"]))
def test_any_text_is_a_safe_location_or_refused(text, start):
    try:
        location = parse(start + text)
    except InvalidObjectUrl:
        return
    assert not {"", ".", ".."} & set(location.key.split("/"))
    assert location.key.isprintable() or "\x00" not in location.key
