"""The unprivileged account that the servers run under: PostgreSQL refuses to run as root."""

import os
import stat
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.core.embedded.problem import EmbeddedError

if sys.platform != "win32":
    import pwd

# An account made for us is best, `nobody` is everywhere. It needs a name: initdb looks it up.
_NAMES = ("labelgraph", "postgres", "nobody")

# Nothing of our own environment, which may hold secrets and PG… variables, reaches the servers.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group by number. `is_dropped`: we are root and step down to it."""

    uid: int
    gid: int
    is_dropped: bool

    def run(
        self,
        command: tuple[str | Path, ...],
        *,
        output: int = subprocess.DEVNULL,
        pass_fds: tuple[int, ...] = (),
    ) -> int:
        """Run to the end under this account, outside our terminal's session; the exit status.

        `output` takes what it says. OSError if we may not change the user.
        """
        return subprocess.run(  # noqa: S603 - the commands are ours
            command,
            check=False,
            cwd="/",
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=pass_fds,
            start_new_session=True,
            umask=0o077,
            user=self.uid,
            group=self.gid,
            extra_groups=() if self.is_dropped else None,
        ).returncode

    def reaches(self, path: Path) -> bool:
        """Whether it may enter this folder; the kernel itself is asked."""
        return self.run(("/bin/sh", "-c", 'test -x "$0"', path)) == 0

    def own_folder(self, path: Path) -> None:
        """Make a folder that only this account (and root) can enter, or see that it is one."""
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            found = path.lstat()
            ours = (self.uid, os.geteuid())  # root's own: we were killed before the chown below
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours or found.st_mode & 0o077:
                raise EmbeddedError(
                    f"{path} must be a folder of user {self.uid} with mode drwx------, and belongs "
                    f"to user {found.st_uid} with mode {stat.filemode(found.st_mode)}. Start "
                    "labelgraph as the user who started it before, or give it another home."
                ) from None
        os.chown(path, self.uid, self.gid, follow_symlinks=False)


def choose(home: Path, data: Path) -> Account:
    """Ourselves; or, for root: the owner of the data, else of the home, else a service account."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), is_dropped=False)
    if data.exists() and data.stat().st_uid != 0:
        return Account(data.stat().st_uid, data.stat().st_gid, is_dropped=True)
    if home.stat().st_uid != 0:
        with suppress(KeyError):
            return _dropped(pwd.getpwuid(home.stat().st_uid))
    for name in _NAMES:
        with suppress(KeyError):
            return _dropped(pwd.getpwnam(name))
    raise EmbeddedError(
        f"PostgreSQL refuses to run as root, and none of the accounts {', '.join(_NAMES)} exists. "
        "Start labelgraph as an ordinary user, or add one of them."
    )


def _dropped(entry: "pwd.struct_passwd") -> Account:
    return Account(entry.pw_uid, entry.pw_gid, is_dropped=True)
