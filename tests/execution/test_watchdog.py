"""The process beside a server that ends it when its event loop stands still."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.core import watchdog

SERVER = """
import asyncio, re, sys, time
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from app.core import server, telemetry
from app.core.health import Pulse
from app.core.settings import Settings

def loop_that_never_ends():
    while True:
        pass

def call_that_never_returns():
    time.sleep(600)

def code_that_holds_the_interpreter():
    re.match("(a+)+$", "a" * 60 + "b")

async def stand_still(request):
    globals()[request.path_params["how"]]()

async def nap(request):
    time.sleep(3)
    return Response()

async def fine(request):
    return Response()

class Told(server.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)

async def main():
    app = Starlette(routes=[Route("/fine", fine), Route("/nap", nap), Route("/{how}", stand_still)])
    settings = Settings(port=0, watchdog_seconds=float(sys.argv[1]))
    telemetry.configure(settings)  # to standard error
    made = server.create(app, settings, Pulse())
    made.__class__ = Told
    await made.serve()

with asyncio.Runner(loop_factory=server.loop_factory()) as runner:
    runner.run(main())
"""
SECONDS = 1.0
PATIENCE_SECONDS = 30.0


class Server:
    """Our server in a process of its own, with an application that can be brought to a standstill."""

    def __init__(self, seconds: float, home: Path) -> None:
        self.port = 0
        self.errors = home / "errors.txt"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVER, str(seconds)],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
                start_new_session=True,
            )

    def wait_until_it_serves(self) -> None:
        """It tells its port then."""
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def ask(self, path: str) -> socket.socket:
        """Send a request, and do not wait for the answer."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)
        connection.sendall(f"GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return connection

    def answers(self) -> bool:
        """Whether it serves."""
        with self.ask("fine") as connection:
            return connection.recv(100).startswith(b"HTTP/1.1 200")

    @property
    def watchers(self) -> list[psutil.Process]:
        """The processes beside it."""
        return psutil.Process(self.process.pid).children(recursive=True)


@contextlib.contextmanager
def started(home: Path, seconds: float = SECONDS) -> Iterator[Server]:
    server = Server(seconds, home)
    try:
        server.wait_until_it_serves()
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.communicate()


STANDSTILLS = ["loop_that_never_ends", "call_that_never_returns", "code_that_holds_the_interpreter"]


@pytest.mark.parametrize("how", STANDSTILLS)
def test_a_loop_that_stands_still_is_ended_and_says_where_it_was(tmp_path, how):
    with started(tmp_path) as server:
        with server.ask(how):
            assert server.process.wait(PATIENCE_SECONDS) == watchdog.ENDED
        said = server.errors.read_text()
    assert "The event loop has stood still for" in said
    assert f" in {how}\n" in said


def test_a_server_that_was_stopped_and_goes_on_is_left_alone(tmp_path):
    with started(tmp_path) as server:
        for _ in range(2):
            server.process.send_signal(signal.SIGSTOP)
            time.sleep(2 * SECONDS)
            server.process.send_signal(signal.SIGCONT)
            assert server.answers()
        assert server.process.poll() is None


def test_a_watcher_that_slept_with_the_machine_does_not_count_the_night(tmp_path):
    with started(tmp_path, seconds=2.0) as server:
        (watcher,) = server.watchers
        with server.ask("nap") as asking:  # of three seconds
            time.sleep(0.3)
            watcher.suspend()
            time.sleep(2.5)
            watcher.resume()  # it has heard nothing, but has not listened either
            assert asking.recv(100).startswith(b"HTTP/1.1 200")
        time.sleep(1.5)  # it would be given a second for its last words
        assert server.answers()


def test_a_busy_server_lives(tmp_path):
    with started(tmp_path) as server:
        deadline = time.monotonic() + 3 * SECONDS
        while time.monotonic() < deadline:
            assert server.answers()


def test_the_watcher_ends_with_the_server_whether_told_or_killed(tmp_path):
    for number in (signal.SIGTERM, signal.SIGKILL):
        with started(tmp_path) as server:
            watchers = server.watchers
            assert len(watchers) == 1
            server.process.send_signal(number)
            server.process.wait(PATIENCE_SECONDS)
            assert psutil.wait_procs(watchers, timeout=PATIENCE_SECONDS)[1] == []
        assert "Traceback" not in server.errors.read_text()


def test_the_watcher_does_not_mind_what_is_meant_for_the_server(tmp_path):
    with started(tmp_path) as server:
        (watcher,) = server.watchers
        time.sleep(SECONDS / 2)  # it sets its handlers as soon as it runs
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            watcher.send_signal(number)
        time.sleep(0.2)
        assert watcher.is_running()
        with server.ask("call_that_never_returns"):
            assert server.process.wait(PATIENCE_SECONDS) == watchdog.ENDED


def test_a_server_whose_watcher_dies_goes_on_and_says_so(tmp_path):
    with started(tmp_path) as server:
        (watcher,) = server.watchers
        watcher.kill()
        time.sleep(SECONDS)
        assert server.answers()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE_SECONDS) == 0
        assert "the watchdog is gone" in server.errors.read_text()


def test_it_can_be_turned_off(tmp_path):
    with started(tmp_path, seconds=0) as server:
        assert server.watchers == []
        assert server.answers()


def test_a_signal_shows_where_a_server_is_and_lets_it_go_on(tmp_path):
    with started(tmp_path) as server:
        server.process.send_signal(signal.SIGUSR1)
        assert server.answers()
        assert "most recent call first" in server.errors.read_text()
