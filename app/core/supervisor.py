"""Child processes of our own: started, kept alive, and stopped with everything that they started."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from app.core import watchdog

LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A child that has lived this long is taken for healthy: its next restart comes quickly again."""
STOP_SECONDS = 30.0
"""How long a child may take to end in order; then it is killed."""

ENDING = tuple(
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if name in signal.Signals.__members__  # Windows has no SIGHUP
)
"""How one tells us to end: Ctrl-C, a service manager, a closed terminal."""

_LOG = structlog.get_logger("supervisor")


@dataclass(frozen=True, slots=True)
class Child:
    """A process of our own: `labelgraph <name>`, in a session of its own.

    Ctrl-C in our terminal does not reach it, so that the order of the end is ours. It holds the other end of
    its standard input, and stops by itself when we are gone.
    """

    name: str
    process: asyncio.subprocess.Process


@asynccontextmanager
async def running(name: str, environment: Mapping[str, str]) -> AsyncGenerator[Child]:
    """Start `labelgraph <name>` and stop it at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.cli",
        name,
        "--with-parent",
        stdin=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
        start_new_session=True,
    )
    child = Child(name, process)
    try:
        yield child
    finally:
        await stop(child)


async def stop(child: Child) -> None:
    """Ask it to end and wait; kill it, with all that it started, when it takes too long or we are in a hurry."""
    try:
        _signal(child, signal.SIGTERM)
        await asyncio.wait_for(child.process.wait(), STOP_SECONDS)
    except TimeoutError:
        _LOG.warning("a process did not end in time and is killed", process=child.name)
    finally:
        with suppress(ProcessLookupError):  # its own children, if any are left
            os.killpg(child.process.pid, signal.SIGKILL)
        await asyncio.shield(child.process.wait())


async def kept_alive(name: str, environment: Mapping[str, str]) -> None:
    """Run `labelgraph <name>` until cancelled; start it again when it dies, after a growing pause."""
    pause = 1.0
    while True:
        began = time.monotonic()
        async with running(name, environment) as child:
            status = await child.process.wait()
        if time.monotonic() - began > STEADY_SECONDS:
            pause = 1.0
        _LOG.error("a process died and is started again", process=name, status=status, in_s=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def until_it_ends(name: str, environment: Mapping[str, str]) -> int:
    """Run `labelgraph <name>` to its end, and give its exit status; start it again if its watchdog ended it."""
    while True:
        async with running(name, environment) as child:
            status = await child.process.wait()
        if status != watchdog.ENDED:
            return status
        _LOG.error("a process was stuck and is started again", process=name)


def _signal(child: Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        child.process.send_signal(number)
