"""From a file to the store that holds its bytes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.core.settings import Settings
from app.core.storage import guard, integrations, opening
from app.core.storage.integrations import Allowances, ServerKeys
from app.core.storage.store import Store
from app.files import configuration, sealing
from app.files.models import Integration


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator allows integrations: private hosts, folders of this machine, roles of AWS."""

    hosts: frozenset[str]
    folders: tuple[Path, ...]
    amazon: ServerKeys | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings have it."""
        hosts = frozenset(host.lower() for host in settings.allowed_endpoints)
        return cls(hosts, tuple(settings.local_roots), _keys(settings))

    @property
    def unguarded(self) -> Allowances:
        """Enough to check a configuration, and to open folders."""
        return Allowances(self.hosts, self.folders, amazon=self.amazon)

    @asynccontextmanager
    async def in_force(self) -> AsyncGenerator[Allowances]:
        """The same, with the guard running that watches over connections to endpoints of users."""
        async with guard.running(self.hosts) as proxy_url:
            yield Allowances(self.hosts, self.folders, proxy_url, self.amazon)


def _keys(settings: Settings) -> ServerKeys | None:
    key_id, secret = settings.aws_access_key_id, settings.aws_secret_access_key
    if key_id is None or secret is None:
        return None
    return ServerKeys(key_id, secret.get_secret_value())


def integration_of(row: Integration, secret: bytes) -> integrations.Integration:
    """What the user configured, credentials included. Raises sealing.Unsealable."""
    sealed = row.credentials
    secrets = {} if sealed is None else sealing.unseal(secret, binding(row), sealed)
    return configuration.join(row.provider, row.configuration, secrets)


def binding(row: Integration) -> bytes:
    """What the credentials of an integration are bound to."""
    return row.organisation_id.bytes + row.id.bytes


async def store_of(
    row: Integration, url: str, *, secret: bytes, allowances: Allowances
) -> tuple[Store, str]:
    """The store of the bucket that a URL names, and the object's key in it.

    Raises classes of app.core.storage.errors for a URL that the integration does not reach.
    """
    integration = integration_of(row, secret)
    bucket, key = integrations.resolve(integration, url)
    return await opening.open_store(integration, bucket, allowances), key
