"""The rows below one CSV header: files on their own, or gathered into groups by their title."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.uploads.documents import urls
from app.uploads.documents.errors import (
    DocumentError,
    DocumentErrorCode,
    UnitError,
    UnitErrorCode,
)
from app.uploads.documents.headers import Header
from app.uploads.documents.units import Unit, UnitKind

MAX_HELD_CHARACTERS = 256 * 1024 * 1024
"""Of the URLs of the groups below one header."""

LISTED_ROWS = 10
"""A location names so many rows, then only the last."""

_CREATE_VIDEO = {"": True, "true": True, "false": False}
"""A blank cell means true: in CSV, unlike in JSON."""

_GATHERED = {UnitKind.IMAGE_GROUP, UnitKind.DICOM_SERIES}


@dataclass(slots=True)
class Draft:
    """A unit in the making."""

    kind: UnitKind
    title: str | None
    rows: list[int] = field(default_factory=list)
    object_urls: list[str] = field(default_factory=list)
    error: UnitError | None = None
    """The first fault of all rows."""

    def unit(self, index: int) -> Unit:
        """The finished unit."""
        object_urls = tuple(self.object_urls)
        return Unit(index, self.kind, self._location, object_urls, self.title, error=self.error)

    @property
    def _location(self) -> str:
        if len(self.rows) == 1:
            return f"row {self.rows[0]}"
        listed = ", ".join(map(str, self.rows[:LISTED_ROWS]))
        return f"rows {listed}" + (f", …, {self.rows[-1]}" if len(self.rows) > LISTED_ROWS else "")

    def add(self, row: int, url: str, error: UnitError | None) -> None:
        """One more row; a URL that is too long to be one is not kept."""
        self.rows.append(row)
        if url and len(url) <= urls.MAX_URL_BYTES:
            self.object_urls.append(url)
        self.error = self.error or error


class Section:
    """The rows below one header."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.first_sequence_row: int | None = None
        self._groups: dict[str, Draft] = {}
        self._held_characters = 0

    def take(self, row: int, cells: Sequence[str]) -> Draft | None:
        """Read one row. Gives its unit if the row is one by itself, None if a group holds it."""
        url, title, create_video = (*(cell.strip() for cell in cells[:3]), "", "")[:3]
        create_video = create_video.casefold()
        error = (
            self._row_error(cells)
            or urls.url_error(url, self.header.columns[0])
            or self._title_error(title)
            or self._create_video_error(create_video)
        )
        kind = self._kind(create_video)
        if kind is UnitKind.IMAGE_SEQUENCE and self.first_sequence_row is None:
            self.first_sequence_row = row
        if not title or self.header.kind not in _GATHERED:
            return self._alone(kind, title, row, url, error)
        self._gather(kind, title, row, url, error)
        return None

    def groups(self) -> Iterable[Draft]:
        """The groups, in the order of their first rows."""
        return self._groups.values()

    def _kind(self, create_video: str) -> UnitKind:
        if self.header.kind is UnitKind.IMAGE_GROUP and _CREATE_VIDEO.get(create_video):
            return UnitKind.IMAGE_SEQUENCE
        return self.header.kind

    def _alone(
        self, kind: UnitKind, title: str, row: int, url: str, error: UnitError | None
    ) -> Draft:
        if not title and not error:
            title = urls.default_title(url)
            error = urls.title_error(title, self.header.columns[0])
        draft = Draft(kind, title or None)
        draft.add(row, url, error)
        return draft

    def _gather(
        self, kind: UnitKind, title: str, row: int, url: str, error: UnitError | None
    ) -> None:
        group = self._groups.setdefault(title, Draft(kind, title))
        if group.kind is not kind and not error:
            error = UnitError(
                UnitErrorCode.MIXED_CREATE_VIDEO,
                f"`Create video` differs between rows {group.rows[0]} and {row} of the group; write"
                " the same in all its rows. A blank cell means true.",
                self.header.columns[2],
            )
        group.add(row, url, error)
        self._hold(row, url)

    def _hold(self, row: int, url: str) -> None:
        self._held_characters += len(url)
        if self._held_characters > MAX_HELD_CHARACTERS:
            raise DocumentError(
                DocumentErrorCode.ELEMENT_TOO_LARGE,
                f"Row {row}: the groups below the header of row {self.header.row} are too large to"
                " be held together; repeat the header row between two groups.",
                place=f"row {row}",
            )

    def _row_error(self, cells: Sequence[str]) -> UnitError | None:
        width = len(self.header.columns)
        if not any(cell.strip() for cell in cells[width:]):
            return None
        return UnitError(
            UnitErrorCode.TOO_MANY_CELLS,
            f"The row has more than the {width} cells of its header; put quotation marks around"
            " values that contain a comma.",
        )

    def _title_error(self, title: str) -> UnitError | None:
        if title:
            return urls.title_error(title, self.header.columns[1])
        if self.header.kind is UnitKind.IMAGE_GROUP:
            return UnitError(
                UnitErrorCode.TITLE_REQUIRED,
                "Give the title of the group in every row of it.",
                self.header.columns[1],
            )
        return None

    def _create_video_error(self, create_video: str) -> UnitError | None:
        if not self.header.has_create_video:
            return None
        column = self.header.columns[2]
        if create_video not in _CREATE_VIDEO:
            message = f"`{create_video[:80]}` is neither true nor false nor blank; write one."
            return UnitError(UnitErrorCode.UNKNOWN_CREATE_VIDEO, message, column)
        if self.header.kind is not UnitKind.IMAGE_GROUP and create_video != "false":
            message = "Only image groups become videos; write false here (blank means true)."
            return UnitError(UnitErrorCode.CREATE_VIDEO_NOT_ALLOWED, message, column)
        return None
