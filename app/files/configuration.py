"""How an integration is kept: what may be shown as JSON, the secrets sealed; and back."""

from pathlib import Path
from typing import Any

from app.core.storage.integrations import (
    AccessKey,
    AmazonS3,
    AzureBlob,
    GoogleCloudStorage,
    Integration,
    LocalFolder,
    Role,
    S3Compatible,
)
from app.files.models import StorageLocation

Shown = dict[str, Any]
Secrets = dict[str, str]


def split(integration: Integration) -> tuple[Shown, Secrets]:
    """What may be shown of a configuration, and what must not."""
    shown: Shown = {"bucket": integration.bucket, "prefix": integration.prefix}
    match integration:
        case AmazonS3(region=region, access=access):
            more, secrets = _split_access(access)
            return shown | {"region": region} | more, secrets
        case S3Compatible():
            more, secrets = _split_access(integration.access)
            more |= {
                "endpoint": integration.endpoint,
                "region": integration.region,
                "is_path_style": integration.is_path_style,
            }
            return shown | more, secrets
        case GoogleCloudStorage():
            return shown, {"service_account": integration.service_account}
        case AzureBlob():
            given = {
                "account_key": integration.account_key,
                "shared_access_signature": integration.shared_access_signature,
            }
            kept = {name: value for name, value in given.items() if value is not None}
            return shown | {"account": integration.account}, kept
        case LocalFolder():
            return shown | {"root": str(integration.root)}, {}


def join(provider: StorageLocation, shown: Shown, secrets: Secrets) -> Integration:
    """The configuration that `split` took apart."""
    place = {"bucket": shown["bucket"], "prefix": shown["prefix"]}
    match provider:
        case StorageLocation.AWS_S3:
            return AmazonS3(shown["region"], _access(shown, secrets), **place)
        case StorageLocation.S3_COMPATIBLE:
            key = AccessKey(shown["access_key_id"], secrets["secret_access_key"])
            style = shown["is_path_style"]
            return S3Compatible(shown["endpoint"], shown["region"], key, style, **place)
        case StorageLocation.GCS:
            return GoogleCloudStorage(secrets["service_account"], **place)
        case StorageLocation.AZURE:
            return AzureBlob(shown["account"], **secrets, **place)
        case StorageLocation.LOCAL:
            return LocalFolder(Path(shown["root"]), **place)
    raise ValueError("The server's own store is no integration.")


def _split_access(access: AccessKey | Role) -> tuple[Shown, Secrets]:
    if isinstance(access, AccessKey):
        return {"access_key_id": access.id}, {"secret_access_key": access.secret}
    return {"role_arn": access.arn, "external_id": access.external_id}, {}


def _access(shown: Shown, secrets: Secrets) -> AccessKey | Role:
    if "role_arn" in shown:
        return Role(shown["role_arn"], shown["external_id"])
    return AccessKey(shown["access_key_id"], secrets["secret_access_key"])
