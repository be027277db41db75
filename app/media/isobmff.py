"""Whether an MP4 or QuickTime file is all there (ISO/IEC 14496-12, section 4.2)."""

from pathlib import Path

from app.media.errors import corrupt

MAX_BOXES = 100_000
TO_THE_END, LONG = 0, 1


def check_complete(path: Path, name: str) -> None:
    """Refuses a file that ends before one of its outermost boxes does."""
    byte_size = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        for _ in range(MAX_BOXES):
            file.seek(at)
            header = file.read(16)
            length = int.from_bytes(header[:4])
            if length == LONG:
                length = int.from_bytes(header[8:])
            if len(header) < 8 or length == TO_THE_END:
                return
            at += max(length, 8)
            if at > byte_size:
                raise corrupt(name, f"is cut off: it has {byte_size:,} bytes and needs {at:,}.")
