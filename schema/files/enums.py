"""The enumerations of files and folders, with their public descriptions."""

from enum import StrEnum

from app.accounts.roles import EntityRole
from app.files.models import FileType, StorageLocation
from app.files.outcomes import BulkMode, ItemStatus
from app.search.sorts import SortField
from schema.enums import public


class SortDirection(StrEnum):
    """Which way to sort."""

    ASC = "ASC"
    DESC = "DESC"


public(
    SortDirection,
    "Which way to sort.",
    {SortDirection.ASC: "The smallest first.", SortDirection.DESC: "The greatest first."},
)
public(
    EntityRole,
    "What someone may do with a folder and the files in it, a dataset, an ontology or an integration.",
    {
        EntityRole.ADMIN: "Everything, sharing and deletion included.",
        EntityRole.USER: "Look at it and use it; change nothing.",
    },
)
public(
    FileType,
    "What a file is. The list may grow: have a default branch.",
    {
        FileType.VIDEO: "A video.",
        FileType.IMAGE: "One image.",
        FileType.IMAGE_GROUP: "Several images as one file; their sizes may differ.",
        FileType.IMAGE_SEQUENCE: "Ordered images of one size, made into a video.",
        FileType.DICOM_FILE: "One DICOM file, a part of a series.",
        FileType.DICOM_SERIES: "A DICOM series of one or more files.",
        FileType.NIFTI: "A NIfTI volume.",
        FileType.AUDIO: "A sound recording.",
        FileType.TIME_SERIES: "Measurements over time, normally a CSV file.",
        FileType.PLAIN_TEXT: "Text: TXT, HTML, JSON, XML and the like.",
        FileType.PDF: "A PDF document.",
        FileType.GROUP: "A data group: files that are shown together in a layout.",
        FileType.SCENE: "A scene of point clouds.",
    },
)
public(
    StorageLocation,
    "Whose store holds the bytes.",
    {
        StorageLocation.OWN: "The server's own store; the file was uploaded or made here.",
        StorageLocation.AWS_S3: "Amazon S3.",
        StorageLocation.S3_COMPATIBLE: "A service that speaks S3, such as MinIO.",
        StorageLocation.GCS: "Google Cloud Storage.",
        StorageLocation.AZURE: "Azure Blob Storage.",
        StorageLocation.LOCAL: "A folder of the server's machine that its operator has opened.",
    },
)
public(
    SortField,
    "What files can be sorted by, and folders by the first two.",
    {
        SortField.CREATED_AT: "The order in which they were made.",
        SortField.NAME: "The name, by code point; of folders, by the database's collation.",
        SortField.UPDATED_AT: "When they last changed.",
        SortField.SIZE: "Bytes.",
        SortField.DURATION: "Seconds of video or sound.",
        SortField.WIDTH: "Pixels.",
        SortField.HEIGHT: "Pixels.",
    },
    name="FileSortField",
)
public(
    BulkMode,
    "What a change of many does when some items are refused.",
    {
        BulkMode.ATOMIC: "Then nothing is written.",
        BulkMode.PARTIAL: "The other items are written.",
    },
)
public(
    ItemStatus,
    "What became of one item.",
    {
        ItemStatus.UPDATED: "It was changed.",
        ItemStatus.UNCHANGED: "It was so already; or, with ATOMIC, another item was refused.",
        ItemStatus.REJECTED: "It was refused; see its userErrors.",
    },
    name="BulkItemStatus",
)

__all__ = [
    "BulkMode",
    "EntityRole",
    "FileType",
    "ItemStatus",
    "SortDirection",
    "SortField",
    "StorageLocation",
]
