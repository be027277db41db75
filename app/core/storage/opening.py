"""From an integration, which is a user's word, to the store of one of its buckets."""

import json
import os
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, assert_never

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from app.core.storage import integrations, network, roles
from app.core.storage.client import RETRIES, client_options
from app.core.storage.errors import AccessPointUnreachable, NotOfThisIntegration, StorageUnavailable
from app.core.storage.folder import Folder
from app.core.storage.integrations import (
    AccessKey,
    Allowances,
    AmazonS3,
    AzureBlob,
    GoogleCloudStorage,
    Integration,
    InvalidIntegration,
    LocalFolder,
    Role,
    S3Compatible,
    ServerKeys,
)
from app.core.storage.object_urls import check_bucket
from app.core.storage.store import Store

if TYPE_CHECKING:  # the library has these names for type checkers only
    from obstore.store import (
        AzureConfig,
        ClientConfig,
        S3Config,
        S3Credential,
        S3CredentialProvider,
    )

_GOOGLE_KEY_FIELDS = ("type", "client_email", "private_key", "private_key_id")

# Variables that the library reads for every store and that nothing we pass can override: they
# would send the operator's secrets to whoever runs an integration's endpoint.
_NOT_BESIDE_INTEGRATIONS = (
    "AWS_SERVER_SIDE_ENCRYPTION",
    "AWS_SSE_CUSTOMER_KEY_BASE64",
    "AZURE_ENCRYPTION_KEY",
    "GOOGLE_BEARER_TOKEN",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
)


async def open_store(
    integration: Integration,
    bucket: str,
    allowances: Allowances,
    *,
    resolver: network.Resolve = network.system_resolver,
    environment: Mapping[str, str] = os.environ,
) -> Store:
    """A store for one bucket of an integration, after the checks of when it was made."""
    await integrations.check(integration, allowances, resolver)
    if integration.bucket not in {None, bucket}:
        raise NotOfThisIntegration(f"This integration is of the bucket {integration.bucket!r}.")
    if isinstance(integration, LocalFolder):
        return Folder(integration.root)
    if bucket.startswith("arn:"):
        raise AccessPointUnreachable(
            "Objects of a Multi-Region Access Point can be registered, but not opened here; "
            "register the URL of the bucket behind it."
        )
    _refuse_shared_secrets(environment)
    try:
        return _open_cloud(integration, check_bucket(bucket), allowances)
    except BaseError as error:
        raise InvalidIntegration("The credentials are malformed; copy them again.") from error


def _open_cloud(
    integration: AmazonS3 | S3Compatible | GoogleCloudStorage | AzureBlob,
    bucket: str,
    allowances: Allowances,
) -> Store:
    match integration:
        case AmazonS3():
            return _open_amazon(integration, bucket, allowances.amazon)
        case S3Compatible():
            return _open_compatible(integration, bucket, allowances)
        case GoogleCloudStorage():
            return _open_google(integration, bucket)
        case AzureBlob():
            return _open_azure(integration, bucket)
        case _:
            assert_never(integration)


def _open_amazon(integration: AmazonS3, bucket: str, keys: ServerKeys | None) -> Store:
    region, access = integration.region, integration.access
    endpoint = network.Endpoint("https", f"s3.{region}.{network.amazon_domain(region)}", 443)
    # a certificate covers one label before the host, so a name with dots goes into the path
    is_path_style = "." in bucket
    if isinstance(access, AccessKey):
        credentials = _static(access)
    elif keys is not None:
        credentials = _of_role(keys, access, region)
    else:
        raise InvalidIntegration("This server has no AWS keys to take a role on.")
    return Store(_s3(bucket, endpoint, region, is_path_style, credentials, client_options()))


def _open_compatible(integration: S3Compatible, bucket: str, allowances: Allowances) -> Store:
    if allowances.proxy_url is None:
        raise RuntimeError("Endpoints that users name are reached through guard.running only.")
    endpoint = network.parse_endpoint(integration.endpoint)
    client = client_options(
        plain_http=endpoint.host in allowances.hosts, proxy_url=allowances.proxy_url
    )
    credentials = _static(integration.access)
    style = integration.is_path_style
    return Store(_s3(bucket, endpoint, integration.region, style, credentials, client))


def _s3(
    bucket: str,
    endpoint: network.Endpoint,
    region: str,
    is_path_style: bool,
    credentials: "S3CredentialProvider",
    client: "ClientConfig",
) -> S3Store:
    url = endpoint.url if is_path_style else endpoint.of_bucket(bucket).url
    # all of it, or else the operator's environment fills the gaps
    config: S3Config = {
        "endpoint": url,
        "aws_endpoint_url_s3": url,
        "region": region,
        "virtual_hosted_style_request": not is_path_style,
        "skip_signature": False,
        "request_payer": False,
        "s3_express": False,
    }
    return S3Store(
        bucket,
        config=config,
        client_options=client,
        retry_config=RETRIES,
        credential_provider=credentials,
    )


def _open_google(integration: GoogleCloudStorage, bucket: str) -> Store:
    try:
        whole = json.loads(integration.service_account)
        # other fields would say where to send requests
        key = json.dumps({name: whole[name] for name in _GOOGLE_KEY_FIELDS})
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidIntegration("The service account is not the JSON key of one.") from error
    return Store(
        GCSStore(
            bucket,
            service_account_key=key,
            base_url="https://storage.googleapis.com",
            skip_signature=False,
            client_options=client_options(),
            retry_config=RETRIES,
        )
    )


def _open_azure(integration: AzureBlob, bucket: str) -> Store:
    config: AzureConfig = {
        "account_name": integration.account,
        "endpoint": f"https://{integration.account}.blob.core.windows.net",
        "use_emulator": False,
        "use_fabric_endpoint": False,
        "skip_signature": False,
    }
    if integration.account_key is not None:
        config |= {"credential_type": "access_key", "account_key": integration.account_key}
    elif integration.shared_access_signature is not None:
        signature = integration.shared_access_signature.removeprefix("?")
        config |= {"credential_type": "sas_token", "sas_key": signature}
    backend = AzureStore(
        bucket, config=config, client_options=client_options(), retry_config=RETRIES
    )
    return Store(backend, can_sign=integration.account_key is not None)


def _static(access: AccessKey) -> "S3CredentialProvider":
    """A provider rather than options: it also keeps a session token of the environment out."""

    def credential() -> "S3Credential":
        return {
            "access_key_id": access.id,
            "secret_access_key": access.secret,
            "token": None,
            "expires_at": None,
        }

    return credential


def _of_role(keys: ServerKeys, role: Role, region: str) -> "S3CredentialProvider":
    def credential() -> "Coroutine[Any, Any, S3Credential]":
        return roles.assume(keys, role, region, datetime.now(UTC))

    return credential


def _refuse_shared_secrets(environment: Mapping[str, str]) -> None:
    for name in _NOT_BESIDE_INTEGRATIONS:
        if name in environment:
            raise StorageUnavailable(
                f"The operator has set {name}, which would leak into integrations; "
                "it must be unset before integrations can be opened."
            )
