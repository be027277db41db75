"""Server and worker beside each other: started, watched, shown, stopped in order."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import httpx2
import structlog
from rich.console import Console
from rich.markup import escape

from app.client import graphql
from app.client.graphql import ApiError
from app.core import supervisor
from app.core.settings import Settings
from app.demo import data, people, sight
from app.demo.people import Demo

POLL_SECONDS = 0.1

T = TypeVar("T")

_LOG = structlog.get_logger("demo")


async def run(settings: Settings, console: Console, *, with_data: bool) -> int:
    """Run until a signal, or until the server ends; the exit status of the server."""
    told = asyncio.Event()
    for number in supervisor.ENDING:
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    demo = await people.settle(settings)
    environment = _environment(settings)
    async with (
        beside(supervisor.kept_alive("worker", environment)),
        beside(supervisor.until_it_ends("serve", environment)) as server,
    ):
        async with beside(_show(settings, demo, console, with_data=with_data)):
            await _first(told.wait(), asyncio.shield(server))
        console.print("\nStopping the server, then the worker.")
    return 0 if told.is_set() else _exit_status(server.result())


def _exit_status(status: int) -> int:
    """As a shell tells it: 128 and the number of the signal for a process that was killed."""
    return status if status >= 0 else 128 - status


def _environment(settings: Settings) -> Mapping[str, str]:
    """What the children must know that may not stand in our own environment."""
    return {
        "LABELGRAPH_HOME": str(settings.home),
        "LABELGRAPH_HOST": settings.host,
        "LABELGRAPH_PORT": str(settings.port),
    }


async def _show(settings: Settings, demo: Demo, console: Console, *, with_data: bool) -> None:
    """When the server is ready: the addresses and a token, then the files."""
    address = f"http://{_reachable(settings.host)}:{settings.port}"
    await _until_ready(address)
    console.print(_welcome(settings, demo))
    if with_data:
        try:
            async with graphql.connected(address, demo.admin.token) as api:
                await data.load(api, console)
                await sight.give(api, console)
        except* ApiError as group:
            for error in group.exceptions:
                console.print(f"[yellow]The demo's files are not complete: {escape(str(error))}[/]")
        except* Exception:
            _LOG.exception("the demo's files are not complete")
        console.print("Ctrl-C stops everything; the data are kept.")


async def _until_ready(address: str) -> None:
    async with httpx2.AsyncClient(base_url=address, trust_env=False) as http:
        while True:
            with suppress(httpx2.HTTPError):
                if (await http.get("/readyz")).status_code == 200:
                    return
            await asyncio.sleep(POLL_SECONDS)


def _reachable(host: str) -> str:
    """The address by which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104  compared, not bound


def _welcome(settings: Settings, demo: Demo) -> str:
    websocket = settings.url.replace("http", "ws", 1)
    return f"""
[bold green]labelgraph is ready.[/]

  GraphQL      {settings.url}/graphql
  WebSocket    {websocket}/graphql  (graphql-transport-ws)
  Health       {settings.url}/readyz
  GraphiQL     {settings.url}/graphql  (in a browser: {demo.admin.email}, {demo.admin.password})
  Tokens       {people.path(settings)}  (one of each role)

  Token of {demo.admin.email}:
  [bold]{demo.admin.token}[/]

  curl {settings.url}/graphql -H 'Content-Type: application/json' \\
    -H 'Authorization: Bearer {demo.admin.token}' \\
    -d '{{"query": "{{ me {{ name role }} }}"}}'
"""


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, T]) -> AsyncGenerator["asyncio.Task[T]"]:
    """Do `work` beside the block; cancelled at its end."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _first(*waits: Awaitable[Any]) -> None:
    """Wait until one of them ends."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
