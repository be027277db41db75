"""The ground of the tests: real PostgreSQL and Valkey, one database per worker, an organisation per test."""

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import psycopg
import pytest
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette

from app.core import embedded, lines, migrations
from app.core import runtime as runtimes
from app.core.embedded import Services
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.main import serve
from app.worker import working
from tests.client import Api
from tests.socket import Open, Socket
from tests.statements import Statements
from tests.world import World


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """One event loop for the whole session, so that pools can be shared."""
    return "asyncio"


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """PostgreSQL and Valkey, shared by all workers and runs; the last one stops them.

    Not below pytest's own folder: as root that is closed to the account of the servers.
    """
    home = Path(tempfile.gettempdir()) / "labelgraph-tests"
    running = embedded.start(home, durable=False)
    yield running
    embedded.stop(running)


@pytest.fixture(scope="session")
def settings(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A migrated database of this worker's own."""
    name = f"test_{os.getpid()}"
    url = fresh_database(services, name)
    migrations.migrate(url)
    yield Settings(
        database_url=url,
        redis_url=services.redis_url,
        home=tmp_path_factory.mktemp("home"),
        secret=SecretStr("a secret of the tests, and of nothing else"),
        public_url="http://labelgraph.test",
        local_roots=[Path("/")],
        allowed_encoders=["127.0.0.1"],
        encoder_seconds=1.5,
        pool_size=8,
        pool_wait_seconds=15,  # a busy machine is no fault of what is tested
        points_per_minute=2**31 - 1,  # tests ask far more than a person would
    )
    drop_database(services, name)


def drop_database(services: Services, name: str) -> None:
    """Remove a database and whoever is in it."""
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(f'drop database if exists "{name}" with (force)')


def fresh_database(services: Services, name: str) -> str:
    """The URL of a new, empty database."""
    drop_database(services, name)
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    return services.database_url.replace("/labelgraph?", f"/{name}?")


@pytest.fixture(scope="session")
async def runtime(settings: Settings) -> AsyncGenerator[Runtime]:
    """What a server process holds open, with hub and relay at work."""
    async with opened(settings) as opened_runtime:
        yield opened_runtime


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Runtime]:
    """A runtime as the server has it."""
    async with runtimes.opened(settings) as opened_runtime, runtimes.live(opened_runtime):
        yield opened_runtime


@pytest.fixture(scope="session")
def app(runtime: Runtime) -> Starlette:
    """The server, without its start and stop."""
    application = Starlette()
    serve(application, runtime)
    return application


class _Server(uvicorn.Server):
    """uvicorn, without its signal handlers: Ctrl-C is pytest's."""

    def capture_signals(self) -> Any:
        """Nothing."""
        return nullcontext()


@asynccontextmanager
async def listening(app: Starlette, port: int = 0) -> AsyncGenerator[str]:
    """An application on a port of this machine, for what needs a network: `http://127.0.0.1:…`."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
            **lines.options(message_bytes=2**18),
        )
        running = _Server(config)
        task = asyncio.create_task(running.serve(sockets=[listener]))
        try:
            yield "http://{}:{}".format(*listener.getsockname())
        finally:
            running.should_exit = True
            await task


@pytest.fixture(scope="session")
async def server(app: Starlette) -> AsyncGenerator[str]:
    """The same server on a port of this machine."""
    async with listening(app) as url:
        yield url


@pytest.fixture
def open_socket(server: str) -> Open:
    """`async with open_socket(person) as socket:` opens a WebSocket."""

    def opened(*arguments: Any, **options: Any) -> AbstractAsyncContextManager[Socket]:
        return Socket.opened(f"{server.replace('http', 'ws')}/graphql", *arguments, **options)

    return opened


@pytest.fixture
async def world(runtime: Runtime) -> World:
    """Makes organisations, users and things in them."""
    return World(runtime)


@pytest.fixture
async def api(app: Starlette, world: World) -> AsyncGenerator[Api]:
    """GraphQL as the administrator of a fresh organisation; `api.as_(token)` speaks as another."""
    member = await world.organisation()
    async with Api.connect(app, member) as client:
        yield client


@pytest.fixture
async def worker(runtime: Runtime) -> AsyncGenerator[None]:
    """A worker beside the test; it begins with whatever earlier tests have left to do."""
    async with working(runtime, grace_seconds=1):
        yield


@pytest.fixture
def statements(runtime: Runtime) -> Iterator[Statements]:
    """The SQL that the application's role runs."""
    with Statements.recorded(runtime) as recorded:
        yield recorded
