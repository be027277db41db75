"""Starts, finds again and ends a server that lives apart from our process."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.core.embedded import account, locks
from app.core.embedded.problem import EmbeddedError, last_lines

_POLL_S = 0.02
_START_LIMIT_S = 120.0  # a recovery after a crash reads up to max_wal_size of log
_STOP_LIMIT_S = 30.0
_LOG_LIMIT_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Server:
    """How to run, ask and end one server."""

    name: str
    command: tuple[str | Path, ...]
    account: account.Account
    lock: Path  # held by the server as long as any process of it lives
    log: Path
    pid_file: Path  # the first line is the process id; true only while `lock` is held
    stop_signal: signal.Signals
    remedy: str  # what to do when it does not start
    answers: Callable[[], bool]
    clear: Callable[[], None]  # removes what a killed server left; called only when none lives


def ensure(server: Server) -> None:
    """Return when the server answers: one that lives already, else a new one.

    A server that is just dying holds its lock until its last process is gone; then ours starts.
    """
    started = False
    deadline = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline:
        if server.answers():
            return
        lock = locks.try_exclusive(server.lock)
        if lock is not None:
            with lock:
                if started:
                    raise _failure(server, "stopped while it was starting")
                _launch(server, lock)
            started = True
        time.sleep(_POLL_S)
    raise _failure(server, f"did not answer within {_START_LIMIT_S:.0f} seconds")


def end(server: Server) -> None:
    """Ask the server to stop, kill it after a while; return when no process of it lives."""
    for number, limit_s in ((server.stop_signal, _STOP_LIMIT_S), (signal.SIGKILL, _STOP_LIMIT_S)):
        if locks.is_free(server.lock):
            return
        _signal(server, number)
        if _wait_until_free(server.lock, limit_s):
            return
    raise EmbeddedError(f"{server.name} cannot be stopped: see {server.log}.")


def open_log(path: Path) -> IO[bytes]:
    """To append to; a long one is put aside first, under the name with `.1`."""
    if path.exists() and path.stat().st_size > _LOG_LIMIT_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    log = os.fdopen(os.open(path, flags, 0o600), "ab")
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(log.fileno(), folder.st_uid, folder.st_gid)
    return log


def _launch(server: Server, lock: IO[bytes]) -> None:
    server.clear()
    # The shell starts it and ends: it is nobody's child, alike for who started and who found it,
    # and has its own session, so that Ctrl-C in our terminal leaves the order of the end to us.
    detached = ("/bin/sh", "-c", '"$0" "$@" &', *server.command)
    with open_log(server.log) as log:
        server.account.run(detached, output=log.fileno(), pass_fds=(lock.fileno(),))


def _signal(server: Server, number: signal.Signals) -> None:
    try:
        process = int(server.pid_file.read_text().split(maxsplit=1)[0])
    except (FileNotFoundError, IndexError):
        return  # it has not come up yet, or is on its way out already
    # As the account: root must not kill whatever number stands in a file that the account writes.
    server.account.run(("/bin/sh", "-c", 'kill -s "$0" "$1"', number.name[3:], str(process)))


def _wait_until_free(lock: Path, limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if locks.is_free(lock):
            return True
        time.sleep(_POLL_S)
    return False


def _failure(server: Server, fact: str) -> EmbeddedError:
    return EmbeddedError(f"{server.name} {fact}. {server.remedy}{last_lines(server.log)}")
