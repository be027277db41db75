"""uvicorn, with our own end: say that we stop, let requests finish, close sockets with 1012, then the pools."""

import asyncio
import errno
import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import structlog
import uvicorn
from starlette.types import ASGIApp

from app.core import lines, watchdog
from app.core.connections import Connection
from app.core.health import Pulse
from app.core.settings import Settings

GRACE_SECONDS = 20
"""How long requests that are under way may take to finish."""

_LOG = structlog.get_logger("server")


class Server(uvicorn.Server):
    """One process. SIGTERM and SIGINT end it in order; a second one ends it at once."""

    def __init__(self, config: uvicorn.Config, pulse: Pulse, settings: Settings) -> None:
        super().__init__(config)
        self._pulse = pulse
        self._drain_seconds = settings.drain_seconds
        self._watchdog_seconds = settings.watchdog_seconds
        self._stop_at = math.inf

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Turn `/readyz` to 503; the next tick after the drain time stops accepting. The exit status is 0."""
        del sig, frame
        if self._pulse.is_stopping:
            self.should_exit = self.force_exit = True
        self._pulse.is_stopping = True
        self._stop_at = min(self._stop_at, time.monotonic() + self._drain_seconds)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop, watched over by another process."""
        async with watchdog.watched(self._watchdog_seconds):
            await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        _LOG.info("serving", host=self.config.host, port=self.config.port)

    async def on_tick(self, counter: int) -> bool:
        """Whether to end now; asked ten times a second."""
        if time.monotonic() >= self._stop_at:
            self.should_exit = True
        return await super().on_tick(counter)


def create(app: ASGIApp, settings: Settings, pulse: Pulse) -> Server:
    """A server for `app`; it speaks HTTP/1.1 and WebSocket and writes no access log."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="none",
        http=Connection,
        **lines.options(settings.max_message_bytes),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return Server(config, pulse, settings)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it exists; None: what Python brings."""
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415  not there on Windows

    return uvloop.new_event_loop


def obstacle(host: str, port: int, patience_seconds: float = 0.0) -> str | None:
    """Why we cannot listen there, in a sentence; None if we can. Waits for a port that is being given back."""
    deadline = time.monotonic() + patience_seconds
    while (error := _bind(host, port)) is not None:
        if error.errno != errno.EADDRINUSE:
            return f"This machine cannot listen on {host}, port {port}: {error.strerror}."
        if time.monotonic() >= deadline:
            return (
                f"Port {port} is in use by another program. Stop that one, or choose another port, for"
                f" example: make run PORT={port + 1}, or labelgraph serve --port {port + 1}."
            )
        time.sleep(0.1)
    return None


def _bind(host: str, port: int) -> OSError | None:
    """Try it; what went wrong, or None."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def stop_with_parent() -> None:
    """End this process as SIGTERM does when standard input closes, which a parent's death brings about."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True, name="parent").start()
