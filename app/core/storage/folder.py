"""A folder of this machine as a store: for development, and for uploads without a cloud."""

import os
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio.to_thread
from obstore.store import LocalStore

from app.core.storage.errors import InvalidObjectUrl, ObjectForbidden, SigningUnsupported
from app.core.storage.object_urls import check_key
from app.core.storage.signing import Links
from app.core.storage.store import LONGEST_LINK, Method, ObjectInfo, Store, check_lifetime

# The storage library writes `name#1` until a file is whole, and refuses such names.
_UNFINISHED = re.compile(r"#\d+$")


class Folder(Store):
    """Files below `root`, which is there. Symbolic links that lead out of it are refused.

    `links` sign URLs of our own endpoint, if the folder is our own store.
    """

    def __init__(self, root: Path, links: Links | None = None) -> None:
        super().__init__(LocalStore(root, automatic_cleanup=True))
        self._root = os.path.realpath(root)
        self._links = links

    def path(self, key: str) -> Path:
        """The file of that key, whether or not it is there; never one outside the folder."""
        path = Path(self._root, check_key(key))
        if _UNFINISHED.search(key):
            raise InvalidObjectUrl("A file's name must not end in # and digits; rename the file.")
        if not Path(os.path.realpath(path)).is_relative_to(self._root):
            raise ObjectForbidden(f"{key!r} is a link that leads out of the folder.")
        return path

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """Files in the folder `prefix` and below it; links to folders are not followed."""
        top = self.path(prefix) if prefix else Path(self._root)
        for info in await anyio.to_thread.run_sync(list, self._walk(top)):
            yield info

    def _walk(self, top: Path) -> Iterator[ObjectInfo]:
        for folder, _, names in os.walk(top, followlinks=False):
            for name in names:
                path = Path(folder, name)
                try:
                    self.path(path.relative_to(self._root).as_posix())
                    yield self._info(path)
                except (InvalidObjectUrl, ObjectForbidden, OSError):
                    continue  # out of reach, a broken link, or gone since

    def _info(self, path: Path) -> ObjectInfo:
        found = path.stat()
        changed_at = datetime.fromtimestamp(found.st_mtime, UTC)
        return ObjectInfo(path.relative_to(self._root).as_posix(), found.st_size, None, changed_at)

    def _check(self, key: str) -> str:
        self.path(key)
        return key

    async def _put(
        self, key: str, data: bytes | AsyncIterator[bytes], content_type: str | None
    ) -> None:
        # a file system keeps no content type
        del content_type
        await super()._put(key, data, None)

    async def signed_url(
        self,
        key: str,
        method: Method = "GET",
        expires_in: timedelta = LONGEST_LINK,
        *,
        byte_limit: int | None = None,
        content_type: str | None = None,
    ) -> str:
        check_lifetime(expires_in)
        if self._links is None:
            raise SigningUnsupported("Files of a local folder have no signed URLs.")
        return self._links.of_object(
            method, self._check(key), expires_in, byte_limit=byte_limit, content_type=content_type
        )
