"""How child processes are brought to their end."""

import asyncio
import signal
import sys

import psutil
import pytest

from app.core import supervisor
from app.core.supervisor import Child

OBEYS = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))"
IGNORES = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


async def child(program: str) -> Child:
    """A Python process in a session of its own, once its program has run up to its last line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"import signal, subprocess, sys, time; {program}; print(flush=True); time.sleep(60)",
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    return Child("test", process)


async def test_a_child_ends_in_its_own_way():
    obedient = await child(OBEYS)
    await supervisor.stop(obedient)
    assert obedient.process.returncode == 7


async def test_a_child_that_does_not_end_is_killed(monkeypatch):
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.2)
    stubborn = await child(IGNORES)
    await supervisor.stop(stubborn)
    assert stubborn.process.returncode == -signal.SIGKILL


async def test_what_a_child_started_ends_with_it():
    parent = await child(f"{OBEYS}; subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL)")
    (grandchild,) = psutil.Process(parent.process.pid).children()
    await supervisor.stop(parent)
    gone, alive = psutil.wait_procs([grandchild], timeout=5)
    assert (gone, alive) == ([grandchild], [])


async def test_a_child_that_is_dead_already_is_stopped_without_a_fuss():
    dead = await child(OBEYS)
    dead.process.kill()
    await dead.process.wait()
    await supervisor.stop(dead)
    assert dead.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_we_end_on_every_signal_that_asks_for_it(name):
    assert signal.Signals[name] in supervisor.ENDING
