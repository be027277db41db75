"""Our own PostgreSQL and Valkey, for when no DATABASE_URL and REDIS_URL are given.

Both listen on Unix sockets only, in a folder that nobody but their account and root can enter: no
port to collide on, no password to keep, nothing for other users of the machine to knock at, and a
round trip cheaper than over TCP. asyncpg, psycopg, SQLAlchemy and redis-py all take such URLs.

`start` and `stop` block; call them through `asyncio.to_thread` where a loop runs.
"""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from app.core.embedded import daemon, locks, place, postgres, programs, valkey
from app.core.embedded.problem import EmbeddedError

__all__ = ["EmbeddedError", "Services", "start", "stop", "temporary"]


@dataclass(frozen=True, slots=True)
class Services:
    """Two running servers, and our share in them: the last process that stops them ends them."""

    database_url: str  # of the superuser
    redis_url: str
    servers: tuple[daemon.Server, ...]
    change: Path  # lock: held by who is starting or stopping
    usage: Path  # lock: shared by all who use the servers
    share: IO[bytes]


def start(home: Path, *, durable: bool = True) -> Services:
    """Start what does not run yet of the servers of `home` and wait until both answer.

    Data are in home/postgres and home/valkey, logs in home/log; if we are root and the account
    of the servers cannot enter `home`, data are where home/where-the-data-is.txt says.
    Not `durable`: quick and lost with the machine's power; for tests. EmbeddedError if it fails.
    """
    programs.require()
    try:
        return _start(place.prepare(home.resolve()), durable=durable)
    except OSError as error:
        raise EmbeddedError(
            f"The embedded servers cannot be started in {home}: {error}. Choose a home that this "
            "user can write to, or set DATABASE_URL and REDIS_URL to servers of yours."
        ) from error


def stop(services: Services) -> None:
    """Give up our share, and end the servers if nobody else has one. Again: does nothing."""
    if services.share.closed:
        return
    with locks.exclusive(services.change):
        _give_up(services)


@contextmanager
def temporary() -> Iterator[Services]:
    """Servers for a test or a trial; nothing of them is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="labelgraph-") as folder:
        Path(folder).chmod(0o711)  # if we are root, the account of the servers must pass
        services = start(Path(folder), durable=False)
        try:
            yield services
        finally:
            stop(services)


def _start(where: place.Place, *, durable: bool) -> Services:
    found = programs.find(where.account)
    database = postgres.server(where, found, durable=durable)
    cache = valkey.server(where, found, durable=durable)

    def start_database() -> None:
        postgres.initialise(where, found, durable=durable)
        daemon.ensure(database)
        postgres.create_database(where)

    with locks.exclusive(where.lock / "change"):
        services = Services(
            database_url=postgres.url(where),
            redis_url=valkey.url(where),
            servers=(database, cache),
            change=where.lock / "change",
            usage=where.lock / "usage",
            share=locks.share(where.lock / "usage"),
        )
        try:
            _together(start_database, lambda: daemon.ensure(cache))
        except BaseException:
            _give_up(services)
            raise
    return services


def _give_up(services: Services) -> None:
    services.share.close()
    if locks.is_free(services.usage):
        _together(*(partial(daemon.end, server) for server in services.servers))


def _together(*actions: Callable[[], None]) -> None:
    """Do all at once and wait for all; the first error is raised then."""
    with ThreadPoolExecutor(len(actions)) as pool:
        futures = [pool.submit(action) for action in actions]
    for future in futures:
        future.result()
