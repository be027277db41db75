"""What a registration document comes to: units, options, and a summary."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.uploads.documents.errors import DocumentError, DocumentErrorCode, UnitError


class UnitKind(StrEnum):
    """What a unit asks for. The names are those of the file types."""

    VIDEO = "VIDEO"
    IMAGE = "IMAGE"
    IMAGE_GROUP = "IMAGE_GROUP"
    IMAGE_SEQUENCE = "IMAGE_SEQUENCE"
    DICOM_SERIES = "DICOM_SERIES"
    NIFTI = "NIFTI"
    AUDIO = "AUDIO"
    PLAIN_TEXT = "PLAIN_TEXT"
    PDF = "PDF"
    TIME_SERIES = "TIME_SERIES"
    SCENE = "SCENE"


@dataclass(frozen=True, slots=True)
class Unit:
    """One video, image, group, series …: what is registered, reported and retried as a whole."""

    index: int
    """Position among the units of the document, from 0."""
    kind: UnitKind
    location: str
    """`/videos/3` in JSON; `row 17` or `rows 17, 18` in CSV, where the first row is row 1."""
    object_urls: tuple[str, ...] = ()
    """The objects in the cloud, frames and files in order; empty if they were uploaded."""
    title: str | None = None
    """None only if the objects were uploaded and the document gives no title."""
    client_metadata: bytes | None = None
    """Compact JSON text of an object that passed `app.metadata.document.parse`."""
    media_metadata: dict[str, Any] | None = None
    """`videoMetadata`, `imageMetadata` … as given, unchecked."""
    placeholder_ids: tuple[UUID, ...] = ()
    """The local uploads, in order; the document's URLs do not count then."""
    error: UnitError | None = None
    """Set if the unit is broken; `object_urls` holds what could be read of it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the document asks for beside its units. A CSV file asks for nothing."""

    skip_duplicate_urls: bool = False
    upsert_metadata: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """What one reading of the whole document tells."""

    unit_count: int
    broken_count: int
    """Units that have an error already."""
    url_count: int
    options: Options


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one document may ask for (domain 3.2)."""

    unit_count: int = 500_000
    url_count: int = 1_000_000


DEFAULT_LIMITS = Limits()


def within(limits: Limits, units: Iterable[Unit]) -> Iterator[Unit]:
    """The same units, until there are too many: then DocumentError."""
    url_count = 0
    for unit in units:
        if unit.index >= limits.unit_count:
            raise DocumentError(
                DocumentErrorCode.TOO_MANY_UNITS,
                f"A document has at most {limits.unit_count} units; split it there.",
                place=unit.location,
            )
        url_count += len(unit.object_urls) or len(unit.placeholder_ids)
        check_url_count(limits, url_count, unit.location)
        yield unit


def check_url_count(limits: Limits, url_count: int, place: str) -> None:
    """Raise DocumentError if that many URLs are too many."""
    if url_count > limits.url_count:
        raise DocumentError(
            DocumentErrorCode.TOO_MANY_URLS,
            f"A document has at most {limits.url_count} URLs; split it there.",
            place=place,
        )


def summarise(units: Iterable[Unit]) -> tuple[int, int, int]:
    """How many units, broken units and URLs there are."""
    unit_count = broken_count = url_count = 0
    for unit in units:
        unit_count += 1
        broken_count += unit.error is not None
        url_count += len(unit.object_urls)
    return unit_count, broken_count, url_count
