"""What can go wrong with a registration document, and with each unit that it names."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from app.core.errors import Invalid


class DocumentErrorCode(StrEnum):
    """Why a document cannot be read as a whole."""

    NOT_JSON = "NOT_JSON"
    """A character stands where JSON allows none."""
    NOT_AN_OBJECT = "NOT_AN_OBJECT"
    """The document is a list or a plain value."""
    ENDS_EARLY = "ENDS_EARLY"
    """The document stops before it is complete."""
    TOO_DEEP = "TOO_DEEP"
    """Objects and lists nest deeper than anyone needs."""
    UNKNOWN_KEY = "UNKNOWN_KEY"
    """A top-level key names no type and no option."""
    DUPLICATE_KEY = "DUPLICATE_KEY"
    """A top-level list stands twice."""
    WRONG_TYPE = "WRONG_TYPE"
    """A top-level key holds no list, or an option no boolean."""
    ELEMENT_TOO_LARGE = "ELEMENT_TOO_LARGE"
    """One element, row or open set of groups takes more memory than is granted."""
    TOO_MANY_UNITS = "TOO_MANY_UNITS"
    """There are more units than one document may have."""
    TOO_MANY_URLS = "TOO_MANY_URLS"
    """There are more URLs than one document may have."""
    NOT_UTF8 = "NOT_UTF8"
    """The bytes are not UTF-8 text."""
    HEADER_MISSING = "HEADER_MISSING"
    """A CSV file does not begin with a header row."""
    HEADER_INVALID = "HEADER_INVALID"
    """A header row has an unknown column or lacks one."""
    ROW_INVALID = "ROW_INVALID"
    """A CSV row cannot be split into cells."""


class DocumentError(Invalid):
    """The document as a whole cannot be registered; `place` is where."""

    def __init__(self, reason: DocumentErrorCode, message: str, *, place: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.place = place


class UnitErrorCode(StrEnum):
    """Why one unit was not registered. `KINDS_OF_ERROR` describes each."""

    WRONG_TYPE_OF_FIELD = "WRONG_TYPE_OF_FIELD"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    TOO_MANY_CELLS = "TOO_MANY_CELLS"
    MISSING_OBJECT_URL = "MISSING_OBJECT_URL"
    OBJECT_URL_INVALID = "OBJECT_URL_INVALID"
    OBJECT_URL_TOO_LONG = "OBJECT_URL_TOO_LONG"
    DUPLICATE_POSITION = "DUPLICATE_POSITION"
    PLACEHOLDER_INVALID = "PLACEHOLDER_INVALID"
    TITLE_REQUIRED = "TITLE_REQUIRED"
    TITLE_TOO_LONG = "TITLE_TOO_LONG"
    TITLE_INVALID = "TITLE_INVALID"
    CLIENT_METADATA_INVALID = "CLIENT_METADATA_INVALID"
    CLIENT_METADATA_TOO_LARGE = "CLIENT_METADATA_TOO_LARGE"
    UNKNOWN_CREATE_VIDEO = "UNKNOWN_CREATE_VIDEO"
    MIXED_CREATE_VIDEO = "MIXED_CREATE_VIDEO"
    CREATE_VIDEO_NOT_ALLOWED = "CREATE_VIDEO_NOT_ALLOWED"

    INTEGRATION_REQUIRED = "INTEGRATION_REQUIRED"
    OBJECT_URL_NOT_OF_INTEGRATION = "OBJECT_URL_NOT_OF_INTEGRATION"
    OBJECT_NOT_FOUND = "OBJECT_NOT_FOUND"
    OBJECT_FORBIDDEN = "OBJECT_FORBIDDEN"
    STORAGE_UNAVAILABLE = "STORAGE_UNAVAILABLE"
    UPLOAD_NOT_FOUND = "UPLOAD_NOT_FOUND"
    UPLOAD_INCOMPLETE = "UPLOAD_INCOMPLETE"

    FILE_TYPE_NOT_SUPPORTED = "FILE_TYPE_NOT_SUPPORTED"
    WRONG_MEDIA_TYPE = "WRONG_MEDIA_TYPE"
    MEDIA_CORRUPT = "MEDIA_CORRUPT"
    MEDIA_REJECTED = "MEDIA_REJECTED"
    MEDIA_METADATA_INVALID = "MEDIA_METADATA_INVALID"
    MEDIA_METADATA_REQUIRED = "MEDIA_METADATA_REQUIRED"
    FRAME_SIZE_MISMATCH = "FRAME_SIZE_MISMATCH"
    DICOM_TAG_MISSING = "DICOM_TAG_MISSING"
    SERIES_MIXED = "SERIES_MIXED"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True)
class KindOfError:
    """What a code means to the person who reads it."""

    description: str
    is_retryable: bool = False
    """Whether the same unit may succeed when it is tried again without a change."""


_Code = UnitErrorCode
KINDS_OF_ERROR: Mapping[UnitErrorCode, KindOfError] = MappingProxyType(
    {
        _Code.WRONG_TYPE_OF_FIELD: KindOfError(
            "The element or one of its fields has another type than the format asks for."
        ),
        _Code.UNKNOWN_FIELD: KindOfError("The element has a field that its type does not know."),
        _Code.TOO_MANY_CELLS: KindOfError(
            "The CSV row has more cells than its header has columns."
        ),
        _Code.MISSING_OBJECT_URL: KindOfError("The unit names no object."),
        _Code.OBJECT_URL_INVALID: KindOfError(
            "The object URL is neither a full URL nor the ARN of an object behind a Multi- "
            "Region Access Point."
        ),
        _Code.OBJECT_URL_TOO_LONG: KindOfError("The object URL is longer than 16 KiB."),
        _Code.DUPLICATE_POSITION: KindOfError("Two objects of a group claim the same position."),
        _Code.PLACEHOLDER_INVALID: KindOfError(
            "The id of a local upload is no UUID, or some objects of the unit have one and "
            "others have none."
        ),
        _Code.TITLE_REQUIRED: KindOfError(
            "Groups, sequences and series in a cloud store need a title."
        ),
        _Code.TITLE_TOO_LONG: KindOfError("The title has more than 300 characters."),
        _Code.TITLE_INVALID: KindOfError(
            "The title holds a control character that cannot be stored."
        ),
        _Code.CLIENT_METADATA_INVALID: KindOfError(
            "The client metadata breaks a rule of its format."
        ),
        _Code.CLIENT_METADATA_TOO_LARGE: KindOfError(
            "The client metadata is larger than 10 MiB as compact JSON."
        ),
        _Code.UNKNOWN_CREATE_VIDEO: KindOfError(
            "The cell of Create video is neither true nor false nor blank."
        ),
        _Code.MIXED_CREATE_VIDEO: KindOfError("Rows of one image group disagree on Create video."),
        _Code.CREATE_VIDEO_NOT_ALLOWED: KindOfError(
            "Create video is not false for something that is no image sequence."
        ),
        _Code.INTEGRATION_REQUIRED: KindOfError(
            "The object lies in a cloud store and the job names no integration."
        ),
        _Code.OBJECT_URL_NOT_OF_INTEGRATION: KindOfError(
            "The object URL does not lie in the bucket of the integration."
        ),
        _Code.OBJECT_NOT_FOUND: KindOfError("There is no object under this URL."),
        _Code.OBJECT_FORBIDDEN: KindOfError(
            "The credentials of the integration may not read the object."
        ),
        _Code.STORAGE_UNAVAILABLE: KindOfError(
            "The store did not answer, or asked to slow down.",
            is_retryable=True,
        ),
        _Code.UPLOAD_NOT_FOUND: KindOfError("There is no local upload of this id in the folder."),
        _Code.UPLOAD_INCOMPLETE: KindOfError(
            "The bytes of the local upload have not all arrived.",
            is_retryable=True,
        ),
        _Code.FILE_TYPE_NOT_SUPPORTED: KindOfError("The server cannot read files of this type."),
        _Code.WRONG_MEDIA_TYPE: KindOfError(
            "The object is of another type than the document says."
        ),
        _Code.MEDIA_CORRUPT: KindOfError("The object cannot be decoded."),
        _Code.MEDIA_REJECTED: KindOfError(
            "The object can be decoded, but is over a limit of the server."
        ),
        _Code.MEDIA_METADATA_INVALID: KindOfError(
            "The media metadata lacks a member or has one that cannot be."
        ),
        _Code.MEDIA_METADATA_REQUIRED: KindOfError(
            "The integration allows no reading of objects, so the document has to give the "
            "media metadata."
        ),
        _Code.FRAME_SIZE_MISMATCH: KindOfError("The images of a sequence differ in size."),
        _Code.DICOM_TAG_MISSING: KindOfError("A DICOM file lacks a tag that is required."),
        _Code.SERIES_MIXED: KindOfError(
            "The files of one element belong to different DICOM series."
        ),
        _Code.INTERNAL: KindOfError(
            "The server failed; the fault is not in the document.",
            is_retryable=True,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class UnitError:
    """Why a unit was not registered, and what to do about it."""

    code: UnitErrorCode
    message: str
    field: str | None = None
    """A JSON pointer in the document, or the name of a CSV column."""

    @property
    def is_retryable(self) -> bool:
        """Whether trying again without a change may help."""
        return KINDS_OF_ERROR[self.code].is_retryable
