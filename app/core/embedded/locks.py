"""Locks on files: the kernel drops them when their holder dies, so none is ever stale.

`try_exclusive` is how we know whether a server lives: it inherits the open lock file and so holds
the lock as long as any process of it runs. No process id is ever guessed at.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if sys.platform != "win32":  # there embedded servers are refused before any lock is taken
    import fcntl


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait for the lock and hold it for the block."""
    with _open(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def share(path: Path) -> IO[bytes]:
    """Hold the lock beside other sharers until the file is closed."""
    file = _open(path)
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def try_exclusive(path: Path) -> IO[bytes] | None:
    """Hold the lock until the file is closed; None if anybody else has it."""
    file = _open(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def is_free(path: Path) -> bool:
    """Whether nobody has the lock at this moment."""
    file = try_exclusive(path)
    if file is not None:
        file.close()
    return file is not None


def _open(path: Path) -> IO[bytes]:
    # Reading is enough to lock, so an ordinary user can share the lock file that root has made.
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644), "rb")
