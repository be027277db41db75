"""Object URLs: which object of which provider a text names. Pure, no look-ups.

The text itself is what callers keep and compare; nothing here rewrites it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from app.core.storage.errors import InvalidObjectUrl
from app.core.storage.network import DEFAULT_PORTS, Endpoint

URL_BYTE_LIMIT = 16 * 1024
KEY_BYTE_LIMIT = 1024

_ACCESS_POINT = re.compile(r"(arn:aws[a-z-]*:s3::\d{12}:accesspoint/[A-Za-z0-9]+\.mrap)/(.+)")
_AUTHORITY = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?")
_REGION = r"[a-z]{2}(?:-[a-z]+)+-\d"
_AMAZON_HOST = re.compile(
    rf"(?:(?P<bucket>.+)\.)?s3(?:-accelerate)?(?:-fips)?(?:\.dualstack)?"
    rf"(?:[.-](?P<region>{_REGION}))?\.amazonaws\.com(?:\.cn)?"
)
_GOOGLE_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?storage\.googleapis\.com|storage\.cloud\.google\.com"
)
_AZURE_HOST = re.compile(
    r"(?P<account>[a-z0-9]{3,24})\.(?:blob|dfs)\.core\."
    r"(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BUCKET = re.compile(r"[A-Za-z0-9$](?:[A-Za-z0-9_-]|\.(?!\.)){1,221}[A-Za-z0-9]")


class Provider(StrEnum):
    AWS_S3 = "AWS_S3"
    S3_COMPATIBLE = "S3_COMPATIBLE"
    GCS = "GCS"
    AZURE = "AZURE"
    LOCAL = "LOCAL"


_BUCKET_SCHEMES = {
    "s3": Provider.AWS_S3,
    "gs": Provider.GCS,
    "az": Provider.AZURE,
    "azure": Provider.AZURE,
}


@dataclass(frozen=True, slots=True)
class ObjectLocation:
    """Where one object lies.

    `bucket` is the bucket, the Azure container or the ARN of a Multi-Region Access Point; of a
    local file it is "/" for an absolute path and "" for one relative to the integration's root.
    `key` is decoded, as the provider's list shows it. `region` and `account` (Azure) are given
    where the URL says them, `endpoint` where the URL lies under the one that was passed in.
    """

    provider: Provider
    bucket: str
    key: str
    region: str | None = None
    account: str | None = None
    endpoint: str | None = None

    @property
    def is_access_point(self) -> bool:
        return self.bucket.startswith("arn:")


def parse(url: str, endpoint: Endpoint | None = None) -> ObjectLocation:
    """Read an object URL, or raise InvalidObjectUrl.

    `endpoint` is that of an S3-compatible service: then s3:// means a bucket there.
    """
    _check_text(url)
    if url.startswith("arn:"):
        return _access_point(url)
    scheme, separator, rest = url.partition("://")
    if not separator:
        return ObjectLocation(Provider.LOCAL, "", check_key(url))
    if scheme.lower() == "s3" and endpoint is not None:
        return _in_bucket(Provider.S3_COMPATIBLE, rest, endpoint.url)
    if scheme.lower() in _BUCKET_SCHEMES:
        return _in_bucket(_BUCKET_SCHEMES[scheme.lower()], rest)
    if scheme.lower() == "file":
        return _file(rest)
    if scheme.lower() in DEFAULT_PORTS:
        return _web(scheme.lower(), rest, endpoint)
    raise InvalidObjectUrl(
        f"The scheme {scheme[:20]!r} is not known; use https, s3, gs, az, file or an access point."
    )


def check_key(key: str) -> str:
    """The key as it is, or InvalidObjectUrl: no key that storage would read as another one."""
    if not key:
        raise InvalidObjectUrl("The URL names a bucket; it must name an object in it.")
    if _byte_size(key) > KEY_BYTE_LIMIT:
        raise InvalidObjectUrl(f"The object's key has more than {KEY_BYTE_LIMIT} bytes of UTF-8.")
    if _CONTROL.search(key):
        raise InvalidObjectUrl("The object's key holds a control character.")
    if any(segment in {"", ".", ".."} for segment in key.split("/")):
        raise InvalidObjectUrl(
            'The object\'s key has a part between slashes that is empty, "." or "..", '
            "which storage cannot reach; rename the object."
        )
    return key


def check_bucket(bucket: str) -> str:
    """The name of a bucket or container as it is, or InvalidObjectUrl."""
    if not _BUCKET.fullmatch(bucket):
        raise InvalidObjectUrl(f"{bucket[:80]!r} is not the name of a bucket or container.")
    return bucket


def _check_text(url: str) -> None:
    byte_size = _byte_size(url)
    if byte_size > URL_BYTE_LIMIT:
        raise InvalidObjectUrl(f"The URL has {byte_size} bytes; the limit is {URL_BYTE_LIMIT}.")
    if "?" in url or "#" in url:
        raise InvalidObjectUrl(
            "The URL has a query or a fragment; give the plain URL of the object. "
            "A ? or # of its name is written %3F or %23 in the https form."
        )


def _byte_size(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidObjectUrl("The name is not Unicode text: it holds a surrogate.") from error


def _access_point(url: str) -> ObjectLocation:
    match = _ACCESS_POINT.fullmatch(url)
    if match is None:
        raise InvalidObjectUrl(
            "An ARN must be arn:aws:s3::<12 digits>:accesspoint/<alias>.mrap/<key>."
        )
    return ObjectLocation(Provider.AWS_S3, match[1], check_key(match[2]))


def _in_bucket(provider: Provider, rest: str, endpoint: str | None = None) -> ObjectLocation:
    """What follows `s3://`: `bucket/key`, where the key stands as it is, not percent-encoded."""
    bucket, _, key = rest.partition("/")
    return ObjectLocation(provider, check_bucket(bucket), check_key(key), endpoint=endpoint)


def _file(rest: str) -> ObjectLocation:
    host, _, path = rest.partition("/")
    if host not in {"", "localhost"}:
        raise InvalidObjectUrl("A file URL has no host: file:///folder/file.")
    return ObjectLocation(Provider.LOCAL, "/", check_key(_decoded(path)))


def _web(scheme: str, rest: str, endpoint: Endpoint | None) -> ObjectLocation:
    authority, _, path = rest.partition("/")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise InvalidObjectUrl("The URL's host is malformed; no user, password or % may be in it.")
    host, port = match[1].lower().strip("[]"), int(match[2] or DEFAULT_PORTS[scheme])
    if endpoint is not None and (scheme, port) == (endpoint.scheme, endpoint.port):
        found = _under_endpoint(endpoint, host, path)
        if found is not None:
            return found
    if scheme != "https" or port != 443:
        raise InvalidObjectUrl("The URL must begin with https:// and have no port.")
    for read in (_amazon, _google, _azure):
        if (found := read(host, path)) is not None:
            return found
    raise InvalidObjectUrl(f"The host {host!r} belongs to no storage that is known here.")


def _under_endpoint(endpoint: Endpoint, host: str, path: str) -> ObjectLocation | None:
    bucket = host.removesuffix(f".{endpoint.host}")
    if bucket != host:
        return _at(Provider.S3_COMPATIBLE, bucket, path, endpoint=endpoint.url)
    below = f"/{path}".removeprefix(f"{endpoint.path}/")
    if host != endpoint.host or below == f"/{path}":
        return None
    return _at(Provider.S3_COMPATIBLE, None, below, endpoint=endpoint.url)


def _amazon(host: str, path: str) -> ObjectLocation | None:
    match = _AMAZON_HOST.fullmatch(host)
    return match and _at(Provider.AWS_S3, match["bucket"], path, region=match["region"])


def _google(host: str, path: str) -> ObjectLocation | None:
    match = _GOOGLE_HOST.fullmatch(host)
    return match and _at(Provider.GCS, match["bucket"], path)


def _azure(host: str, path: str) -> ObjectLocation | None:
    match = _AZURE_HOST.fullmatch(host)
    return match and _at(Provider.AZURE, None, path, account=match["account"])


def _at(
    provider: Provider,
    bucket: str | None,
    path: str,
    *,
    region: str | None = None,
    account: str | None = None,
    endpoint: str | None = None,
) -> ObjectLocation:
    """The object at a percent-encoded path that begins with the bucket unless the host named it."""
    if bucket is None:
        bucket, _, path = path.partition("/")
    key = check_key(_decoded(path))
    return ObjectLocation(provider, check_bucket(bucket), key, region, account, endpoint)


def _decoded(path: str) -> str:
    """The path percent-decoded once; `+` stays a plus."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", path):
        raise InvalidObjectUrl("The URL has a % that is not followed by two hexadecimal digits.")
    try:
        return unquote_to_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise InvalidObjectUrl("The URL's percent-encoded name is not UTF-8.") from error
