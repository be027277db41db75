"""The demo's files, sorted into folders and units, each with client metadata of every kind."""

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from app.demo.captions import CAPTIONS
from app.media import kinds
from app.media.info import MediaType
from app.media.samples import Sample, samples

FOLDERS = {
    "Pictures": {MediaType.IMAGE},
    "Films and sound": {MediaType.VIDEO, MediaType.AUDIO},
    "Medical": {MediaType.DICOM_FILE, MediaType.NIFTI},
    "Text and series": {MediaType.PLAIN_TEXT, MediaType.PDF, MediaType.TIME_SERIES},
}
METADATA_SCHEMA = {
    "package": {"ty": "variant", "hint": "varchar"},
    "note": {"ty": "variant", "hint": "text"},
    "entropy": {"ty": "variant", "hint": "number"},
    "collected at": {"ty": "variant", "hint": "datetime"},
    "reviewed": {"ty": "variant", "hint": "boolean"},
    "subject": {"ty": "variant", "hint": "uuid"},
    "domain": {"ty": "enum", "values": ["everyday", "medical", "sound", "text"]},
    "byte histogram": {"ty": "embedding", "size": 16},
    "caption": {"ty": "variant", "hint": "text"},
    "look": {"ty": "embedding", "size": 1_024},
    "meaning": {"ty": "embedding", "size": 384},
    "place": {"ty": "geospatial"},
}
DOMAINS = {
    MediaType.DICOM_FILE: "medical",
    MediaType.NIFTI: "medical",
    MediaType.AUDIO: "sound",
    MediaType.PLAIN_TEXT: "text",
    MediaType.PDF: "text",
    MediaType.TIME_SERIES: "text",
}
FIRST_DAY = datetime(2025, 1, 1, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Unit:
    """Files that are registered as one. `kind`: of FileType; `title`: None is by the file's name."""

    kind: str
    title: str | None
    samples: tuple[Sample, ...]
    metadata: dict[str, Any]


def units(folder: str) -> list[Unit]:
    """What goes into one of FOLDERS."""
    chosen = [sample for sample in samples() if sample.type in FOLDERS[folder]]
    grouped = groupby(chosen, key=lambda sample: sample.group or sample.path)
    parts = [tuple(part) for _, part in grouped]
    return [_unit(part, position) for position, part in enumerate(parts)]


def _unit(part: tuple[Sample, ...], position: int) -> Unit:
    first = part[0]
    title = first.group
    if first.type is MediaType.DICOM_FILE:
        kind, title = "DICOM_SERIES", title or first.path.stem
    elif title is not None:
        kind = "IMAGE_SEQUENCE" if title.endswith("sequence") else "IMAGE_GROUP"
    else:
        kind = first.type.value
    return Unit(kind, title, part, _metadata(part, position))


def _metadata(part: Sequence[Sample], position: int) -> dict[str, Any]:
    """Facts of the bytes where there are some; else made up, and the same at every start.

    The vectors of `look` and `meaning` come later: see sight.
    """
    first = part[0]
    counts = Counter(first.path.read_bytes()[: kinds.HEAD_BYTES])
    total = counts.total() or 1
    subject = first.group or first.path.name
    angle = hashlib.sha256(subject.encode()).digest()[0] / 256 * 360 - 180
    return {
        "package": _package(first),
        "note": f"{len(part)} file(s) that come with a Python package; see its licence.",
        "entropy": round(-sum(n / total * math.log2(n / total) for n in counts.values()), 3),
        "collected at": (FIRST_DAY + timedelta(days=position)).isoformat(),
        "reviewed": position % 2 == 0,
        "subject": str(uuid5(NAMESPACE_URL, subject)),
        "domain": DOMAINS.get(first.type, "everyday"),
        "byte histogram": [
            round(sum(counts[byte] for byte in range(start, start + 16)) / total, 6)
            for start in range(0, 256, 16)
        ],
        **({"caption": CAPTIONS[subject]} if subject in CAPTIONS else {}),
        "place": {"type": "Point", "coordinates": [round(angle, 3), round(angle / 2, 3)]},
    }


def _package(sample: Sample) -> str:
    """The name of the package that brings the file: the folder in `site-packages`."""
    parents = sample.path.parts
    return parents[parents.index("site-packages") + 1] if "site-packages" in parents else "unknown"
