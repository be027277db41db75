"""Servers in processes of their own on a loopback port: started, watched from outside, and always ended."""

import asyncio
import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
START_SECONDS = 60.0
STOP_SECONDS = 10.0
MEMORY_LIMIT = 4 * 1024**3
"""Bytes of address space of a contestant in Python; Node.js is given its limit as an option."""


@dataclass(frozen=True, slots=True)
class Server:
    """A process that listens on `port` of 127.0.0.1."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Processor time that it has used so far, in steps of some milliseconds."""
        used = self.process.cpu_times()
        return float(used.user + used.system)


@asynccontextmanager
async def running(command: Sequence[str], environment: Mapping[str, str]) -> AsyncGenerator[Server]:
    """Run the command with PORT in its environment until the end of the block."""
    port = _free_port()
    given = {**os.environ, **environment, "PORT": str(port)}
    with tempfile.TemporaryFile() as said:
        process = psutil.Popen(
            command, env=given, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            await _listening(process, port)
            yield Server(port, process)
        except Exception as error:
            error.add_note(f"{' '.join(command)} said: {_tail(said.fileno())}")
            raise
        finally:
            await asyncio.to_thread(_end, process)


def python(module: str) -> list[str]:
    """The command that runs one of our modules."""
    return [sys.executable, "-m", module]


def limit_memory() -> None:
    """Called by a contestant for itself: a fault ends it, and not the machine."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


async def _listening(process: psutil.Popen, port: int) -> None:
    """Wait until it accepts connections. Raises RuntimeError if it ends, TimeoutError if it takes too long."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            if process.poll() is not None:
                raise RuntimeError("a server ended before it listened")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def _tail(said: int) -> str:
    size = os.fstat(said).st_size
    return os.pread(said, 4_000, max(0, size - 4_000)).decode(errors="replace")


def _end(process: psutil.Popen) -> None:
    with suppress(psutil.NoSuchProcess):  # it has ended by itself
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait()
