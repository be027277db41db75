"""Serves files of LOCAL integrations at signed addresses of our own.

Links are signed with a key of the integration's own, so that one opens no other folder.
"""

import hmac
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from app.core import clock
from app.core.db import Scope
from app.core.errors import Refused, Unavailable
from app.core.runtime import Runtime
from app.core.storage import answers, endpoint, opening
from app.core.storage.folder import Folder
from app.core.storage.signing import Links
from app.files import stores
from app.files.models import Integration, StorageLocation
from app.files.stores import Terms


def signing(root: Path, row: Integration, links: Links) -> Folder:
    """The folder of an integration, which signs links to `routes`. `links` are those of our own store."""
    place = f"{links.base_url}/local/{row.organisation_id.hex}/{row.id.hex}"
    return Folder(root, replace(links, base_url=place, secret=_own_secret(links.secret, row)))


def routes(runtime: Runtime) -> list[BaseRoute]:
    """`/local/{organisation}/{integration}/objects/{key}` (GET): mount them where `Links.base_url` says."""
    return [Mount("/local/{organisation_id}/{integration_id}", app=LocalFiles(runtime))]


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """Serves whatever the link's own token allows; nobody is signed in here."""

    runtime: Runtime

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            served: ASGIApp = Router(await self._routes(scope["path_params"]))
        except (Refused, Unavailable, ValueError):
            served = answers.problem(404, "NOT_FOUND", "There is no such file.")
        await served(scope, receive, send)

    async def _routes(self, params: dict[str, str]) -> list[BaseRoute]:
        """The ways to one integration's folder. Raises ValueError if there is none of that id."""
        row = await self._row(UUID(params["organisation_id"]), UUID(params["integration_id"]))
        if row is None or row.provider is not StorageLocation.LOCAL:
            raise ValueError
        integration = stores.integration_of(row, self.runtime.secret)
        terms = Terms.of(self.runtime.settings)
        folder = await opening.open_store(integration, "", terms.unguarded)
        secret = _own_secret(self.runtime.secret, row)
        found = endpoint.routes(folder, secret, clock.now, _nobody_hears)
        return [
            route for route in found if isinstance(route, Route) and "GET" in (route.methods or ())
        ]

    async def _row(self, organisation_id: UUID, integration_id: UUID) -> Integration | None:
        async with self.runtime.db.read(Scope(organisation_id)) as session:
            return await session.get(Integration, (organisation_id, integration_id))


def _own_secret(secret: bytes, row: Integration) -> bytes:
    return hmac.digest(secret, b"local integration " + stores.binding(row), "sha256")


async def _nobody_hears(key: str, byte_size: int) -> None:
    """Nothing is received here."""
