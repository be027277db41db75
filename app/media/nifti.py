"""NIfTI volumes: only the header is read, of a compressed file as well."""

import gzip
import math
from importlib import import_module
from pathlib import Path
from typing import Any

from app.media.errors import corrupt
from app.media.info import MediaInfo
from app.media.kinds import Kind

NIFTI1_BYTES, NIFTI2_BYTES = 348, 540
NIFTI2_MARK = b"n+2\0"
GZIP_MARK = b"\x1f\x8b"


def read(path: Path, kind: Kind, name: str) -> MediaInfo:
    """Size and slices of the volume. That a compressed file is whole is not checked."""
    with path.open("rb") as file:
        is_compressed = file.read(2) == GZIP_MARK
    header = _header(path, is_compressed)
    shape = tuple(int(length) for length in header.get_data_shape())
    if len(shape) < 2 or min(shape) < 1:
        raise corrupt(name, f"has no slices: the lengths of its axes are {shape}.")
    needed = int(header["vox_offset"]) + math.prod(shape) * int(header["bitpix"]) // 8
    byte_size = path.stat().st_size
    if byte_size < needed and not is_compressed:
        raise corrupt(name, f"is cut off: it has {byte_size:,} bytes and needs {needed:,}.")
    return MediaInfo(
        type=kind.type,
        mime_type=kind.mime_type,
        byte_size=byte_size,
        width=shape[0],
        height=shape[1],
        frame_count=shape[2] if len(shape) > 2 else 1,
    )


def _header(path: Path, is_compressed: bool) -> Any:
    """nibabel's header; it refuses one that contradicts itself."""
    with gzip.open(path) if is_compressed else path.open("rb") as file:
        block = file.read(NIFTI2_BYTES)
    nibabel: Any = import_module("nibabel")  # heavy, and without types
    if block[4:8] == NIFTI2_MARK:
        return nibabel.Nifti2Header(block)
    return nibabel.Nifti1Header(block[:NIFTI1_BYTES])
