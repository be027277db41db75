"""The guard: whatever an endpoint answers, the server connects to nothing inside."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from app.core.errors import Forbidden, Unavailable
from app.core.storage import guard, opening
from app.core.storage.integrations import AccessKey, Allowances, S3Compatible

KEY = AccessKey("id", "secret")


class Listener:
    """A server of this machine that notes what it is asked and gives one answer."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.requests = list[bytes]()
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Listener"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answer)
        writer.close()


def plain(body: bytes) -> bytes:
    head = b'HTTP/1.1 200 OK\r\nETag: "1"\r\nLast-Modified: Wed, 21 Oct 2026 07:28:00 GMT\r\n'
    return head + b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def redirect(url: str) -> bytes:
    return f"HTTP/1.1 307 Go\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()


async def loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def canary() -> AsyncIterator[Listener]:
    async with Listener(plain(b"inside")).running() as listener:
        yield listener


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "other.example", "2130706433", "[::1]"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_redirect_to_an_address_inside_is_not_followed(canary: Listener, scheme, host):
    """The endpoint is allowed; where it sends us is not."""
    allowed = frozenset({"endpoint.example"})
    async with (
        Listener(redirect(f"{scheme}://{host}:{canary.port}/bucket/k")).running() as endpoint,
        guard.running(allowed, loopback) as proxy_url,
    ):
        integration = S3Compatible(f"http://endpoint.example:{endpoint.port}", "us-east-1", KEY)
        store = await opening.open_store(
            integration, "bucket", Allowances(allowed, proxy_url=proxy_url), resolver=loopback
        )
        with pytest.raises((Unavailable, Forbidden)):
            await store.read("k", 0, 10)

    assert len(endpoint.requests) >= 1
    assert canary.requests == []


async def test_a_name_that_turns_inside_after_the_check_is_not_reached(canary: Listener):
    async def public(host: str, port: int) -> list[str]:
        return ["93.184.216.34"]

    integration = S3Compatible(f"https://rebound.example:{canary.port}", "us-east-1", KEY)
    async with guard.running(frozenset(), loopback) as proxy_url:
        store = await opening.open_store(
            integration, "bucket", Allowances(proxy_url=proxy_url), resolver=public
        )
        with pytest.raises(Unavailable):
            await store.head("k")

    assert canary.requests == []


async def test_an_allowed_host_is_reached_by_the_address_that_was_checked(canary: Listener):
    allowed = frozenset({"minio.example"})
    async with (
        guard.running(allowed, loopback) as proxy_url,
        httpx2.AsyncClient(proxy=proxy_url) as client,
    ):
        response = await client.get(f"http://minio.example:{canary.port}/k")

    assert response.content == b"inside"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"CONNECT minio.example:%d HTTP/1.1", 200),
        (b"CONNECT MinIO.example.:%d HTTP/1.1", 200),
        (b"CONNECT 127.0.0.1:%d HTTP/1.1", 403),
        (b"CONNECT [::1]:%d HTTP/1.1", 403),
        (b"CONNECT [::ffff:127.0.0.1]:%d HTTP/1.1", 403),
        (b"CONNECT 0x7f.1:%d HTTP/1.1", 403),
        (b"CONNECT other.example:%d HTTP/1.1", 403),
        (b"CONNECT user@minio.example:%d HTTP/1.1", 403),
        (b"GET http://other.example:%d/ HTTP/1.1", 403),
        (b"GET http://minio.example@127.0.0.1:%d/ HTTP/1.1", 403),
        (b"GET /%d HTTP/1.1", 403),
        (b"CONNECT minio.example:%d0000 HTTP/1.1", 403),
        (b"nonsense %d", 403),
    ],
)
async def test_a_tunnel_leads_to_allowed_or_public_hosts_only(canary, request_line, status):
    async with guard.running(frozenset({"minio.example"}), loopback) as proxy_url:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(proxy_url).port)
        writer.write(request_line % canary.port + b"\r\n\r\n")
        answer = await reader.readuntil(b"\r\n\r\n")
        if status == 200:
            writer.write(b"GET /k HTTP/1.1\r\n\r\n")
            assert (await reader.read()).endswith(b"inside")
        writer.close()

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert len(canary.requests) == (status == 200)


async def test_plain_http_to_a_host_that_is_not_allowed_is_not_even_looked_up():
    looked_up = list[str]()

    async def resolver(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    async with (
        guard.running(frozenset(), resolver) as proxy_url,
        httpx2.AsyncClient(proxy=proxy_url) as client,
    ):
        response = await client.get("http://minio.example/k")

    assert (response.status_code, looked_up) == (403, [])


async def test_a_host_that_does_not_answer_is_a_bad_gateway():
    async with guard.running(frozenset({"minio.example"}), loopback) as proxy_url:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(proxy_url).port)
        writer.write(b"CONNECT minio.example:1 HTTP/1.1\r\n\r\n")
        answer = await reader.read()
        writer.close()

    assert answer.startswith(b"HTTP/1.1 502 ")
