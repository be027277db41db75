"""DICOM files: the tags, never the pixels."""

import io
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from app.media import dicom_tags
from app.media.errors import MediaError, MediaErrorCode, corrupt, rejected
from app.media.info import MediaInfo
from app.media.kinds import Kind

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

PREAMBLE_BYTES = 132
UNDEFINED_LENGTH = 0xFFFF_FFFF
FLOAT_PIXEL_DATA, PIXEL_DATA = 0x7FE0_0008, 0x7FE0_0010  # the first and the last with pixels
FRAGMENT, END_OF_FRAGMENTS = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
KEPT_TAGS = (*dicom_tags.METADATA_TAGS, dicom_tags.MODALITY)

MAX_INFLATED_BYTES = 512 << 20
MAX_INFLATION = 100
# Up to here an inflated file harms nobody, and an empty mask rightly shrinks a thousandfold.
HARMLESS_BYTES = 16 << 20
STEP_BYTES = 1 << 20


def read(path: Path, kind: Kind, name: str) -> MediaInfo:
    """The tags of the file. Raises DICOM_TAG_MISSING with every required tag that it lacks."""
    with path.open("rb") as file:
        tags, missing_bytes = _read_tags(file, name)
    _check_required(tags, name)
    if missing_bytes is None:
        raise corrupt(name, "is a DICOM file without pixels.")
    if missing_bytes > 0:
        raise corrupt(name, f"is cut off: it lacks the last {missing_bytes:,} bytes of its pixels.")
    kept = dicom_tags.from_json(tags)
    return MediaInfo(
        type=kind.type,
        mime_type=kind.mime_type,
        byte_size=path.stat().st_size,
        width=kept.columns,
        height=kept.rows,
        frame_count=dicom_tags.whole_number(tags, dicom_tags.FRAME_COUNT) or 1,
        dicom=kept,
    )


@dataclass(slots=True)
class _StopAtPixels:
    """Ends the reading at the pixels and notes where in the file they end."""

    file: BinaryIO
    end: int | None = None

    def __call__(self, tag: int, _vr: str | None, length: int) -> bool:
        if tag < FLOAT_PIXEL_DATA:
            return False
        if tag > PIXEL_DATA:
            return True
        if length == UNDEFINED_LENGTH:
            self.end = _end_of_fragments(self.file)
        else:
            self.end = self.file.tell() + length
        return True


def _end_of_fragments(file: BinaryIO) -> int:
    """Where compressed pixels end, or should at the least (DICOM PS3.5, A.4)."""
    while (header := file.read(8))[:4] == FRAGMENT:
        file.seek(int.from_bytes(header[4:], "little"), io.SEEK_CUR)
    if header and header[:4] != END_OF_FRAGMENTS:
        raise ValueError("neither a fragment of pixels nor their end")
    return file.tell() + 8 - len(header)


def _read_tags(file: BinaryIO, name: str) -> tuple[dict[str, Any], int | None]:
    """The tags that we keep as DICOM JSON, None for one that is not there.

    Then how many bytes the file is too short for its pixels; None if it has no pixels at all.
    """
    from pydicom.filereader import read_dataset, read_partial  # noqa: PLC0415 - heavy

    kept = [int(tag, 16) for tag in KEPT_TAGS]
    body = _inflated(file, name) if _is_deflated(file) else file
    stop = _StopAtPixels(body)
    if body is file:
        file.seek(0)
        dataset: Dataset = read_partial(file, stop, specific_tags=kept)
    else:
        dataset = read_dataset(body, False, True, stop_when=stop, specific_tags=kept)
    tags = {tag: _element(dataset, number) for tag, number in zip(KEPT_TAGS, kept, strict=True)}
    return tags, None if stop.end is None else stop.end - body.seek(0, io.SEEK_END)


def _is_deflated(file: BinaryIO) -> bool:
    """Whether what follows the meta information is compressed; leaves the file at that place.

    pydicom would inflate all of it at once, however little of it we want.
    """
    from pydicom.filereader import read_dataset  # noqa: PLC0415 - heavy
    from pydicom.uid import DeflatedExplicitVRLittleEndian  # noqa: PLC0415 - heavy

    file.seek(PREAMBLE_BYTES)
    meta = read_dataset(file, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != 2)
    return bool(meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian)


def _inflated(file: BinaryIO, name: str) -> BinaryIO:
    """The rest of the file decompressed, in memory: `MAX_INFLATED_BYTES` at most."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    whole, taken = io.BytesIO(), 0
    while not inflater.eof and (data := inflater.unconsumed_tail or file.read(STEP_BYTES)):
        whole.write(inflater.decompress(data, STEP_BYTES))
        taken += len(data) - len(inflater.unconsumed_tail)
        _check_inflation(taken, whole.tell(), name)
    whole.seek(0)
    return whole


def _check_inflation(taken: int, given: int, name: str) -> None:
    if given > max(HARMLESS_BYTES, min(MAX_INFLATED_BYTES, taken * MAX_INFLATION)):
        raise rejected(
            name,
            f"is a compressed DICOM file that grows to more than {MAX_INFLATION} times its size "
            f"or {MAX_INFLATED_BYTES >> 20} MiB; send it uncompressed.",
        )


def _check_required(tags: dict[str, Any], name: str) -> None:
    if missing := dicom_tags.missing(tags):
        *others, last = missing
        listed = f"tags {', '.join(others)} and {last}" if others else f"tag {last}"
        raise MediaError(
            MediaErrorCode.DICOM_TAG_MISSING, f"{name} lacks the required DICOM {listed}."
        )


def _element(dataset: "Dataset", tag: int) -> Any:
    """The element as DICOM JSON; None if it is not there or its value breaks its type."""
    if tag not in dataset:
        return None
    try:
        element = dataset[tag].to_json_dict(None, 0)
    except (ValueError, TypeError, ArithmeticError, NotImplementedError):
        return None
    return _storable(element)


def _storable(value: Any) -> Any:
    """Without what a JSON column refuses: NUL characters and numbers that are not finite."""
    if isinstance(value, dict):
        return {key: _storable(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_storable(member) for member in value]
    if isinstance(value, str):
        return value.replace("\0", "")
    return None if isinstance(value, float) and not math.isfinite(value) else value
