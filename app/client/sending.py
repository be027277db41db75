"""Sends local files into the server's store: announced together, each in one PUT, or in pieces by tus.

Whoever announces the same files again within a day gets the same places: what has arrived is not sent again,
and a large file goes on where it broke off.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2

from app.client.graphql import Api, ApiError

AT_ONCE = 100
"""Files in one announcement; their addresses hold for 15 minutes."""
PARALLEL = 4
LARGE_BYTES = 16 * 1024 * 1024
"""From here on a file goes in pieces of this size, so that a broken connection costs little."""
CHUNK_BYTES = 256 * 1024
TRIES = 6
PAUSE_SECONDS = 0.25
"""Before the second try; twice as long before each further one."""
ARRIVED = {"RECEIVED", "REGISTERED"}

Advance = Callable[[int], None]
"""Told of every byte count that has gone out; of a negative one when bytes must go again."""

PLACE = "id state putUrl resumableUrl headers { name value }"
CREATE = f"""
mutation Announce($input: CreateUploadsInput!) {{
  createUploads(input: $input) {{ userErrors {{ message field }} uploads {{ {PLACE} }} }}
}}
"""
AGAIN = f"query Place($id: ID!) {{ upload(id: $id) {{ {PLACE} }} }}"


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on this machine. `type`: of FileType; `content_type`: None is by the type."""

    path: Path
    type: str | None
    content_type: str | None = None

    @property
    def byte_size(self) -> int:
        """How many bytes are to be sent."""
        return self.path.stat().st_size


async def send(
    api: Api,
    folder_id: str,
    files: Sequence[LocalFile],
    *,
    purpose: str = "FILE",
    advance: Advance = lambda _: None,
    salt: str = "",
) -> list[str]:
    """Send the files; the ids of the uploads, in their order. Another `salt` makes other places."""
    found: list[str] = []
    for start in range(0, len(files), AT_ONCE):
        batch = files[start : start + AT_ONCE]
        places = await _announce(api, folder_id, batch, purpose, salt)
        found += [place["id"] for place in places]
        limit = asyncio.Semaphore(PARALLEL)
        async with asyncio.TaskGroup() as group:
            for file, place in zip(batch, places, strict=True):
                group.create_task(_bring(api, file, place, advance, limit))
    return found


async def _announce(
    api: Api, folder_id: str, files: Sequence[LocalFile], purpose: str, salt: str
) -> list[dict[str, Any]]:
    items = [
        {
            "fileName": file.path.name[-300:],
            "byteSize": file.byte_size,
            "type": file.type,
            "contentType": file.content_type,
        }
        for file in files
    ]
    asked = {
        "folderId": folder_id,
        "items": items,
        "purpose": purpose,
        "idempotencyKey": fingerprint(folder_id, purpose, salt, *map(_identity, files)),
    }
    places: list[dict[str, Any]] = (await api.change(CREATE, input=asked))["uploads"]
    return places


def fingerprint(*parts: str) -> str:
    """An idempotency key that is the same for the same work."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _identity(file: LocalFile) -> str:
    """What makes a file another one: its place, its size, when it was written."""
    stat = file.path.stat()
    return (
        f"{file.path.resolve()}:{stat.st_size}:{stat.st_mtime_ns}:{file.type}:{file.content_type}"
    )


async def _bring(
    api: Api, file: LocalFile, place: dict[str, Any], advance: Advance, limit: asyncio.Semaphore
) -> None:
    """Send one file, in several tries if need be."""
    async with limit:
        for attempt in range(TRIES):
            if place["state"] in ARRIVED:
                advance(file.byte_size)
                return
            try:
                await (_in_pieces if file.byte_size > LARGE_BYTES else _whole)(
                    api, file, place, advance
                )
            except httpx2.HTTPError as error:
                if attempt == TRIES - 1:
                    raise ApiError(f"{file.path} could not be sent: {_reason(error)}") from error
                await asyncio.sleep(PAUSE_SECONDS * 2**attempt)
                place = (await api.ask(AGAIN, id=place["id"]))["upload"]
            else:
                return


async def _whole(api: Api, file: LocalFile, place: dict[str, Any], advance: Advance) -> None:
    headers = {header["name"]: header["value"] for header in place["headers"]}
    headers["Content-Length"] = str(file.byte_size)
    sent = _Sent(advance)
    try:
        body = sent.counted(file.path, 0, file.byte_size)
        response = await api.http.put(place["putUrl"], content=body, headers=headers)
        response.raise_for_status()
    except BaseException:
        sent.take_back()
        raise


async def _in_pieces(api: Api, file: LocalFile, place: dict[str, Any], advance: Advance) -> None:
    """By tus 1.0.0, from where the server stands."""
    url, version = place["resumableUrl"], {"Tus-Resumable": "1.0.0"}
    response = (await api.http.head(url, headers=version)).raise_for_status()
    offset = int(response.headers["Upload-Offset"])
    resumed = _Sent(advance)
    resumed.add(offset)
    try:
        while offset < file.byte_size:
            length = min(LARGE_BYTES, file.byte_size - offset)
            headers = {
                "Content-Type": "application/offset+octet-stream",
                "Content-Length": str(length),
                "Upload-Offset": str(offset),
            }
            body = resumed.counted(file.path, offset, length)
            response = await api.http.patch(url, content=body, headers=version | headers)
            offset = int(response.raise_for_status().headers["Upload-Offset"])
    except BaseException:
        resumed.take_back()
        raise


class _Sent:
    """Counts what one try has sent, so that a failed try can be taken back."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._byte_count = 0

    def add(self, byte_count: int) -> None:
        self._byte_count += byte_count
        self._advance(byte_count)

    def take_back(self) -> None:
        self._advance(-self._byte_count)

    async def counted(self, path: Path, start: int, length: int) -> AsyncGenerator[bytes]:
        """`length` bytes of the file from `start` on, in chunks."""
        async with await anyio.open_file(path, "rb") as file:
            await file.seek(start)
            while length > 0 and (chunk := await file.read(min(CHUNK_BYTES, length))):
                length -= len(chunk)
                yield chunk
                self.add(len(chunk))


def _reason(error: httpx2.HTTPError) -> str:
    if isinstance(error, httpx2.HTTPStatusError):
        return f"{error.response.status_code} {error.response.text[:300]}"
    return str(error) or type(error).__name__
