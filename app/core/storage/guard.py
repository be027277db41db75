"""A proxy on this machine's loopback that connects only to where integrations may lead.

The storage library follows redirects and looks names up by itself, so an endpoint that was checked
before can still lead inside. Through this proxy every connection is checked, and made to the very
address that was checked; TLS stays between the library and the far end.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, closing

from app.core.errors import Refused, Unavailable
from app.core.storage import network
from app.core.storage.errors import EndpointRefused

_CONNECT = re.compile(rb"CONNECT ([^ ]+):(\d{1,5}) HTTP/1\.1\r\n")
_PLAIN = re.compile(rb"[A-Z]+ http://([^/ ]+?)(?::(\d{1,5}))?/[^ ]* HTTP/1\.1\r\n")

_CONNECT_SECONDS = 3
_BLOCK_BYTES = 64 * 1024


@asynccontextmanager
async def running(
    allowed_hosts: frozenset[str], resolver: network.Resolve = network.system_resolver
) -> AsyncIterator[str]:
    """Run the proxy for as long as the block lasts; gives its URL."""
    connections = set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_serve(reader, writer, allowed_hosts, resolver))
        connections.add(task)
        task.add_done_callback(connections.discard)
        await asyncio.wait([task])

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield "http://{}:{}".format(*server.sockets[0].getsockname())
    finally:
        server.close()
        for task in connections:
            task.cancel()


async def _serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    allowed_hosts: frozenset[str],
    resolver: network.Resolve,
) -> None:
    with closing(writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            host, port, is_tunnel = _target(head, allowed_hosts)
            found = await network.addresses(host, port, allowed_hosts, resolver)
            far_reader, far_writer = await _connect(found, port)
        except Refused:
            writer.write(_answer(b"403 Forbidden"))
            return
        except (Unavailable, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.write(_answer(b"502 Bad Gateway"))
            return
        with closing(far_writer):
            if is_tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                far_writer.write(head)
            await _join(_pipe(reader, far_writer), _pipe(far_reader, writer))


def _target(head: bytes, allowed_hosts: frozenset[str]) -> tuple[str, int, bool]:
    """(host, port, whether it is a tunnel); plain requests are for allowed hosts only."""
    if tunnel := _CONNECT.match(head):
        return tunnel[1].decode("latin-1").strip("[]"), int(tunnel[2]), True
    plain = _PLAIN.match(head)
    if plain and (host := plain[1].decode("latin-1").strip("[]").lower()) in allowed_hosts:
        return host, int(plain[2] or 80), False
    raise EndpointRefused("Only https, or plain http to a host that is allowed.")


async def _connect(
    addresses: list[str], port: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """To the first of these addresses that answers; raises OSError if none does."""
    failure = OSError("no address")
    for address in addresses:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await asyncio.open_connection(address, port)
        except OSError as error:
            failure = error
    raise failure


async def _join(*pipes: Coroutine[None, None, None]) -> None:
    """Run both directions until one ends; what the other still had in hand is dropped."""
    tasks = [asyncio.ensure_future(pipe) for pipe in pipes]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while block := await reader.read(_BLOCK_BYTES):
        writer.write(block)
        await writer.drain()


def _answer(status: bytes) -> bytes:
    return b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
