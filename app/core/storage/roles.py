"""Temporary keys for a role in a user's AWS account, from AWS's token service (AssumeRole).

The storage library can only take a role on by the web identity of the whole process, so this one
request is made and signed here (AWS Signature Version 4).
"""

import hashlib
import hmac
import re
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import httpx2

from app.core.storage import network
from app.core.storage.errors import ObjectForbidden, StorageUnavailable
from app.core.storage.integrations import Role, ServerKeys

if TYPE_CHECKING:  # the library has these names for type checkers only
    from obstore.store import S3Credential

_SESSION_SECONDS = 3600
_CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"


async def assume(
    keys: ServerKeys, role: Role, region: str, now: datetime, endpoint: str | None = None
) -> "S3Credential":
    """Keys that live for an hour; `endpoint` replaces the region's token service in tests."""
    url = endpoint or f"https://sts.{region}.{network.amazon_domain(region)}"
    form = {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": role.arn,
        "ExternalId": role.external_id,
        "RoleSessionName": "labelgraph",
        "DurationSeconds": str(_SESSION_SECONDS),
    }
    body = urlencode(form).encode()
    headers = _signed(keys, urlsplit(url).netloc, region, body, now)
    try:
        async with httpx2.AsyncClient(timeout=10) as client:
            response = await client.post(f"{url}/", content=body, headers=headers)
    except httpx2.HTTPError as error:
        raise StorageUnavailable("AWS's token service did not answer; try again later.") from error
    if response.status_code in {400, 403}:
        raise ObjectForbidden(
            f"AWS does not let this server take on {role.arn}; check its trust policy."
        )
    if response.status_code != 200:
        raise StorageUnavailable("AWS's token service did not answer; try again later.")
    return _credential(response.text)


def _credential(answer: str) -> "S3Credential":
    def value(name: str) -> str:
        match = re.search(rf"<{name}>([^<]+)</{name}>", answer)
        if match is None:
            raise StorageUnavailable(f"AWS's token service gave no {name}; try again later.")
        return match[1]

    return {
        "access_key_id": value("AccessKeyId"),
        "secret_access_key": value("SecretAccessKey"),
        "token": value("SessionToken"),
        "expires_at": datetime.fromisoformat(value("Expiration")),
    }


def _signed(keys: ServerKeys, host: str, region: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers of a POST to `/` of the token service, with the signature of `keys`."""
    headers = {
        "content-type": _CONTENT_TYPE,
        "host": host,
        "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}",
    }
    if keys.session_token is not None:
        headers["x-amz-security-token"] = keys.session_token
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{now:%Y%m%d}/{region}/sts/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{digest}"
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.id}/{scope}, "
        f"SignedHeaders={names}, Signature={hmac.digest(key, text.encode(), hashlib.sha256).hex()}"
    )
    return headers
