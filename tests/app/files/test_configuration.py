"""A configuration is taken apart into what may be shown and what must not, and put together again."""

from pathlib import Path

import pytest

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
from app.files import configuration
from app.files.models import StorageLocation

KEY = AccessKey("id", "hush")
ALL: list[Integration] = [
    AmazonS3("eu-central-1", KEY, "media", "in"),
    AmazonS3("eu-central-1", Role("arn:aws:iam::123456789012:role/r", "external")),
    S3Compatible("https://minio.example", "r", KEY, False, "media", "in"),
    GoogleCloudStorage("hush", "media"),
    AzureBlob("media", account_key="hush"),
    AzureBlob("media", shared_access_signature="hush", bucket="in"),
    LocalFolder(Path("/data"), prefix="in"),
]


@pytest.mark.parametrize("integration", ALL)
def test_a_configuration_comes_back_as_it_was(integration: Integration) -> None:
    shown, secrets = configuration.split(integration)
    provider = StorageLocation(integration.provider.value)
    assert configuration.join(provider, shown, secrets) == integration


@pytest.mark.parametrize("integration", ALL)
def test_no_secret_is_shown(integration: Integration) -> None:
    shown, _ = configuration.split(integration)
    assert "hush" not in str(shown)
