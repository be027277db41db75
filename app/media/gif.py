"""Counting the frames of a GIF without decoding them (GIF89a specification, appendix A)."""

from pathlib import Path
from typing import BinaryIO

from app.media.errors import corrupt, rejected

MAX_FRAMES = 10_000
HEADER_BYTES = 13
EXTENSION, IMAGE, TRAILER = b"!", b",", b";"


def frame_count(path: Path, name: str) -> int:
    """Frames of the file. A file that ends between two blocks counts as whole."""
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
        _skip_palette(file, header[10])
        frames = 0
        while (block := file.read(1)) not in {b"", TRAILER}:
            frames += _skip_block(file, block, name)
            if frames > MAX_FRAMES:
                raise rejected(name, f"has more than {MAX_FRAMES:,} frames.")
    return frames


def _skip_block(file: BinaryIO, block: bytes, name: str) -> int:
    """1 for a block that is a frame, 0 for any other."""
    if block == IMAGE:
        _skip_palette(file, file.read(9)[8])
    elif block != EXTENSION:
        raise corrupt(name, "is a damaged GIF: it has a block of an unknown kind.")
    file.seek(1, 1)  # the label of an extension, the code size of an image
    while size := file.read(1)[0]:
        file.seek(size, 1)
    return int(block == IMAGE)


def _skip_palette(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.seek(3 << ((flags & 7) + 1), 1)
