"""Resumable uploads by the tus protocol, into a folder and into S3."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.applications import Starlette

from app.core.storage import endpoint, signing, tus
from app.core.storage.folder import Folder
from app.core.storage.signing import Links
from app.core.storage.store import Store

from .conftest import NOW, SECRET
from .server import served, until

KEY = "org/upload 1"
TUS = {"Tus-Resumable": "1.0.0"}
HOUR = timedelta(hours=1)


class Tus:
    """A client of the tus protocol with one upload; parts on the server are 4 bytes and longer."""

    def __init__(self, store: Store, byte_size: int = 10) -> None:
        self.store = store
        self.received = list[tuple[str, int]]()
        self.app = Starlette(
            routes=endpoint.routes(store, SECRET, lambda: NOW, self.hear, segment_bytes=4)
        )
        self.url = upload_url(byte_size)
        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app), base_url="https://here.example"
        )

    async def hear(self, key: str, byte_size: int) -> None:
        self.received.append((key, byte_size))

    async def patch(self, offset: int | str, body, **headers) -> httpx2.Response:
        sent = {
            **TUS,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            **headers,
        }
        return await self.client.patch(self.url, content=body, headers=sent)

    async def offset(self) -> int:
        response = await self.client.head(self.url, headers=TUS)
        assert response.status_code == 200
        return int(response.headers["Upload-Offset"])

    async def content(self) -> bytes:
        return b"".join([chunk async for chunk in self.store.stream(KEY)])

    async def keys(self) -> list[str]:
        return sorted([info.key async for info in self.store.list()])


def upload_url(byte_size: int) -> str:
    url = urlsplit(Links("", SECRET, lambda: NOW).of_upload(KEY, byte_size, HOUR))
    return f"{url.path}?{url.query}"


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.fixture
async def upload(store: Store) -> AsyncIterator[Tus]:
    upload = Tus(store)
    async with upload.client:
        yield upload


async def test_an_upload_in_pieces_becomes_one_object(upload: Tus):
    assert await upload.offset() == 0

    first = await upload.patch(0, b"012")
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "3")
    assert await upload.offset() == 3
    assert upload.received == []
    second = await upload.patch(3, pieces(b"34", b"567", b"89"))

    assert second.headers["Upload-Offset"] == "10"
    assert second.headers["Tus-Resumable"] == "1.0.0"
    assert await upload.content() == b"0123456789"
    assert await upload.keys() == [KEY]
    assert upload.received == [(KEY, 10)]


async def test_a_whole_upload_says_so_and_is_told_of_again(upload: Tus):
    """The callback may have failed the first time, so asking again is a new chance for it."""
    await upload.patch(0, b"0123456789")

    assert await upload.offset() == 10
    again = await upload.patch(10, b"")

    assert (again.status_code, again.headers["Upload-Offset"]) == (204, "10")
    assert upload.received == [(KEY, 10)] * 3


async def test_head_is_never_cached_and_knows_the_length(upload: Tus):
    response = await upload.client.head(upload.url, headers=TUS)

    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Upload-Length"] == "10"


async def test_options_tells_the_version_to_anyone(upload: Tus):
    response = await upload.client.options("/uploads/any")

    assert (response.status_code, response.headers["Tus-Version"]) == (204, "1.0.0")


async def test_another_version_of_the_protocol_is_refused(upload: Tus):
    for headers in ({}, {"Tus-Resumable": "0.2.2"}):
        response = await upload.client.head(upload.url, headers=headers)
        assert (response.status_code, response.headers["Tus-Version"]) == (412, "1.0.0")


async def test_a_client_that_cannot_patch_may_post(upload: Tus):
    headers = {
        **TUS,
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
        "X-HTTP-Method-Override": "PATCH",
    }

    response = await upload.client.post(upload.url, content=b"012", headers=headers)

    assert (response.status_code, response.headers["Upload-Offset"]) == (204, "3")
    assert (await upload.client.post(upload.url, headers=TUS)).status_code == 405


@pytest.mark.parametrize("offset", [0, 2, 4, 10])
async def test_a_piece_at_another_offset_is_a_conflict(upload: Tus, offset: int):
    await upload.patch(0, b"012")

    response = await upload.patch(offset, b"xxx")

    assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")
    assert await upload.offset() == 3


@pytest.mark.parametrize("offset", ["", "-1", "x", "1.0", "٣", "9" * 30])
async def test_an_offset_that_is_no_number_is_refused(upload: Tus, offset: str):
    response = await upload.patch(0, b"x", **{"Upload-Offset": offset.encode()})

    assert response.status_code == 400


async def test_a_piece_of_another_type_is_refused(upload: Tus):
    response = await upload.patch(0, b"x", **{"Content-Type": "application/octet-stream"})

    assert response.status_code == 415
    assert await upload.offset() == 0


@pytest.mark.parametrize(
    "send", [lambda: b"0123456789a", lambda: pieces(b"0123456789a")], ids=["declared", "streamed"]
)
async def test_a_byte_too_many_is_refused_and_nothing_of_it_kept(upload: Tus, send):
    response = await upload.patch(0, send())

    assert (response.status_code, response.json()["code"]) == (413, "TOO_LARGE")
    assert await upload.keys() == []


async def test_a_piece_that_says_it_is_too_long_is_not_read(upload: Tus):
    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    response = await upload.patch(0, unread(), **{"Content-Length": "11"})

    assert response.status_code == 413


async def test_an_empty_upload_is_whole_at_once(store: Store):
    upload = Tus(store, byte_size=0)

    assert await upload.offset() == 0

    assert await upload.content() == b""
    assert upload.received == [(KEY, 0)]


@pytest.mark.parametrize("key", ["org/upload 2", KEY])
async def test_without_its_token_an_upload_is_closed(upload: Tus, key: str):
    token = signing.sign(SECRET, "PUT", KEY, NOW + HOUR, 10)

    for url in (f"/uploads/{key}", f"/uploads/{key}?token={token}"):
        response = await upload.client.head(url, headers=TUS)
        assert response.status_code == 403


async def test_a_token_without_a_size_is_no_upload(upload: Tus):
    token = signing.sign(SECRET, "PATCH", KEY, NOW + HOUR)

    response = await upload.client.head(f"/uploads/{KEY}?token={token}", headers=TUS)

    assert response.status_code == 403


async def test_of_two_writers_at_once_one_wins_and_no_bytes_mix(upload: Tus):
    async def slowly(text: bytes) -> AsyncIterator[bytes]:
        for place in range(len(text)):
            await asyncio.sleep(0.01)
            yield text[place : place + 1]

    answers = await asyncio.gather(
        upload.patch(0, slowly(b"aaaaaaaaaa")),
        upload.patch(0, slowly(b"bbbbbbbbbb")),
        upload.patch(0, slowly(b"cccccccccc")),
    )

    assert sorted(answer.status_code for answer in answers) == [204, 409, 409]
    winner = "abc"[[answer.status_code for answer in answers].index(204)]
    assert await upload.content() == winner.encode() * 10
    assert await upload.keys() == [KEY]


async def test_a_late_writer_cannot_add_to_what_another_continued(upload: Tus):
    """A connection that hangs, and wakes up after its client began anew."""
    awake = asyncio.Event()

    async def hanging() -> AsyncIterator[bytes]:
        yield b"01"
        await awake.wait()
        yield b"xxxx"

    late = asyncio.create_task(upload.patch(0, hanging()))
    await asyncio.sleep(0.05)
    await upload.patch(0, b"0123456")
    awake.set()

    assert (await late).status_code == 409
    await upload.patch(7, b"789")
    assert await upload.content() == b"0123456789"


async def test_an_upload_of_which_only_the_last_step_is_missing_is_finished_by_asking(
    upload: Tus,
):
    """As after a crash between the last part and the object."""
    await upload.store.create(f"{KEY}.parts/{0:020}", b"01234")
    await upload.store.create(f"{KEY}.parts/{5:020}", b"56789")

    assert await upload.offset() == 10

    assert await upload.content() == b"0123456789"
    assert await upload.keys() == [KEY]
    assert upload.received == [(KEY, 10)]


async def test_finishing_twice_at_once_gives_one_whole_object(upload: Tus):
    for offset in range(10):
        await upload.store.create(f"{KEY}.parts/{offset:020}", b"%d" % offset)

    offsets = await asyncio.gather(*(upload.offset() for _ in range(5)))

    assert offsets == [10] * 5
    assert await upload.content() == b"0123456789"
    assert await upload.keys() == [KEY]


async def test_finishing_while_another_request_has_just_finished(folder: Folder):
    """The parts vanish after they were listed, before they are read."""

    class Overtaken(Folder):
        async def stream(self, key: str, byte_limit: int | None = None) -> AsyncIterator[bytes]:
            await tus.settle(tus.Upload(folder, KEY, 10))
            async for chunk in super().stream(key, byte_limit):
                yield chunk

    await folder.create(f"{KEY}.parts/{0:020}", b"0123456789")
    root = folder.path("x").parent

    assert await tus.settle(tus.Upload(Overtaken(root), KEY, 10)) == 10

    assert await folder.read(KEY, 0, 99) == b"0123456789"


async def test_a_gap_ends_the_offset(upload: Tus):
    await upload.store.create(f"{KEY}.parts/{0:020}", b"01")
    await upload.store.create(f"{KEY}.parts/{5:020}", b"56789")

    assert await upload.offset() == 2


async def test_parts_of_an_upload_that_was_given_up_can_be_removed(upload: Tus):
    await upload.patch(0, b"0123456")

    await tus.discard(upload.store, KEY)

    assert await upload.keys() == []


async def test_a_piece_that_breaks_off_keeps_what_arrived(store: Store):
    """Over a real connection: the client goes away after 6 of 10 announced bytes."""
    upload = Tus(store)

    async def arrived() -> bool:
        return await upload.offset() == 6

    async def first_part() -> bool:
        return await upload.offset() == 4

    async with upload.client, served(upload.app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(raw_patch(upload.url, 0, 10) + b"0123")
        await writer.drain()
        await until(first_part)
        writer.write(b"45")
        await writer.drain()
        writer.close()
        await until(arrived)
        await upload.patch(6, b"6789")

    assert await upload.content() == b"0123456789"


def raw_patch(url: str, offset: int, byte_size: int) -> bytes:
    return (
        f"PATCH {url.replace(' ', '%20')} HTTP/1.1\r\nHost: here\r\nTus-Resumable: 1.0.0\r\n"
        f"Upload-Offset: {offset}\r\nContent-Length: {byte_size}\r\n"
        "Content-Type: application/offset+octet-stream\r\n\r\n"
    ).encode()


SERVER = """
import sys
from datetime import datetime
from pathlib import Path
import uvicorn
from starlette.applications import Starlette
from app.core.storage import endpoint
from app.core.storage.folder import Folder

async def hear(key, byte_size): ...

now = datetime.fromisoformat(sys.argv[3])
secret = sys.argv[2].encode()
routes = endpoint.routes(Folder(Path(sys.argv[1])), secret, lambda: now, hear, segment_bytes=4)
server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), "127.0.0.1", 0))
config = server.config
sock = config.bind_socket()
sock.listen()
print(sock.getsockname()[1], flush=True)
server.run([sock])
"""


async def test_a_server_that_is_killed_in_a_piece_has_kept_its_full_parts(tmp_path):
    """Another process, killed with no time for anything; what follows is a fresh server."""
    folder = Folder(tmp_path)
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(tmp_path), SECRET.decode(), NOW.isoformat()),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert server.stdout is not None
        port = int(await asyncio.wait_for(server.stdout.readline(), 30))
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(raw_patch(upload_url(10), 0, 10) + b"0123456")
        await writer.drain()
        await until(lambda: any(tmp_path.rglob("0" * 20)))
    finally:
        os.kill(server.pid, signal.SIGKILL)
        await server.wait()
    writer.close()

    upload = Tus(folder)
    async with upload.client:
        offset = await upload.offset()
        assert 4 <= offset <= 7
        await upload.patch(offset, b"0123456789"[offset:])
        assert await upload.content() == b"0123456789"
        assert await upload.keys() == [KEY]
