"""Resumable uploads: the core of the tus 1.0.0 protocol, over any store.

What arrives is written in segments, each an object `<key>.parts/<offset>` of its own, so that the
offset of an upload is what its parts say: it survives restarts, and a request that breaks off keeps
what it brought. When all bytes are there the parts become the object `key` and are removed.

Two requests at once cannot mix: a part is created, never overwritten, and a request writes the part
at an offset only after it saw or wrote all before it. So one of the two creates the next part, and
the other one is refused.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import ClientDisconnect

from app.core.errors import Conflict
from app.core.storage.errors import ObjectExists, ObjectNotFound, ObjectTooLarge
from app.core.storage.store import ObjectInfo, Store

SEGMENT_BYTES = 8 * 1024 * 1024


class OffsetConflict(Conflict):
    """The upload is at another offset, or another request is writing to it; ask for the offset."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload of exactly `byte_size` bytes to the object `key`."""

    store: Store
    key: str
    byte_size: int
    segment_bytes: int = SEGMENT_BYTES


async def settle(upload: Upload) -> int:
    """How many bytes are there, from the first on; when it is all of them, `key` is an object."""
    if await _is_whole(upload):
        return upload.byte_size
    parts = {int(part.key.rpartition("/")[2]): part for part in await _parts(upload)}
    offset, row = 0, list[ObjectInfo]()
    while part := parts.get(offset):
        row.append(part)
        offset += part.byte_size
    if offset == upload.byte_size:
        await _compose(upload, row)
    return offset


async def receive(upload: Upload, offset: int, chunks: AsyncIterator[bytes]) -> int:
    """Write what comes from `offset` on, and say the new offset; a broken stream keeps its bytes.

    `offset` is what `settle` said. Raises OffsetConflict if another request was faster, and
    ObjectTooLarge for a byte too many.
    """
    pending = bytearray()
    try:
        async for chunk in chunks:
            if offset + len(pending) + len(chunk) > upload.byte_size:
                raise ObjectTooLarge(f"The upload was declared with {upload.byte_size} bytes.")
            pending += chunk
            if len(pending) >= upload.segment_bytes:
                offset = await _write_part(upload, offset, bytes(pending))
                pending.clear()
    except ClientDisconnect:
        await _write_part(upload, offset, bytes(pending))
        raise
    return await _write_part(upload, offset, bytes(pending))


async def discard(store: Store, key: str) -> None:
    """Remove the parts of an upload that was given up."""
    async for part in store.list(f"{key}.parts"):
        await store.delete(part.key)


async def _write_part(upload: Upload, offset: int, data: bytes) -> int:
    if not data:
        return offset
    try:
        await upload.store.create(f"{upload.key}.parts/{offset:020}", data)
    except ObjectExists as error:
        raise OffsetConflict("Another request is writing; ask for the offset again.") from error
    return offset + len(data)


async def _parts(upload: Upload) -> list[ObjectInfo]:
    return [part async for part in upload.store.list(f"{upload.key}.parts")]


async def _is_whole(upload: Upload) -> bool:
    try:
        return (await upload.store.head(upload.key)).byte_size == upload.byte_size
    except ObjectNotFound:
        return False


async def _compose(upload: Upload, parts: list[ObjectInfo]) -> None:
    """Make the object of its parts. Two at once write the same bytes, so either may win."""
    try:
        await upload.store.put(upload.key, _joined(upload.store, parts) if parts else b"")
    except ObjectNotFound:
        if not await _is_whole(upload):  # else another request was done first and removed them
            raise
    await discard(upload.store, upload.key)


async def _joined(store: Store, parts: list[ObjectInfo]) -> AsyncIterator[bytes]:
    for part in parts:
        async for chunk in store.stream(part.key):
            yield chunk
