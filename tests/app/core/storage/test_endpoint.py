"""Our own signed addresses for files: GET and PUT."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.applications import Starlette

from app.core.storage import endpoint
from app.core.storage.folder import Folder
from app.core.storage.signing import Links
from app.core.storage.store import Method

from .conftest import NOW, SECRET
from .server import served, until


class Site:
    """The endpoint over a folder, and who uses it; `received` is what the callback heard."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.received = list[tuple[str, int]]()
        app = Starlette(routes=endpoint.routes(folder, SECRET, lambda: NOW, self.hear))
        transport = httpx2.ASGITransport(app)
        self.client = httpx2.AsyncClient(transport=transport, base_url="https://here.example")

    async def hear(self, key: str, byte_size: int) -> None:
        self.received.append((key, byte_size))

    async def url(self, key: str, method: Method, **bounds) -> str:
        """Signed for this one use, as a path below the endpoint."""
        url = urlsplit(await self.folder.signed_url(key, method, **bounds))
        return f"{url.path.removeprefix('/storage')}?{url.query}"

    async def send(self, method: Method, key: str, body=None, *, headers=None, **bounds):
        url = await self.url(key, method, **bounds)
        return await self.client.request(method, url, content=body, headers=headers)


@pytest.fixture
async def site(folder: Folder) -> AsyncIterator[Site]:
    site = Site(folder)
    async with site.client:
        yield site


def files(folder: Folder) -> list[str]:
    """Every file on the disk, the unfinished ones of the library too."""
    root = folder.path("x").parent
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


async def test_what_was_put_can_be_got(site: Site):
    put = await site.send("PUT", "org/a b+ü.bin", b"hello")
    got = await site.send("GET", "org/a b+ü.bin")

    assert (put.status_code, got.status_code, got.content) == (201, 200, b"hello")
    assert site.received == [("org/a b+ü.bin", 5)]


async def test_a_file_can_be_asked_for_in_ranges(site: Site):
    await site.folder.put("k", b"0123456789")

    part = await site.send("GET", "k", headers={"Range": "bytes=2-4"})
    past = await site.send("GET", "k", headers={"Range": "bytes=10-"})

    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    assert past.status_code == 416


async def test_head_says_the_size(site: Site):
    await site.folder.put("k", b"0123456789")

    response = await site.client.head(await site.url("k", "GET"))

    assert (response.status_code, response.headers["Content-Length"]) == (200, "10")


@pytest.mark.parametrize(
    ("content_type", "served"),
    [
        ("image/png", "image/png"),
        ("video/mp4", "video/mp4"),
        ("image/svg+xml", "application/octet-stream"),
        ("text/html", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("application/xml", "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
async def test_a_file_is_something_to_save_and_never_a_page(site: Site, content_type, served):
    await site.folder.put("page.html", b"<script>alert(1)</script>")

    response = await site.send("GET", "page.html", content_type=content_type)

    assert response.headers["Content-Type"] == served
    assert response.headers["Content-Disposition"] == "attachment"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].startswith("sandbox")


async def test_a_missing_file_is_said_to_be_missing(site: Site):
    response = await site.send("GET", "no")

    assert response.status_code == 404
    assert response.json() == {
        "code": "NOT_FOUND",
        "message": "There is no object 'no' in this storage.",
    }


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "k"), ("PUT", "k"), ("GET", "../own/k"), ("GET", "%2e%2e/own/k")]
)
async def test_without_its_token_nothing_is_read_or_written(site: Site, method, path):
    await site.folder.put("k", b"old")
    token = (await site.url("other", method)).partition("token=")[2]

    for query in ("", "?token=", f"?token={token}"):
        response = await site.client.request(method, f"/objects/{path}{query}", content=None)
        assert response.status_code in {403, 404}
        assert response.content != b"old"
    assert await site.folder.read("k", 0, 9) == b"old"


async def test_a_link_to_read_does_not_write(site: Site):
    await site.folder.put("k", b"old")

    response = await site.client.put(await site.url("k", "GET"), content=b"new")

    assert (response.status_code, response.json()["code"]) == (403, "FORBIDDEN")
    assert await site.folder.read("k", 0, 9) == b"old"


async def test_a_link_that_expired_is_refused_and_says_when(site: Site, folder: Folder):
    early = Links("", SECRET, lambda: NOW - timedelta(minutes=10))
    url = early.of_object("GET", "k", timedelta(minutes=5))

    response = await site.client.get(url)

    assert response.status_code == 403
    assert "expired at 2026-11-21T11:55:00Z" in response.json()["message"]


async def long() -> AsyncIterator[bytes]:
    for _ in range(100):
        yield b"x" * 65536


async def unread() -> AsyncIterator[bytes]:
    raise AssertionError("the body was read")
    yield b""


@pytest.mark.parametrize("body", [lambda: b"123456", long], ids=["declared", "streamed"])
async def test_a_body_over_the_limit_is_refused_and_leaves_nothing(site: Site, body):
    response = await site.send("PUT", "k", body(), byte_limit=5)

    assert (response.status_code, response.json()["code"]) == (413, "TOO_LARGE")
    assert files(site.folder) == []
    assert site.received == []


async def test_a_body_that_says_it_is_too_long_is_not_read(site: Site):
    response = await site.send("PUT", "k", unread(), headers={"Content-Length": "6"}, byte_limit=5)

    assert response.status_code == 413


async def test_a_body_up_to_the_limit_is_taken(site: Site):
    assert (await site.send("PUT", "k", b"12345", byte_limit=5)).status_code == 201


async def test_the_content_type_is_the_one_of_the_link(site: Site):
    kept = await site.send(
        "PUT",
        "k",
        b"x",
        headers={"Content-Type": "text/csv; charset=utf-8"},
        content_type="text/csv",
    )
    other = await site.send(
        "PUT", "k2", b"x", headers={"Content-Type": "text/html"}, content_type="text/csv"
    )

    assert kept.status_code == 201
    assert (other.status_code, other.json()["code"]) == (400, "INVALID")
    assert files(site.folder) == ["k"]


async def test_an_upload_that_breaks_off_leaves_nothing(site: Site):
    """Over a real connection: the client goes away in the middle of the body."""
    async with served(
        Starlette(routes=endpoint.routes(site.folder, SECRET, lambda: NOW, site.hear))
    ) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        path = await site.url("k", "PUT")
        head = f"PUT {path} HTTP/1.1\r\nHost: here\r\nContent-Length: 20000000\r\n\r\n"
        writer.write(head.encode() + b"x" * 7_000_000)
        await writer.drain()
        await until(lambda: files(site.folder) != [])
        writer.transport.abort()
        await until(lambda: files(site.folder) == [])

    assert site.received == []
