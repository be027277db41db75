"""Images: the size as shown, and the files that are made to hurt."""

import resource
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from app.media import gif, probing
from app.media.errors import MediaError, MediaErrorCode


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def blank_png(path: Path, width: int, height: int, *, rows: int) -> Path:
    """A grey PNG of which only so many rows are there, each all zeros."""
    squeeze = zlib.compressobj(9)
    body = b"".join(squeeze.compress(bytes(width + 1)) for _ in range(rows)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    return path


@pytest.mark.parametrize("suffix", ["jpg", "tif", "webp", "png"])
@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (40, 30)), (3, (40, 30)), (6, (30, 40)), (8, (30, 40))]
)
def test_the_size_is_the_one_that_is_shown(
    suffix: str, orientation: int, size: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / f"photo.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (40, 30), "teal").save(path, exif=exif)
    info = probing.probe(path, name=path.name)
    assert (info.width, info.height) == size


@pytest.mark.parametrize("suffix", ["avif", "bmp", "webp", "gif", "png", "jpg", "tif"])
def test_each_format_is_read(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"photo.{suffix}"
    Image.new("RGB", (40, 30), "teal").save(path)
    info = probing.probe(path, name="upload")
    assert (info.width, info.height, info.frame_count) == (40, 30, None)


def test_a_photo_of_13000_squared_pixels_is_measured_without_decoding_it(tmp_path: Path) -> None:
    path = blank_png(tmp_path / "bomb.png", 13_000, 13_000, rows=13_000)
    assert path.stat().st_size < 500_000
    script = (
        "import sys, resource, pathlib; from app.media import probing;"
        "resource.setrlimit(resource.RLIMIT_AS, (128 << 20, 128 << 20));"  # decoded: 161 MiB
        "info = probing.probe(pathlib.Path(sys.argv[1]), name='bomb.png');"
        "print(info.width, info.height)"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(path)]
    assert subprocess.check_output(command) == b"13000 13000\n"


def test_more_pixels_than_the_limit_are_refused_by_the_header(tmp_path: Path) -> None:
    path = blank_png(tmp_path / "bomb.png", 40_000, 40_000, rows=1)
    with pytest.raises(MediaError, match=r"40000 x 40000 pixels; the limit is 1,000,000,000") as no:
        probing.probe(path, name="bomb.png")
    assert no.value.code == MediaErrorCode.MEDIA_REJECTED


def test_a_large_png_with_a_wrong_checksum_is_corrupt(tmp_path: Path) -> None:
    path = blank_png(tmp_path / "large.png", 13_000, 13_000, rows=13_000)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(MediaError) as refusal:
        probing.probe(path, name="large.png")
    assert refusal.value.code == MediaErrorCode.MEDIA_CORRUPT


def test_the_limit_of_pillow_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)
    assert probing.probe(blank_png(tmp_path / "a.png", 9, 9, rows=9), name="a.png").width == 9
    assert Image.MAX_IMAGE_PIXELS == 4


def animation(path: Path, frames: int) -> Path:
    """A GIF of one pixel that changes."""
    header = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    frame = b"!\xf9\x04\0\0\0\0\0," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02D\x01\0"
    path.write_bytes(header + frame * frames + b";")
    return path


@pytest.mark.parametrize("frames", [1, 2, 300])
def test_the_frames_of_a_gif_are_counted(frames: int, tmp_path: Path) -> None:
    path = animation(tmp_path / "clip.gif", frames)
    assert gif.frame_count(path, "clip.gif") == frames
    with Image.open(path) as image:
        assert getattr(image, "n_frames", 1) == frames


def test_a_gif_of_too_many_frames_is_refused(tmp_path: Path) -> None:
    path = animation(tmp_path / "clip.gif", 10_001)
    with pytest.raises(MediaError, match=r"more than 10,000 frames") as refusal:
        probing.probe(path, name="clip.gif")
    assert refusal.value.code == MediaErrorCode.MEDIA_REJECTED


def test_an_animated_png_may_not_claim_any_number_of_frames(tmp_path: Path) -> None:
    path = blank_png(tmp_path / "clip.png", 2, 2, rows=2)
    data = path.read_bytes()
    header_end = 8 + 25
    claim = chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    path.write_bytes(data[:header_end] + claim + data[header_end:])
    with pytest.raises(MediaError, match="more than 10,000 pages"):
        probing.probe(path, name="clip.png")


@pytest.mark.parametrize("pages", [2, 3, 12])
def test_the_pages_of_a_tiff_are_counted(pages: int, tmp_path: Path) -> None:
    path = tmp_path / "book.tif"
    first, *others = [Image.new("L", (2, 2), page) for page in range(pages)]
    first.save(path, save_all=True, append_images=others)
    assert probing.probe(path, name="book.tif").frame_count == pages


def test_a_tiff_whose_pages_go_round_in_a_circle_ends(tmp_path: Path) -> None:
    path = tmp_path / "loop.tif"
    Image.new("L", (2, 2)).save(path)
    data = bytearray(path.read_bytes())
    directory = struct.unpack_from("<I", data, 4)[0]
    entries = struct.unpack_from("<H", data, directory)[0]
    struct.pack_into("<I", data, directory + 2 + 12 * entries, directory)
    path.write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    info = probing.probe(path, name="loop.tif")
    assert info.frame_count is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 2
