"""PostgreSQL: its cluster on the disk, its settings, its database."""

import os
import shutil
import signal
from pathlib import Path

import psycopg

from app.core.embedded import daemon
from app.core.embedded.place import Place
from app.core.embedded.problem import EmbeddedError, last_lines
from app.core.embedded.programs import Programs

_PORT = "5432"

# For a laptop that does other things too; `-c` on the command line, so that no file holds old ones.
_SETTINGS = {
    "listen_addresses": "",
    "port": _PORT,
    "max_connections": "100",
    "shared_buffers": "192MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "log_checkpoints": "off",
    "log_min_duration_statement": "-1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def url(place: Place, database: str = "labelgraph") -> str:
    """For asyncpg and psycopg as it is, for SQLAlchemy with its driver in the scheme.

    The port is part of the socket's name; unsaid, the drivers would take it from $PGPORT.
    """
    return f"postgresql://labelgraph@/{database}?host={place.sockets}&port={_PORT}"


def server(place: Place, programs: Programs, *, durable: bool) -> daemon.Server:
    settings = _SETTINGS | {"unix_socket_directories": os.fspath(place.sockets)}
    if not durable:
        settings |= _NOT_DURABLE
    options = (option for pair in settings.items() for option in ("-c", "=".join(pair)))
    return daemon.Server(
        name="PostgreSQL",
        command=(programs.postgres, "-D", place.postgres, *options),
        account=place.account,
        lock=place.lock / "postgres",
        log=_log(place),
        pid_file=place.postgres / "postmaster.pid",
        stop_signal=signal.SIGINT,  # fast: ends the sessions, then writes everything down
        remedy="Mend what the log names, or set DATABASE_URL to a server of yours.",
        answers=lambda: _answers(place),
        clear=lambda: _clear(place),
    )


def initialise(place: Place, programs: Programs, *, durable: bool) -> None:
    """Make the cluster if there is none. Beside its place and then renamed: it is whole or absent.

    C.UTF-8 of the built-in provider sorts by code point, everywhere and in every version alike.
    """
    if place.postgres.exists():
        return
    half = place.postgres.with_name("postgres.half")
    shutil.rmtree(half, ignore_errors=True)
    place.account.own_folder(half)
    options = ("--username=labelgraph", "--auth-local=trust", "--auth-host=reject")
    collation = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    sync = () if durable else ("--no-sync",)
    command = (programs.initdb, "-D", half, "--no-instructions", *options, *collation, *sync)
    with daemon.open_log(_log(place)) as log:
        status = place.account.run(command, output=log.fileno())
    if status != 0:
        raise EmbeddedError(
            "PostgreSQL's initdb failed. Mend what its log names, or set DATABASE_URL to a "
            f"server of yours.{last_lines(_log(place))}"
        )
    half.rename(place.postgres)


def create_database(place: Place) -> None:
    """Make the database `labelgraph` unless it is there."""
    with psycopg.connect(url(place, "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = 'labelgraph'").rowcount:
            connection.execute("CREATE DATABASE labelgraph")


def _log(place: Place) -> Path:
    return place.log / "postgres.log"


def _answers(place: Place) -> bool:
    try:
        with psycopg.connect(url(place, "postgres"), connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _clear(place: Place) -> None:
    # PostgreSQL takes a process that has got the number of the dead one for its twin, and refuses
    # to start: in containers, where numbers are few, often. That no server lives, the lock tells.
    (place.postgres / "postmaster.pid").unlink(missing_ok=True)
    for left in place.sockets.glob(".s.PGSQL.*"):
        left.unlink()
