"""Reads files in child processes with limits, so that a hostile file harms no more than a child.

The children are kept and used again; one that breaks a limit is killed and replaced.
"""

import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, cast

import anyio
import orjson
from anyio.abc import ByteReceiveStream, ByteSendStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

from app.media.errors import MediaError, MediaErrorCode, rejected
from app.media.info import DicomTags, MediaInfo, MediaType

CHILD_COUNT = 2
MODULE = "app.media.child"
MEMORY_BYTES = 2 << 30
PROBE_SECONDS = 10.0
START_SECONDS = 60.0
ANSWER_BYTES = 64 << 20
# The child gets nothing else of our environment, which holds secrets.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT")
GONE = (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError)
# Each thread takes address space, and the reading of headers needs none.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@asynccontextmanager
async def opened(
    *, children: int = CHILD_COUNT, memory_bytes: int = MEMORY_BYTES, module: str = MODULE
) -> AsyncIterator["Sandbox"]:
    """A sandbox with at most so many children, started when needed; all are gone at the end.

    `module` is what a child runs: one that calls `child.serve`.
    """
    sandbox = Sandbox(memory_bytes, anyio.CapacityLimiter(children), module)
    try:
        yield sandbox
    finally:
        with anyio.CancelScope(shield=True):
            for child in list(sandbox.children):
                await sandbox.end(child)


@dataclass(slots=True, eq=False)
class Child:
    """A process that waits for a request or works on one."""

    process: Process
    answers: BufferedByteReceiveStream

    async def ask(self, request: dict[str, Any], name: str) -> dict[str, Any]:
        """The answer to a request. After any error the child is of no more use."""
        requests = cast("ByteSendStream", self.process.stdin)
        try:
            with anyio.fail_after(request["seconds"]):
                await requests.send(orjson.dumps(request, option=orjson.OPT_APPEND_NEWLINE))
                return await self.answer()
        except TimeoutError:
            raise rejected(name, f"takes longer than {request['seconds']:g} s.") from None
        except GONE:
            raise rejected(name, "takes too much memory or breaks its reader.") from None

    async def answer(self) -> dict[str, Any]:
        """The next line of the child."""
        line = await self.answers.receive_until(b"\n", ANSWER_BYTES)
        answer: dict[str, Any] = orjson.loads(line)
        return answer


@dataclass(slots=True)
class Sandbox:
    """Hands requests to children; safe to use from many tasks at once. Made by `opened`."""

    memory_bytes: int
    places: anyio.CapacityLimiter
    module: str = MODULE
    children: set[Child] = field(default_factory=set)
    idle: list[Child] = field(default_factory=list)

    async def probe(
        self,
        path: Path,
        *,
        name: str,
        expected: MediaType | None = None,
        seconds: float = PROBE_SECONDS,
    ) -> MediaInfo:
        """`probing.probe` in a child; MEDIA_REJECTED if it takes too long or kills its child."""
        request = {"path": str(path), "name": name, "expected": expected, "seconds": seconds}
        return _info(await self.ask(request, name))

    async def encode_sequence(
        self, frames: Sequence[Path], target: Path, *, fps: int, seconds: float
    ) -> MediaInfo:
        """`sequence.encode_sequence` in a child; `seconds` are for all frames together."""
        paths = [str(frame) for frame in frames]
        request = {"path": str(target), "frames": paths, "fps": fps, "seconds": seconds}
        return _info(await self.ask(request, target.name))

    async def ask(self, request: dict[str, Any], name: str) -> Any:
        """What a child makes of a request, which has `seconds`; `name` is for the message of a MediaError."""
        async with self.places:
            child = self.idle.pop() if self.idle else await self._started()
            try:
                answer = await child.ask(request, name)
            except BaseException:  # cancelled too: its answer would come to the next request
                await self.end(child)
                raise
            self.idle.append(child)
        return _done(answer)

    async def _started(self) -> Child:
        command = [sys.executable, "-P", "-m", self.module, str(self.memory_bytes)]
        process = await anyio.open_process(
            command,
            stderr=DEVNULL,
            env=_environment(),
            start_new_session=True,  # a Ctrl-C is for the worker, which ends us in order
        )
        child = Child(process, BufferedByteReceiveStream(cast("ByteReceiveStream", process.stdout)))
        self.children.add(child)
        try:
            with anyio.fail_after(START_SECONDS):
                await child.answer()
        except (TimeoutError, *GONE) as error:
            raise RuntimeError(f"The sandbox does not start: {' '.join(command)}") from error
        return child

    async def end(self, child: Child) -> None:
        """Kills a child and waits until it is gone."""
        with anyio.CancelScope(shield=True):
            if child.process.returncode is None:
                child.process.kill()
            await child.process.aclose()
        self.children.discard(child)


def _done(answer: dict[str, Any]) -> Any:
    if "bug" in answer:
        raise RuntimeError(f"A child of the sandbox failed:\n{answer['bug']}")
    if "code" in answer:
        raise MediaError(MediaErrorCode(answer["code"]), answer["message"])
    return answer["done"]


def _info(values: dict[str, Any]) -> MediaInfo:
    dicom = DicomTags(**values["dicom"]) if values["dicom"] else None
    return MediaInfo(**{**values, "type": MediaType(values["type"]), "dicom": dicom})


def _environment() -> dict[str, str]:
    kept = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    return {**kept, **ONE_THREAD, "PYTHONPATH": str(Path(__file__).parents[2])}
