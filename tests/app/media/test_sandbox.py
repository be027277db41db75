"""The children that read files: what comes back, what is killed, and that none is left."""

import os
import time
from collections import Counter
from pathlib import Path

import anyio
import psutil
import pytest
from PIL import Image

from app.media import probing, sandbox
from app.media.errors import MediaError, MediaErrorCode
from app.media.info import MediaInfo, MediaType
from app.media.samples import samples

REAL = {sample.path.name: sample.path for sample in samples()}


def pids(box: sandbox.Sandbox) -> set[int]:
    return {child.process.pid for child in box.children}


@pytest.fixture
def stuck(tmp_path: Path) -> Path:
    """A pipe that nobody writes to: who opens it waits for ever."""
    path = tmp_path / "stuck"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    "name", ["bikes.mp4", "multipage.tif", "CT_small.dcm", "liver_1frame.dcm", "anatomical.nii"]
)
async def test_a_child_says_what_the_parent_would(name: str) -> None:
    async with sandbox.opened(children=1) as box:
        found = await box.probe(REAL[name], name=name)
    assert found == probing.probe(REAL[name], name=name)


async def test_a_refusal_comes_back_as_it_is() -> None:
    async with sandbox.opened(children=1) as box:
        with pytest.raises(MediaError) as refusal:
            await box.probe(REAL["coins.png"], name="a.mp4", expected=MediaType.VIDEO)
    assert refusal.value.code == MediaErrorCode.WRONG_TYPE
    assert refusal.value.message == "Expected a video, got a file of type image"


async def test_a_bug_is_loud_and_not_the_fault_of_the_file(tmp_path: Path) -> None:
    async with sandbox.opened(children=1) as box:
        with pytest.raises(RuntimeError, match="FileNotFoundError"):
            await box.probe(tmp_path / "absent", name="absent")


async def test_two_children_read_many_files_and_are_gone_afterwards() -> None:
    good = [sample for sample in samples() if sample.good]
    found: list[MediaType] = []
    async with sandbox.opened() as box:

        async def read(path: Path, expected: MediaType) -> None:
            found.append((await box.probe(path, name=path.name, expected=expected)).type)

        async with anyio.create_task_group() as group:
            for sample in good:
                group.start_soon(read, sample.path, sample.type)
        started = pids(box)
        assert len(started) == 2
    assert Counter(found) == Counter(sample.type for sample in good)
    assert not any(psutil.pid_exists(pid) for pid in started)


async def test_a_file_that_takes_too_long_is_refused_and_its_child_replaced(stuck: Path) -> None:
    async with sandbox.opened(children=1) as box:
        await box.probe(REAL["coins.png"], name="coins.png")
        first = pids(box)
        before = time.monotonic()
        with pytest.raises(MediaError, match=r"stuck\.mp4 takes longer than 0\.2 s\.") as refusal:
            await box.probe(stuck, name="stuck.mp4", seconds=0.2)
        assert time.monotonic() - before < 2
        assert refusal.value.code == MediaErrorCode.MEDIA_REJECTED
        assert not any(psutil.pid_exists(pid) for pid in first)
        assert (await box.probe(REAL["coins.png"], name="coins.png")).width == 384
        assert pids(box).isdisjoint(first)


async def test_a_file_that_kills_its_child_is_refused(stuck: Path) -> None:
    async with sandbox.opened(children=1) as box, anyio.create_task_group() as group:
        await box.probe(REAL["coins.png"], name="coins.png")
        group.start_soon(kill, *pids(box))
        with pytest.raises(MediaError, match=r"stuck\.mp4 .* breaks its reader") as refusal:
            await box.probe(stuck, name="stuck.mp4")
        assert refusal.value.code == MediaErrorCode.MEDIA_REJECTED
        assert (await box.probe(REAL["coins.png"], name="coins.png")).width == 384


async def kill(pid: int) -> None:
    await anyio.sleep(0.3)
    psutil.Process(pid).kill()


async def test_an_answer_to_a_cancelled_request_reaches_nobody(stuck: Path) -> None:
    async with sandbox.opened(children=1) as box:
        with anyio.move_on_after(0.5):
            await box.probe(stuck, name="stuck.mp4")
        assert (await box.probe(REAL["coins.png"], name="coins.png")).width == 384


async def test_memory_beyond_the_limit_is_not_to_be_had(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.new("RGB", (4_900, 4_900)).save(path)
    async with sandbox.opened(children=1, memory_bytes=100 << 20) as box:
        with pytest.raises(MediaError, match="too much memory") as refusal:
            await box.probe(path, name="large.png")
        assert refusal.value.code == MediaErrorCode.MEDIA_REJECTED
        assert (await box.probe(REAL["coins.png"], name="coins.png")).width == 384
    async with sandbox.opened(children=1) as box:
        assert (await box.probe(path, name="large.png")).width == 4_900


async def test_a_child_has_its_limit_and_none_of_our_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LABELGRAPH_SECRET", "hush")
    async with sandbox.opened(children=1) as box:
        await box.probe(REAL["coins.png"], name="coins.png")
        process = psutil.Process(pids(box).pop())
        assert process.rlimit(psutil.RLIMIT_AS) == (2 << 30, 2 << 30)
        assert "LABELGRAPH_SECRET" not in process.environ()


async def test_a_child_ends_when_its_parent_does(stuck: Path) -> None:
    async with sandbox.opened(children=1) as box:
        await box.probe(REAL["coins.png"], name="coins.png")
        (child,) = box.children
        assert child.process.stdin is not None
        await child.process.stdin.aclose()
        with anyio.fail_after(30):
            assert await child.process.wait() == 0


async def test_a_sequence_is_made_in_a_child(tmp_path: Path) -> None:
    frames = [sample.path for sample in samples() if sample.group == "Texture sequence"]
    async with sandbox.opened(children=1) as box:
        info: MediaInfo = await box.encode_sequence(
            frames, tmp_path / "clip.mp4", fps=25, seconds=30
        )
    assert (info.type, info.frame_count, info.width) == (MediaType.VIDEO, 3, 512)
