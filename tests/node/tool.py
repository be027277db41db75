"""The npm tools of the tests: each in a folder of its own here, so that one bad release cannot stop all.

`python -m tests.node.tool` installs them ahead; the tests install what they find missing.
"""

import fcntl
import hashlib
import subprocess
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import orjson
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE = str(ROOT / "tools" / "with-node")
INSTALL = (NODE, "npm", "ci", "--ignore-scripts", "--prefer-offline", "--loglevel", "error")
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Tool:
    """A folder with a package.json, a lock, and in node_modules what they install."""

    folder: Path

    @classmethod
    def installed(cls, name: str) -> "Tool":
        """This folder with what its lock says. Raises CalledProcessError, with npm's words, if npm fails."""
        tool = cls(HERE / name)
        with tool._alone():
            if not tool._is_new():
                subprocess.run(INSTALL, cwd=tool.folder, check=True, timeout=170)
                tool._stamp.write_text(tool._wanted())
        return tool

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Other processes wait meanwhile."""
        with (self.folder / "package-lock.json").open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @property
    def _stamp(self) -> Path:
        return self.folder / "node_modules" / ".labelgraph"

    def _is_new(self) -> bool:
        return self._stamp.exists() and self._stamp.read_text() == self._wanted()

    def _wanted(self) -> str:
        return hashlib.sha256((self.folder / "package-lock.json").read_bytes()).hexdigest()

    def program(self, name: str) -> str:
        """The path of a command that one of the packages brings."""
        return str(self.folder / "node_modules" / ".bin" / name)

    async def run(
        self, *command: str, cwd: Path | None = None, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command under Node.js, in the tool's folder or another, with `text` as its input."""
        with anyio.fail_after(PATIENCE_SECONDS):
            done = await anyio.run_process(
                [NODE, *command], cwd=cwd or self.folder, input=text.encode(), check=False
            )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    async def script(self, name: str, **given: Any) -> Any:
        """What a script answers, in JSON, to its only argument, JSON too. The test fails if the script does."""
        done = await self.run("node", name, orjson.dumps(given).decode())
        assert done.returncode == 0, done.stdout + done.stderr
        return orjson.loads(done.stdout)

    @asynccontextmanager
    async def talking(self, name: str, **given: Any) -> AsyncGenerator["Talk"]:
        """A script that says something in JSON, line after line; it is ended with the block."""
        command = [NODE, "node", name, orjson.dumps(given).decode()]
        async with await anyio.open_process(command, cwd=self.folder, stderr=None) as process:
            assert process.stdout is not None
            try:
                yield Talk(process, BufferedByteReceiveStream(process.stdout))
            finally:
                if process.returncode is None:
                    process.kill()


@dataclass(frozen=True, slots=True)
class Talk:
    """What a running script says."""

    process: Process
    _lines: BufferedByteReceiveStream

    async def next(self) -> Any:
        """The next line. Raises TimeoutError, or anyio's IncompleteRead once the script has ended."""
        with anyio.fail_after(PATIENCE_SECONDS):
            return orjson.loads(await self._lines.receive_until(b"\n", 1 << 20))

    async def ended(self) -> int:
        """Wait for the end of the script; its exit code."""
        with anyio.fail_after(PATIENCE_SECONDS):
            return await self.process.wait()


if __name__ == "__main__":
    for path in sorted(HERE.glob("*/package.json")):
        Tool.installed(path.parent.name)
