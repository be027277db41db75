"""One bucket (or container, or folder) and what can be done with its objects."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import anyio
import obstore
from obstore.store import LocalStore

from app.core.storage import streaming
from app.core.storage.errors import (
    ObjectNotFound,
    ObjectTooLarge,
    SigningUnsupported,
    StorageUnavailable,
    mapped,
)
from app.core.storage.object_urls import check_key

if TYPE_CHECKING:  # the library has these names for type checkers only
    from obstore import Attributes, GetOptions, ObjectMeta
    from obstore.store import AzureStore, GCSStore, S3Store

    Backend = AzureStore | GCSStore | LocalStore | S3Store

LONGEST_LINK = timedelta(minutes=15)
CHUNK_BYTES = 1024 * 1024
PART_BYTES = 8 * 1024 * 1024  # S3 takes 10,000 parts: a streamed object may have 78 GiB

Method = Literal["GET", "PUT"]


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What the storage says of an object; a list does not say the content type."""

    key: str
    byte_size: int
    etag: str | None
    last_modified: datetime
    content_type: str | None = None


class Store:
    """Objects by key, over obstore; raises the classes of `app.core.storage.errors`."""

    def __init__(self, backend: "Backend", *, can_sign: bool = True) -> None:
        self._backend = backend
        self._can_sign = can_sign

    async def head(self, key: str) -> ObjectInfo:
        options: GetOptions = {"head": True}
        with mapped(self._check(key)):
            result = await obstore.get_async(self._backend, key, options=options)
        return _info(result.meta, result.attributes.get("Content-Type"))

    async def read(self, key: str, start: int, length: int) -> bytes:
        """At most `length` bytes from `start` (0 is the first); fewer at the end, none past it."""
        if length <= 0:
            return b""
        try:
            with mapped(self._check(key)):
                found = await obstore.get_range_async(
                    self._backend, key, start=start, length=length
                )
        except StorageUnavailable:
            # what the library makes of "416 Range Not Satisfiable", as of anything unexpected
            if start >= (await self.head(key)).byte_size:
                return b""
            raise
        return bytes(found)

    async def stream(self, key: str, byte_limit: int | None = None) -> AsyncIterator[bytes]:
        """The whole object in chunks of about a megabyte; ObjectTooLarge past the limit."""
        with mapped(self._check(key)):
            result = await obstore.get_async(self._backend, key)
        _check_size(key, result.meta["size"], byte_limit)
        byte_size = 0
        with mapped(key):
            async for chunk in result.stream(min_chunk_size=CHUNK_BYTES):
                byte_size += len(chunk)
                _check_size(key, byte_size, byte_limit)
                yield chunk

    async def download(self, key: str, target: Path, byte_limit: int) -> int:
        """Write the object to the file `target`, and say its size; no file is left on failure."""
        byte_size = 0
        try:
            async with await anyio.open_file(target, "wb") as file:
                async for chunk in self.stream(key, byte_limit):
                    byte_size += await file.write(chunk)
        except BaseException:
            target.unlink(missing_ok=True)  # noqa: ASYNC240 - must also run when cancelled
            raise
        return byte_size

    async def put(
        self, key: str, data: bytes | AsyncIterator[bytes], *, content_type: str | None = None
    ) -> None:
        """Write the whole object, over one that is there; after a failure it is as it was before.

        What the iterator raises comes out as it is.
        """
        self._check(key)
        if isinstance(data, bytes):
            await self._put(key, data, content_type)
        else:
            await streaming.feed(data, lambda chunks: self._put(key, chunks, content_type))

    async def create(self, key: str, data: bytes) -> None:
        """Write a new object, or raise ObjectExists; of two at once, one wins."""
        with mapped(self._check(key)):
            await obstore.put_async(self._backend, key, data, mode="create")

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """Objects in the folder `prefix` and below it, in no certain order.

        `a/b` means `a/b/…`, never `a/bc`. A bucket that has a key with an empty part (`a//b`)
        cannot be listed: the library gives up on it, as StorageUnavailable.
        """
        with mapped(prefix):
            async for batch in self._backend.list(prefix or None):
                for meta in batch:
                    yield _info(meta)

    async def delete(self, key: str) -> None:
        """Remove the object; raises nothing if there is none."""
        try:
            with mapped(self._check(key)):
                await obstore.delete_async(self._backend, key)
        except ObjectNotFound:
            return

    async def signed_url(
        self,
        key: str,
        method: Method = "GET",
        expires_in: timedelta = LONGEST_LINK,
        *,
        byte_limit: int | None = None,
        content_type: str | None = None,
    ) -> str:
        """A URL that does this one thing for whoever has it, for 15 minutes at most.

        Only our own endpoint holds a PUT to `byte_limit` and `content_type`: look at what a cloud
        store received before you use it.
        """
        del byte_limit, content_type  # the library cannot bind them
        check_lifetime(expires_in)
        if not self._can_sign or isinstance(self._backend, LocalStore):
            raise SigningUnsupported(
                "These credentials cannot sign URLs; of Azure, give the account key."
            )
        with mapped(self._check(key)):
            return await obstore.sign_async(self._backend, method, key, expires_in)

    def _check(self, key: str) -> str:
        return check_key(key)

    async def _put(
        self, key: str, data: bytes | AsyncIterator[bytes], content_type: str | None
    ) -> None:
        attributes: Attributes = {"Content-Type": content_type} if content_type else {}
        with mapped(key):
            await obstore.put_async(
                self._backend,
                key,
                data,
                attributes=attributes,
                chunk_size=PART_BYTES,
                max_concurrency=2,
            )


def check_lifetime(expires_in: timedelta) -> None:
    if not timedelta(0) < expires_in <= LONGEST_LINK:
        raise ValueError(f"A signed URL lives up to {LONGEST_LINK}, not {expires_in}.")


def _check_size(key: str, byte_size: int, byte_limit: int | None) -> None:
    if byte_limit is not None and byte_size > byte_limit:
        raise ObjectTooLarge(f"The object {key!r} is over the limit of {byte_limit} bytes.")


def _info(meta: "ObjectMeta", content_type: str | None = None) -> ObjectInfo:
    return ObjectInfo(
        meta["path"], meta["size"], meta["e_tag"], meta["last_modified"], content_type
    )
