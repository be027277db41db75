"""The one error of the embedded servers."""

from pathlib import Path

_QUOTED_LINES = 12


class EmbeddedError(RuntimeError):
    """A server of our own cannot be had; the message says why and what to do."""


def last_lines(log: Path) -> str:
    """The end of a log file, ready to stand below a sentence; empty if there is none."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-_QUOTED_LINES:]
    except OSError:
        return ""
    return "".join(f"\n    {line}" for line in (f"The last lines of {log}:", *lines))
