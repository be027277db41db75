"""The child process of `sandbox`: a request on each line of its input, an answer on its output.

Its argument is how many bytes of address space it may have. Run as `python -m app.media.child`; other modules
can be such children, too, by calling `serve` with what they do.
"""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from app.media import probing, sequence
from app.media.errors import MediaError
from app.media.info import MediaInfo, MediaType

GRACE_SECONDS = 2


Work = Callable[[dict[str, Any]], Any]
"""Makes an answer, which orjson can write, of a request."""


def serve(work: Work) -> None:
    """Answers until the input ends."""
    memory_bytes = int(sys.argv[1])
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    _limit(memory_bytes)
    _write(answers, {"ready": True})
    for line in sys.stdin.buffer:
        request = orjson.loads(line)
        _end_after(request["seconds"] + GRACE_SECONDS)
        _write(answers, _answer(work, request))
        _end_after(0)


def _answer(work: Work, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"done": work(request)}
    except MediaError as error:
        return {"code": error.code, "message": error.message}
    except Exception:  # a bug, which the parent raises where it is seen
        return {"bug": traceback.format_exc()}


def _done(request: dict[str, Any]) -> MediaInfo:
    if "frames" in request:
        frames = [Path(frame) for frame in request["frames"]]
        return sequence.encode_sequence(frames, Path(request["path"]), fps=request["fps"])
    expected = MediaType(request["expected"]) if request["expected"] else None
    return probing.probe(Path(request["path"]), name=request["name"], expected=expected)


def _write(answers: BinaryIO, answer: dict[str, Any]) -> None:
    answers.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
    answers.flush()


def _limit(memory_bytes: int) -> None:
    """Bounds the address space, which only Linux does, and keeps patients out of core dumps."""
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - not there on every system

        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_after(seconds: float) -> None:
    """Ends this process if the parent, which ends it sooner, is no more; 0 calls it off."""
    if sys.platform != "win32":
        import signal  # noqa: PLC0415 - has no timer on Windows

        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    serve(_done)
