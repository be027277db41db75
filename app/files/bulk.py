"""Writes many files at once: the road of registration, thousands of rows to a statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import orjson

from app.core import bulk
from app.core.db import Tx
from app.files.models import File, FileDocument, FileMember, FileType, StorageLocation


@dataclass(slots=True, kw_only=True)
class NewFile:
    """A row of `file` that is about to be written; the members are its columns."""

    organisation_id: UUID
    id: UUID
    folder_id: UUID
    type: FileType
    name: str
    description: str = ""
    storage_location: StorageLocation
    integration_id: UUID | None = None
    url: str | None = None
    object_key: str | None = None
    source_key: UUID | None = None
    byte_size: int | None = None
    mime_type: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    duration_seconds: float | None = None
    frame_count: int | None = None
    page_count: int | None = None
    audio_sample_rate: int | None = None
    audio_bit_depth: int | None = None
    audio_channel_count: int | None = None
    audio_codec: str | None = None
    dicom_study_uid: str | None = None
    dicom_series_uid: str | None = None
    dicom_instance_uid: str | None = None
    can_render_3d: bool | None = None
    is_component: bool = False
    is_tombstone: bool = False
    attrs: str = "{}"
    """JSON text."""
    revision: int = 1
    created_by: UUID | None = None
    created_at: datetime
    updated_at: datetime


FILE_COLUMNS = tuple(member.name for member in fields(NewFile))
_VALUES = attrgetter(*FILE_COLUMNS)
MEMBER_COLUMNS = ("organisation_id", "composite_id", "position", "member_id")

DOCUMENT_COLUMNS = ("organisation_id", "file_id", "document", "byte_size", "dicom_tags")

Membership = tuple[UUID, UUID, int, UUID]
"""Organisation, composite, position, member."""


async def insert_files(tx: Tx, files: Sequence[NewFile], members: Sequence[Membership]) -> None:
    """Write the files, then who is a part of whom."""
    await bulk.insert(tx, File.__table__, FILE_COLUMNS, list(map(_VALUES, files)))  # type: ignore[attr-defined]
    await bulk.insert(tx, FileMember.__table__, MEMBER_COLUMNS, members)  # type: ignore[attr-defined]


async def insert_documents(
    tx: Tx,
    organisation_id: UUID,
    documents: Sequence[tuple[UUID, bytes]],
    dicom_tags: Sequence[tuple[UUID, Mapping[str, object]]],
) -> None:
    """Write client metadata (checked JSON text) of some new files, and DICOM tags of others."""
    rows = [
        *(
            (organisation_id, file_id, text.decode(), len(text), None)
            for file_id, text in documents
        ),
        *(
            (organisation_id, file_id, "{}", 2, orjson.dumps(tags).decode())
            for file_id, tags in dicom_tags
        ),
    ]
    await bulk.insert(tx, FileDocument.__table__, DOCUMENT_COLUMNS, rows)  # type: ignore[attr-defined]
