"""What a user configured to reach their objects, and which URLs that configuration covers."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from app.core.errors import Invalid
from app.core.storage import network
from app.core.storage.errors import NotOfThisIntegration
from app.core.storage.object_urls import ObjectLocation, Provider, check_bucket, parse

_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)


class InvalidIntegration(Invalid):
    """The configuration breaks a rule; the message names it."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-lived pair of keys of an AWS user, or of an S3-compatible service."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """The server's own AWS keys, which users name in the trust policies of their roles."""

    id: str
    secret: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Role:
    """An AWS role that lets this server's own account in, if it shows the external id."""

    arn: str
    external_id: str


@dataclass(frozen=True, slots=True)
class AmazonS3:
    """`bucket` and `prefix` (a folder) narrow what may be reached; empty is: all of the keys'."""

    provider: ClassVar = Provider.AWS_S3
    region: str
    access: AccessKey | Role
    bucket: str | None = None
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class S3Compatible:
    """`endpoint` without the bucket, such as `https://minio.example.com:9000`."""

    provider: ClassVar = Provider.S3_COMPATIBLE
    endpoint: str
    region: str
    access: AccessKey
    is_path_style: bool = True
    bucket: str | None = None
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class GoogleCloudStorage:
    """`service_account` is the JSON key file that Google gives out."""

    provider: ClassVar = Provider.GCS
    service_account: str = field(repr=False)
    bucket: str | None = None
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class AzureBlob:
    """Exactly one of the two secrets; only the account key can sign URLs."""

    provider: ClassVar = Provider.AZURE
    account: str
    account_key: str | None = field(default=None, repr=False)
    shared_access_signature: str | None = field(default=None, repr=False)
    bucket: str | None = None
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder of the server's machine, below one that the operator opened for this."""

    provider: ClassVar = Provider.LOCAL
    root: Path
    bucket: str | None = None
    prefix: str = ""


Integration = AmazonS3 | S3Compatible | GoogleCloudStorage | AzureBlob | LocalFolder


@dataclass(frozen=True, slots=True)
class Allowances:
    """What the operator of this server allows integrations beyond the public internet.

    `hosts` (lower case) may be private and speak plain http. `folders` may be integrated, with
    all below them. `proxy_url` is that of `guard.running`. `amazon` takes on users' roles.
    """

    hosts: frozenset[str] = frozenset()
    folders: tuple[Path, ...] = ()
    proxy_url: str | None = None
    amazon: ServerKeys | None = None


async def check(
    integration: Integration,
    allowances: Allowances,
    resolver: network.Resolve = network.system_resolver,
) -> None:
    """Raise InvalidIntegration or EndpointRefused for what must not be saved, nor opened."""
    if integration.bucket is not None and not integration.bucket.startswith("arn:"):
        check_bucket(integration.bucket)
    match integration:
        case AmazonS3():
            _expect(_REGION, integration.region, "region")
            if isinstance(integration.access, Role):
                _check_role(integration.access, allowances)
        case S3Compatible():
            _expect(_REGION, integration.region, "region")
            endpoint = network.parse_endpoint(integration.endpoint)
            await network.check_endpoint(endpoint, allowances.hosts, resolver)
        case AzureBlob():
            _expect(_ACCOUNT, integration.account, "account")
            if (integration.account_key is None) == (integration.shared_access_signature is None):
                raise InvalidIntegration("Give the account key or a shared access signature.")
        case LocalFolder():
            _check_folder(integration.root, allowances.folders)


def resolve(integration: Integration, url: str) -> tuple[str, str]:
    """The (bucket, key) that the URL names, or NotOfThisIntegration, or InvalidObjectUrl."""
    endpoint = None
    if isinstance(integration, S3Compatible):
        endpoint = network.parse_endpoint(integration.endpoint)
    location = parse(url, endpoint)
    if location.provider is not integration.provider:
        raise NotOfThisIntegration(
            f"The URL is of {location.provider}, this integration of {integration.provider}."
        )
    bucket, key = _bucket_key(integration, location)
    if integration.bucket not in {None, bucket}:
        raise NotOfThisIntegration(
            f"The URL is of the bucket {bucket!r}, this integration of {integration.bucket!r}."
        )
    folder = integration.prefix.strip("/")
    if folder and not key.startswith(f"{folder}/"):
        raise NotOfThisIntegration(f"This integration reaches only what is below {folder!r}.")
    return bucket, key


def _bucket_key(integration: Integration, location: ObjectLocation) -> tuple[str, str]:
    match integration:
        case AmazonS3(region=region) if location.region not in {None, region}:
            raise NotOfThisIntegration(
                f"The URL is of the region {location.region}, this integration of {region}."
            )
        case AzureBlob(account=account) if location.account not in {None, account}:
            raise NotOfThisIntegration(
                f"The URL is of the account {location.account}, this integration of {account}."
            )
        case LocalFolder(root=root) if location.bucket == "/":
            folder = f"{root.as_posix().strip('/')}/".lstrip(
                "/"
            )  # keys are checked: no dot segments
            if not location.key.startswith(folder):
                raise NotOfThisIntegration("The file is not in this integration's folder.")
            return "", location.key.removeprefix(folder)
    return location.bucket, location.key


def _check_role(role: Role, allowances: Allowances) -> None:
    _expect(_ROLE, role.arn, "ARN of the role")
    if not role.external_id:
        raise InvalidIntegration("A role needs an external id, or others could have it taken on.")
    if allowances.amazon is None:
        raise InvalidIntegration("This server has no AWS keys to take a role on; give access keys.")


def _check_folder(root: Path, folders: tuple[Path, ...]) -> None:
    if not root.is_absolute() or not root.is_dir():
        raise InvalidIntegration("The root must be the absolute path of a folder that is there.")
    if not any(root.resolve().is_relative_to(folder.resolve()) for folder in folders):
        raise InvalidIntegration(
            "The operator of this server has not opened that folder to integrations."
        )


def _expect(pattern: re.Pattern[str], value: str, name: str) -> None:
    if not pattern.fullmatch(value):
        raise InvalidIntegration(f"{value[:80]!r} is not the {name} of an integration.")
