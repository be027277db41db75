"""The header rows of a CSV document, which say what the rows below them are (domain 3.6.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.uploads.documents.elements import nearest
from app.uploads.documents.errors import DocumentError, DocumentErrorCode
from app.uploads.documents.units import UnitKind

OBJECT_URL = "objecturl"
CREATE_VIDEO = "create video"

KINDS: Mapping[str, UnitKind] = {
    "video title": UnitKind.VIDEO,
    "image title": UnitKind.IMAGE,
    "image group title": UnitKind.IMAGE_GROUP,
    "series title": UnitKind.DICOM_SERIES,
    "dicom title": UnitKind.DICOM_SERIES,
}
"""What the second column says."""


@dataclass(frozen=True, slots=True)
class Header:
    """One header row."""

    row: int
    kind: UnitKind
    columns: tuple[str, ...]
    """As written, without blank columns at the end."""

    @property
    def has_create_video(self) -> bool:
        """Whether there is the third column."""
        return len(self.columns) == 3


def is_header(cells: Sequence[str]) -> bool:
    """Whether this row is a header and not a file."""
    return _normal(cells[0]) == OBJECT_URL


def read(cells: Sequence[str], row: int) -> Header:
    """The header in this row. A header of `ObjectUrl` alone speaks of videos."""
    columns = tuple(cell.strip() for cell in cells)
    while not columns[-1]:
        columns = columns[:-1]
    if len(columns) == 1:
        return Header(row, UnitKind.VIDEO, columns)
    kind = KINDS.get(_normal(columns[1]))
    if kind is None:
        raise _invalid(row, f"the second column `{columns[1][:80]}` names no type.", columns[1])
    if len(columns) > 3 or (len(columns) == 3 and _normal(columns[2]) != CREATE_VIDEO):
        raise DocumentError(
            DocumentErrorCode.HEADER_INVALID,
            f"Row {row}: after the title only the column `Create video` may follow; remove the"
            " others.",
            place=f"row {row}",
        )
    if kind is UnitKind.IMAGE_GROUP and len(columns) == 2:
        raise DocumentError(
            DocumentErrorCode.HEADER_INVALID,
            f"Row {row}: image groups have a third column `Create video`; add it, with false for"
            " groups and true for sequences.",
            place=f"row {row}",
        )
    return Header(row, kind, columns)


def missing(cells: Sequence[str], row: int) -> DocumentError:
    """The file begins with something else than a header row."""
    first = cells[0].strip()
    if any(first.casefold().startswith(OBJECT_URL + delimiter) for delimiter in ";\t|"):
        advice = "Cells are divided by commas only; save the file with commas."
    elif any(_normal(cell) == OBJECT_URL for cell in cells):
        advice = "`ObjectUrl` has to be its first column."
    else:
        advice = f"Begin with a header row whose first cell is `ObjectUrl`, not `{first[:80]}`."
    return DocumentError(
        DocumentErrorCode.HEADER_MISSING,
        f"Row {row}: there is no header row above. {advice}",
        place=f"row {row}",
    )


def _invalid(row: int, fact: str, found: str) -> DocumentError:
    return DocumentError(
        DocumentErrorCode.HEADER_INVALID,
        f"Row {row}: {fact} {nearest(found.capitalize(), map(str.capitalize, KINDS))}",
        place=f"row {row}",
    )


def _normal(cell: str) -> str:
    return " ".join(cell.split()).casefold()
