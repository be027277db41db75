"""Where on the disk the servers keep what."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from app.core.embedded import account
from app.core.embedded.problem import EmbeddedError

# For root only: all that the account of the servers cannot reach where it is.
SYSTEM = Path("/var/lib/labelgraph")
_NOTE = "where-the-data-is.txt"

# A socket's path has at most 103 bytes (macOS; 107 on Linux), of which PostgreSQL's own name takes
# 14. The drivers read ':', ',' and '%' in a host in three different ways: such paths are not used.
_SOCKET_FOLDER = re.compile(r"[A-Za-z0-9/._-]{1,85}")


@dataclass(frozen=True, slots=True)
class Place:
    """The folders. `postgres`, `valkey` and `sockets` belong to `account`, the others to us."""

    account: account.Account
    postgres: Path
    valkey: Path
    sockets: Path
    log: Path
    lock: Path


def prepare(home: Path) -> Place:
    """Choose the account, make the folders (but not `postgres`, which initdb's success makes)."""
    home.mkdir(parents=True, exist_ok=True)
    root = _noted(home) or home
    servant = account.choose(home, root / "postgres")
    if not servant.reaches(root):
        root = _move_out(home)
    place = Place(
        account=servant,
        postgres=root / "postgres",
        valkey=root / "valkey",
        sockets=_socket_folder(root, servant.uid),
        log=home / "log",
        lock=root / "lock",
    )
    _make_like_parent(place.log)
    _make_like_parent(place.lock)
    servant.own_folder(place.valkey)
    servant.own_folder(place.sockets)
    return place


def _noted(home: Path) -> Path | None:
    try:
        noted = Path((home / _NOTE).read_text().splitlines()[-1])
    except FileNotFoundError:
        return None
    if noted.parent != SYSTEM:
        raise EmbeddedError(
            f"The last line of {home / _NOTE} must be a folder in {SYSTEM}, and is {noted}."
        )
    return noted


def _move_out(home: Path) -> Path:
    if (home / "postgres").exists():
        raise EmbeddedError(
            f"{home} holds data of PostgreSQL, but their owner can no longer enter it. Let that "
            "user pass through the folders above it, or move it to where they may."
        )
    root = SYSTEM / _digest(home)
    _make_readable(SYSTEM)
    _make_readable(root)
    (home / _NOTE).write_text(
        "labelgraph was started as root. The account that its PostgreSQL and Valkey run under\n"
        "cannot enter this folder, so their data are in:\n"
        f"{root}\n"
    )
    return root


def _make_like_parent(folder: Path) -> None:
    """So that the owner of a home who once used sudo is not locked out of their own logs."""
    folder.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        parent = folder.parent.stat()
        os.chown(folder, parent.st_uid, parent.st_gid, follow_symlinks=False)


def _make_readable(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o755)  # whatever the umask is


def _socket_folder(root: Path, uid: int) -> Path:
    folder = root / "run"
    if _SOCKET_FOLDER.fullmatch(os.fspath(folder)):
        return folder
    # Not $TMPDIR: another process of ours, with another one, must find the same sockets.
    return Path("/tmp") / f"labelgraph-{uid}-{_digest(root)}"  # noqa: S108 - its owner is checked


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
