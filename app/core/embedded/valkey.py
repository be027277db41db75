"""Valkey: its settings and its socket."""

import signal
from pathlib import Path

import redis

from app.core.embedded import daemon
from app.core.embedded.place import Place
from app.core.embedded.programs import Programs


def url(place: Place) -> str:
    return f"unix://{_socket(place)}"


def server(place: Place, programs: Programs, *, durable: bool) -> daemon.Server:
    pid_file = place.valkey / "valkey.pid"
    settings = {
        "port": "0",
        "unixsocket": str(_socket(place)),
        "unixsocketperm": "700",
        "dir": str(place.valkey),
        "pidfile": str(pid_file),
        "save": "",
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
    }
    options = (option for key, value in settings.items() for option in (f"--{key}", value))
    return daemon.Server(
        name="Valkey",
        command=(programs.valkey_server, *options),
        account=place.account,
        lock=place.lock / "valkey",
        log=place.log / "valkey.log",
        pid_file=pid_file,
        stop_signal=signal.SIGTERM,
        remedy=f"Everything in {place.valkey} may be lost: remove that folder and start again, or "
        "set REDIS_URL to a server of yours.",
        answers=lambda: _answers(place),
        clear=lambda: _clear(place, pid_file),
    )


def _socket(place: Place) -> Path:
    return place.sockets / "valkey.sock"


def _answers(place: Place) -> bool:
    try:
        with redis.Redis.from_url(url(place), socket_timeout=2) as client:
            return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False


def _clear(place: Place, pid_file: Path) -> None:
    for left in (_socket(place), pid_file, *place.valkey.glob("temp-*")):
        left.unlink(missing_ok=True)
