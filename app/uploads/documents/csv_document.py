"""Reads a CSV registration document (domain 3.6) as a stream of units.

    ObjectUrl,Image group title,Create video
    https://b.example/frame1.jpg,Sequence 1,true
    https://b.example/frame2.jpg,Sequence 1,

A header row switches the type for the rows below it and may stand anywhere. Rows of equal title
make one group, within the rows of one header only: the same title below another header is another
group. They need not be adjacent, so the URLs of a header's groups are held until the next header.
Files on their own pass through at once and therefore come before the groups of their header.
"""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from app.uploads.documents import headers
from app.uploads.documents.errors import DocumentError, DocumentErrorCode
from app.uploads.documents.sections import Draft, Section
from app.uploads.documents.units import (
    DEFAULT_LIMITS,
    Limits,
    Options,
    Summary,
    Unit,
    check_url_count,
    summarise,
    within,
)

MAX_LINE_LENGTH = 1024 * 1024
"""In characters. A cell has at most 131,072, the limit of the csv module."""


def inspect_csv(document: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Summary:
    """Read the whole document once, from its beginning.

    Raises DocumentError, with the row, if it cannot be registered as a whole.
    """
    return Summary(*summarise(read_csv(document, limits)), Options())


def read_csv(document: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Iterator[Unit]:
    """The units, read from the beginning of the document.

    Raises DocumentError where the document breaks off.
    """
    drafts = enumerate(_drafts(document, limits))
    return within(limits, (draft.unit(index) for index, draft in drafts))


def _drafts(document: BinaryIO, limits: Limits) -> Iterator[Draft]:
    section: Section | None = None
    columns = _ColumnRule()
    file_count = 0
    for row, cells in _rows(document):
        if headers.is_header(cells):
            yield from section.groups() if section else ()
            section = Section(headers.read(cells, row))
        elif section is None:
            raise headers.missing(cells, row)
        else:
            file_count += 1
            check_url_count(limits, file_count, f"row {row}")
            draft = section.take(row, cells)
            if draft:
                yield draft
        columns.check(section)
    if section is None:
        raise headers.missing([""], 1)
    yield from section.groups()


class _ColumnRule:
    """If any part of a file describes image sequences, all its headers have three columns."""

    def __init__(self) -> None:
        self._narrow_row: int | None = None
        self._sequence_row: int | None = None

    def check(self, section: Section) -> None:
        """Look at the section that is open; raise DocumentError once the file breaks the rule."""
        if self._sequence_row is None:
            self._sequence_row = section.first_sequence_row
        if self._narrow_row is None and not section.header.has_create_video:
            self._narrow_row = section.header.row
        if self._narrow_row is None or self._sequence_row is None:
            return
        raise DocumentError(
            DocumentErrorCode.HEADER_INVALID,
            f"Row {self._narrow_row}: the file describes an image sequence (row"
            f" {self._sequence_row}), so every header has three columns; add `Create video`, with"
            " false in the rows below.",
            place=f"row {self._narrow_row}",
        )


def _rows(document: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, with their numbers from 1, as a spreadsheet counts them."""
    document.seek(0)
    text = io.TextIOWrapper(document, encoding="utf-8-sig", newline="")
    row = 0
    try:
        for row, cells in enumerate(csv.reader(_lines(text), strict=True), 1):
            if any(cell and not cell.isspace() for cell in cells):
                yield row, cells
    except UnicodeDecodeError as error:
        raise DocumentError(
            DocumentErrorCode.NOT_UTF8,
            f"The file is not UTF-8 text, some way after row {row}; save it as CSV UTF-8.",
            place=f"row {row + 1}",
        ) from error
    except csv.Error as error:
        raise DocumentError(
            DocumentErrorCode.ROW_INVALID,
            f"Row {row + 1} cannot be read: {error}. Check its quotation marks.",
            place=f"row {row + 1}",
        ) from error
    finally:
        if not document.closed:
            text.detach()  # else the wrapper closes the document


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(MAX_LINE_LENGTH):
        if len(line) == MAX_LINE_LENGTH:
            raise csv.Error(f"a line has more than {MAX_LINE_LENGTH} characters")
        yield line
