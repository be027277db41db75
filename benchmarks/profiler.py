"""A sampling profiler inside a server: which functions its processor time goes into.

SIGUSR2 begins, and the next one ends and writes the report. Samples are taken by processor time, so waiting
does not show; time in C is put down to the Python function that called it. Linux and macOS only.
"""

import signal
from collections import Counter
from pathlib import Path
from types import FrameType

INTERVAL_SECONDS = 0.001
"""What we ask for; most kernels take a sample in 4 ms."""
HOTTEST = 45


class Profiler:
    """Counts, for each sample, the running function and all that called it."""

    def __init__(self, report: Path) -> None:
        self._report = report
        self._own: Counter[str] = Counter()
        self._whole: Counter[str] = Counter()
        self._lines: Counter[str] = Counter()

    def listen(self) -> None:
        """Take the signals. Call in the main thread."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.signal(signal.SIGUSR2, self._begin)

    def _begin(self, _: int, __: FrameType | None) -> None:
        signal.signal(signal.SIGUSR2, self._finish)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)

    def _sample(self, _: int, frame: FrameType | None) -> None:
        if frame is None:
            return
        self._own[_name(frame)] += 1
        self._lines[f"{_name(frame)}, line {frame.f_lineno}"] += 1
        seen = set()
        while frame is not None:
            seen.add(_name(frame))
            frame = frame.f_back
        self._whole.update(seen)

    def _finish(self, _: int, __: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        total = sum(self._own.values())
        parts = [
            f"{total} samples",
            "in the function itself",
            *_shares(self._own, total),
            "at one line",
            *_shares(self._lines, total),
            "in the function and what it calls",
            *_shares(self._whole, total),
        ]
        self._report.write_text("\n".join(parts) + "\n")


def _name(frame: FrameType) -> str:
    code = frame.f_code
    where = "/".join(Path(code.co_filename).parts[-3:])
    return f"{where} {code.co_qualname}"


def _shares(counter: Counter[str], total: int) -> list[str]:
    return [
        f"{100 * count / max(total, 1):6.1f} %  {name}"
        for name, count in counter.most_common(HOTTEST)
    ]
