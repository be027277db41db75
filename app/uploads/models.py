"""Registration jobs, their units, and local uploads on their way in."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.clock import new_id, now
from app.core.columns import Timestamp, tenant, text_enum


class JobStatus(StrEnum):
    """Where a registration job stands; only PENDING moves (domain 3.8)."""

    PENDING = "PENDING"
    DONE = "DONE"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"


class JobPhase(StrEnum):
    """What a pending job is doing."""

    QUEUED = "QUEUED"
    READING = "READING"
    REGISTERING = "REGISTERING"
    FINISHED = "FINISHED"


class UnitState(StrEnum):
    """Where one unit stands."""

    PENDING = "PENDING"
    DONE = "DONE"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"


class UnitResult(StrEnum):
    """What a finished unit did."""

    CREATED = "CREATED"
    SKIPPED = "SKIPPED"
    UPDATED = "UPDATED"


class DocumentFormat(StrEnum):
    """How the registration document is written."""

    JSON = "JSON"
    CSV = "CSV"


class UploadState(StrEnum):
    """Where the bytes of one local upload stand."""

    PENDING = "PENDING"
    RECEIVING = "RECEIVING"
    RECEIVED = "RECEIVED"
    REGISTERED = "REGISTERED"


class UploadPurpose(StrEnum):
    """What the bytes are for."""

    FILE = "FILE"
    DOCUMENT = "DOCUMENT"


class UploadJob(SQLModel, table=True):
    """One registration document on its way in. The four counts always add up to `unit_count`."""

    __tablename__ = "upload_job"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "folder_id"],
            ["folder.organisation_id", "folder.id"],
            ondelete="CASCADE",
        ),
        Index(None, "organisation_id", "folder_id", "id"),
    )

    organisation_id: UUID = tenant(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    folder_id: UUID
    integration_id: UUID | None = None
    created_by: UUID
    status: JobStatus = Field(default=JobStatus.PENDING, sa_type=text_enum(JobStatus))
    phase: JobPhase = Field(default=JobPhase.QUEUED, sa_type=text_enum(JobPhase))
    ignore_errors: bool = False
    skip_duplicate_urls: bool = False
    upsert_metadata: bool = False
    file_name: str | None = None
    format: DocumentFormat = Field(sa_type=text_enum(DocumentFormat))
    document_key: str
    """The document in our own store."""
    unit_count: int = 0
    """Units read so far; all of them once the phase is past READING."""
    done_count: int = 0
    error_count: int = 0
    cancelled_count: int = 0
    next_index: int = 0
    """No unit before this one is pending."""
    errors: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    """Faults of the document as a whole."""
    revision: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    finished_at: datetime | None = Field(default=None, sa_type=Timestamp)

    @property
    def pending_count(self) -> int:
        """Units that were read and are not finished."""
        return self.unit_count - self.done_count - self.error_count - self.cancelled_count


class UploadUnit(SQLModel, table=True):
    """One video, image, group, series …: what is registered, reported and retried as a whole."""

    __tablename__ = "upload_unit"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "job_id"],
            ["upload_job.organisation_id", "upload_job.id"],
            ondelete="CASCADE",
        ),
        Index(
            "upload_unit_error",
            "organisation_id",
            "job_id",
            "index",
            postgresql_where=text("state = 'ERROR'"),
        ),
    )

    organisation_id: UUID = Field(primary_key=True)
    job_id: UUID = Field(primary_key=True)
    index: int = Field(primary_key=True)
    kind: str
    location: str
    """Where in the document: a JSON pointer, or the CSV row."""
    payload: str
    """The unit as JSON text, so that it can be tried again."""
    state: UnitState = Field(default=UnitState.PENDING, sa_type=text_enum(UnitState))
    result: UnitResult | None = Field(default=None, sa_type=text_enum(UnitResult))
    attempt_count: int = 0
    file_id: UUID | None = None
    name: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    is_retryable: bool | None = None


class Upload(SQLModel, table=True):
    """Bytes on their way into our own store, by signed PUT or in resumable chunks."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "folder_id"],
            ["folder.organisation_id", "folder.id"],
            ondelete="CASCADE",
        ),
        Index(None, "organisation_id", "folder_id", "id"),
    )

    organisation_id: UUID = tenant(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    folder_id: UUID
    purpose: UploadPurpose = Field(sa_type=text_enum(UploadPurpose))
    type: str | None = None
    """The file type that was announced."""
    file_name: str
    content_type: str
    object_key: str
    byte_size: int | None = Field(default=None, sa_type=BigInteger)
    """As announced; resumable uploads need it."""
    received_byte_size: int = Field(default=0, sa_type=BigInteger)
    state: UploadState = Field(default=UploadState.PENDING, sa_type=text_enum(UploadState))
    created_by: UUID
    revision: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)
