"""Ends this process when its event loop stands still, so that whoever runs it starts it again.

A loop that is stuck cannot help itself, nor can a thread beside it while the interpreter's lock is held. So
another process watches: it hears from the loop a few times a second, and after too long a silence has us write
where each thread is (SIGUSR1), and ends us (SIGALRM). Both are done by C code, without the interpreter.
"""

import asyncio
import ctypes
import faulthandler
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import structlog

from app.core import tasks, watcher

BEATS = 10
"""How often the loop reports within the time after which it counts as stuck; once a second at least."""
ENDED = 14
"""The exit status of a process that its watchdog has ended: the number of SIGALRM."""


@asynccontextmanager
async def watched(patience_seconds: float) -> AsyncGenerator[None]:
    """Watch over the running loop during the block; 0 seconds: do not. There is no watchdog on Windows."""
    if not patience_seconds or sys.platform == "win32":
        yield
        return
    _obey()
    ours, theirs = _pipe()
    process = await _watcher(theirs, patience_seconds)
    beat = asyncio.create_task(_beat(ours, min(1.0, patience_seconds / BEATS)), name="watchdog")
    try:
        yield
    finally:
        await tasks.ended(beat)
        os.close(ours)
        await process.wait()


def _obey() -> None:
    """Dump at SIGUSR1, exit at SIGALRM. The second needs a handler: as the first process of a container we are not
    ended by a signal that has none, not even by SIGKILL. libc's `_exit` is one, and gets the signal's number.
    """
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    libc = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal(signal.SIGALRM, ctypes.cast(libc._exit, ctypes.c_void_p))


def _pipe() -> tuple[int, int]:
    """Our end, which never makes us wait, and the watcher's."""
    theirs, ours = os.pipe()
    os.set_blocking(ours, False)
    return ours, theirs


async def _watcher(hears: int, patience_seconds: float) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-S",
            watcher.__file__,
            str(os.getpid()),
            str(patience_seconds),
            stdin=hears,
        )
    finally:
        os.close(hears)


async def _beat(ours: int, pause_seconds: float) -> None:
    try:
        while True:
            with suppress(BlockingIOError):  # it is late itself
                os.write(ours, b".")
            await asyncio.sleep(pause_seconds)
    except BrokenPipeError:
        structlog.get_logger("watchdog").warning(
            "the watchdog is gone; nobody watches the event loop"
        )
