"""The program that stands beside a server and ends it when its event loop stands still. See watchdog.py.

Started by the path of this file, with nothing but the standard library: it is there in 20 ms and takes 8 MB.
Its standard input brings a byte for each turn of the loop, and ends with the server.
"""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

STEP_SECONDS = 0.25
LAST_WORDS_SECONDS = 1.0
"""How long a server may take to write where its threads are."""


def watch(pid: int, patience_seconds: float) -> None:
    """Return when the server is gone, or has been ended.

    Silence is counted in steps of our own, and not between two looks at a clock: a machine that slept, or a
    container that was frozen, has not been silent.
    """
    silent, before = 0.0, time.monotonic()
    while silent < patience_seconds:
        heard = bool(select.select([0], [], [], STEP_SECONDS)[0])
        if os.getppid() != pid or (heard and not os.read(0, 4096)):
            return
        now = time.monotonic()
        if heard or is_stopped(pid):
            silent = 0.0
        else:
            silent += min(now - before, 2 * STEP_SECONDS)
        before = now
    end(pid, silent)


def is_stopped(pid: int) -> bool:
    """Whether the process has been stopped by a signal or a debugger, as `ps` says it."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        state = told.rpartition(")")[2].split()[0]
    except OSError:  # no Linux
        command = ["/bin/ps", "-o", "state=", "-p", str(pid)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
        state = ran.stdout
    return state[:1] in {"T", "t"}


def end(pid: int, silent_seconds: float) -> None:
    """Have it say where it is, then end it. Neither needs its interpreter, which may be stuck itself."""
    sys.stderr.write(
        f"The event loop has stood still for {silent_seconds:.1f} s; the server is ended.\n"
    )
    sys.stderr.flush()
    for number in (signal.SIGUSR1, signal.SIGALRM, signal.SIGKILL):
        if os.getppid() == pid:
            os.kill(pid, number)
            time.sleep(LAST_WORDS_SECONDS)


def main() -> None:
    """`watcher.py PID SECONDS`."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # meant for the server, which ends us
    watch(int(sys.argv[1]), float(sys.argv[2]))


if __name__ == "__main__":
    main()
