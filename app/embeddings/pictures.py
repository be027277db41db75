"""The bytes of images as files on this machine's disk, from whatever store holds them."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import Conflict
from app.core.runtime import Runtime
from app.core.storage.errors import ObjectNotFound
from app.core.storage.folder import Folder
from app.core.storage.integrations import Allowances
from app.core.storage.store import Store
from app.files import stores
from app.files.models import File, Integration
from app.files.stores import Terms

MOST_BYTES = 512 * 2**20
"""A larger image is not fetched."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """What a job can reach: our own store, and through integrations those of others."""

    own: Store
    secret: bytes
    allowances: Allowances

    @classmethod
    @asynccontextmanager
    async def reached(cls, runtime: Runtime) -> AsyncGenerator["Pictures"]:
        """With the guard that watches over connections to the endpoints of users."""
        async with Terms.of(runtime.settings).in_force() as allowances:
            yield cls(runtime.storage, runtime.secret, allowances)

    @asynccontextmanager
    async def on_disk(self, file: File, through: Integration | None) -> AsyncGenerator[Path]:
        """The file where it lies, or a copy that is gone at the end.

        Raises classes of app.core.storage.errors, and Conflict if we may not read it at all.
        """
        store, key = await self._place(file, through)
        if isinstance(store, Folder):
            path = store.path(key)
            if not path.is_file():
                raise ObjectNotFound(f"There is no object {key!r} in this storage.")
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="labelgraph-picture-") as folder:
            path = Path(folder, "picture")
            await store.download(key, path, MOST_BYTES)
            yield path

    async def _place(self, file: File, through: Integration | None) -> tuple[Store, str]:
        if file.is_tombstone or (file.object_key is None and file.url is None):
            raise ObjectNotFound("The file has no bytes.")
        if file.object_key is not None:
            return self.own, file.object_key
        if through is None:
            raise ObjectNotFound("The file's integration is gone.")
        if through.is_strict_client_only:
            raise Conflict("The file's integration lets the server read no media.")
        url = file.url or ""
        return await stores.store_of(through, url, secret=self.secret, allowances=self.allowances)
