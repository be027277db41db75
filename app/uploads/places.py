"""Where the objects of a unit lie, and how they come to this machine's disk."""

import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from app.core.errors import Refused
from app.core.storage import integrations
from app.core.storage.errors import (
    AccessPointUnreachable,
    NotOfThisIntegration,
    ObjectForbidden,
    ObjectNotFound,
    ObjectTooLarge,
    StorageUnavailable,
)
from app.core.storage.folder import Folder
from app.core.storage.integrations import Allowances, Integration
from app.core.storage.opening import open_store
from app.core.storage.store import Store
from app.files.models import StorageLocation
from app.uploads.documents import UnitErrorCode, default_title
from app.uploads.models import Upload
from app.uploads.payload import Pending

PROBE_BYTES = 8 << 30
"""An object that is larger is not fetched; its media metadata must come with the registration."""


class UnitFailed(Exception):
    """This unit will not be registered, for a reason that the caller is told."""

    def __init__(self, code: UnitErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


STORAGE_FAULTS: list[tuple[type[Exception], UnitErrorCode]] = [
    (ObjectNotFound, UnitErrorCode.OBJECT_NOT_FOUND),
    (ObjectForbidden, UnitErrorCode.OBJECT_FORBIDDEN),
    (ObjectTooLarge, UnitErrorCode.MEDIA_REJECTED),
    (AccessPointUnreachable, UnitErrorCode.MEDIA_METADATA_REQUIRED),
    (NotOfThisIntegration, UnitErrorCode.OBJECT_URL_NOT_OF_INTEGRATION),
    (StorageUnavailable, UnitErrorCode.STORAGE_UNAVAILABLE),
    (Refused, UnitErrorCode.OBJECT_URL_INVALID),
]


def failure(error: Exception) -> UnitFailed | None:
    """The unit's error for a fault of storage; None if it is another fault."""
    for kind, code in STORAGE_FAULTS:
        if isinstance(error, kind):
            return UnitFailed(code, str(error))
    return None


@dataclass(frozen=True, slots=True)
class Place:
    """One object: in a bucket of the integration, or in our own store."""

    name: str
    location: StorageLocation
    key: str
    bucket: str | None = None
    url: str | None = None


@dataclass(slots=True, kw_only=True)
class Reach:
    """What a job can reach: its integration's buckets, and what was uploaded to us."""

    own: Store
    allowances: Allowances
    integration: Integration | None = None
    location: StorageLocation = StorageLocation.OWN
    is_strict: bool = False
    _stores: dict[str, Store] = field(default_factory=dict)

    def places(self, unit: Pending, uploads: Mapping[UUID, Upload]) -> list[Place]:
        """The objects of a unit, in order. Raises UnitFailed for one that cannot be reached from here."""
        if unit.upload_ids:
            return [_uploaded(uploads.get(upload_id)) for upload_id in unit.upload_ids]
        return [self._in_bucket(url) for url in unit.urls]

    def _in_bucket(self, url: str) -> Place:
        if self.integration is None:
            raise UnitFailed(
                UnitErrorCode.INTEGRATION_REQUIRED,
                "This unit names an object in the cloud; register it with an integration.",
            )
        try:
            bucket, key = integrations.resolve(self.integration, url)
        except Refused as error:
            raise failure(error) or error from error
        return Place(default_title(url), self.location, key, bucket, url)

    @asynccontextmanager
    async def on_disk(self, place: Place) -> AsyncGenerator[Path]:
        """The object as a file: where it lies, or a copy that is gone at the end."""
        store = await self._store(place)
        if isinstance(store, Folder):
            path = store.path(place.key)
            if not path.is_file():
                raise ObjectNotFound(f"There is no object {place.key!r}.")
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="labelgraph-probe-") as folder:
            path = Path(folder, "object")
            await store.download(place.key, path, PROBE_BYTES)
            yield path

    async def _store(self, place: Place) -> Store:
        if place.bucket is None or self.integration is None:
            return self.own
        store = self._stores.get(place.bucket)
        if store is None:
            store = await open_store(self.integration, place.bucket, self.allowances)
            self._stores[place.bucket] = store
        return store


def _uploaded(upload: Upload | None) -> Place:
    if upload is None:
        raise UnitFailed(
            UnitErrorCode.UPLOAD_NOT_FOUND,
            "There is no such upload in this folder, or it was registered already.",
        )
    return Place(upload.file_name, StorageLocation.OWN, upload.object_key)
