"""Folders, the files in them, and the integrations that say where their bytes lie."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlmodel import Field, SQLModel

from app.accounts.roles import EntityRole
from app.core.clock import new_id, now
from app.core.columns import Timestamp, tenant, text_enum


class FileType(StrEnum):
    """What a file is (domain 2.2)."""

    VIDEO = "VIDEO"
    IMAGE = "IMAGE"
    IMAGE_GROUP = "IMAGE_GROUP"
    IMAGE_SEQUENCE = "IMAGE_SEQUENCE"
    DICOM_FILE = "DICOM_FILE"
    DICOM_SERIES = "DICOM_SERIES"
    NIFTI = "NIFTI"
    AUDIO = "AUDIO"
    TIME_SERIES = "TIME_SERIES"
    PLAIN_TEXT = "PLAIN_TEXT"
    PDF = "PDF"
    GROUP = "GROUP"
    SCENE = "SCENE"


class StorageLocation(StrEnum):
    """Whose store holds the bytes."""

    OWN = "OWN"
    AWS_S3 = "AWS_S3"
    S3_COMPATIBLE = "S3_COMPATIBLE"
    GCS = "GCS"
    AZURE = "AZURE"
    LOCAL = "LOCAL"


def _in_folder(name: str = "folder_id") -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organisation_id", name], ["folder.organisation_id", "folder.id"], ondelete="CASCADE"
    )


def _of_file(name: str = "file_id") -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organisation_id", name], ["file.organisation_id", "file.id"], ondelete="CASCADE"
    )


def _of_group() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organisation_id", "group_id"],
        ["user_group.organisation_id", "user_group.id"],
        ondelete="CASCADE",
    )


def _of_member() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organisation_id", "user_id"],
        ["member.organisation_id", "member.user_id"],
        ondelete="CASCADE",
    )


class Folder(SQLModel, table=True):
    """A place for files. Folders nest without limit; names need not be unique."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "parent_id"],
            ["folder.organisation_id", "folder.id"],
            ondelete="CASCADE",
        ),
        Index(None, "organisation_id", "parent_id", "name"),
    )

    organisation_id: UUID = tenant(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    parent_id: UUID | None = None
    name: str
    description: str = ""
    client_metadata: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    created_by: UUID | None = Field(default=None, foreign_key="app_user.id", ondelete="SET NULL")
    revision: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class FolderAncestor(SQLModel, table=True):
    """The tree, closed: a row for each folder and each folder above it, itself at depth 0."""

    __tablename__ = "folder_ancestor"
    __table_args__ = (
        _in_folder(),
        _in_folder("ancestor_id"),
        Index(None, "organisation_id", "ancestor_id", "folder_id"),
    )

    organisation_id: UUID = Field(primary_key=True)
    folder_id: UUID = Field(primary_key=True)
    ancestor_id: UUID = Field(primary_key=True)
    depth: int


class FolderGrant(SQLModel, table=True):
    """A role on a folder and everything below it, for a user or for a group."""

    __tablename__ = "folder_grant"
    __table_args__ = (
        _in_folder(),
        _of_group(),
        _of_member(),
        UniqueConstraint(
            "organisation_id",
            "folder_id",
            "user_id",
            "group_id",
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "organisation_id", "user_id"),
        Index(None, "organisation_id", "group_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID
    folder_id: UUID
    user_id: UUID | None = None
    group_id: UUID | None = None
    role: EntityRole = Field(sa_type=text_enum(EntityRole))
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class FolderTag(SQLModel, table=True):
    """A tag on a folder."""

    __tablename__ = "folder_tag"
    __table_args__ = (
        _in_folder(),
        ForeignKeyConstraint(
            ["organisation_id", "tag_id"], ["tag.organisation_id", "tag.id"], ondelete="CASCADE"
        ),
        Index(None, "organisation_id", "tag_id"),
    )

    organisation_id: UUID = Field(primary_key=True)
    folder_id: UUID = Field(primary_key=True)
    tag_id: UUID = Field(primary_key=True)


class Integration(SQLModel, table=True):
    """A connection to an object store, with sealed credentials."""

    __table_args__ = (Index(None, "organisation_id", "title"),)

    organisation_id: UUID = tenant(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    title: str
    provider: StorageLocation = Field(sa_type=text_enum(StorageLocation))
    configuration: dict[str, Any] = Field(sa_type=JSONB)
    """What may be shown: bucket, region, endpoint, root."""
    credentials: bytes | None = Field(default=None, sa_type=LargeBinary)
    """Sealed with the server's secret; never shown."""
    is_strict_client_only: bool = False
    """We sign URLs but never read media; media metadata must come with the registration."""
    created_by: UUID | None = Field(default=None, foreign_key="app_user.id", ondelete="SET NULL")
    revision: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class IntegrationGrant(SQLModel, table=True):
    """A role on an integration, for a user or for a group."""

    __tablename__ = "integration_grant"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "integration_id"],
            ["integration.organisation_id", "integration.id"],
            ondelete="CASCADE",
        ),
        _of_group(),
        _of_member(),
        UniqueConstraint(
            "organisation_id",
            "integration_id",
            "user_id",
            "group_id",
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "organisation_id", "user_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID
    integration_id: UUID
    user_id: UUID | None = None
    group_id: UUID | None = None
    role: EntityRole = Field(sa_type=text_enum(EntityRole))
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class File(SQLModel, table=True):
    """One file, or a composite of files, in one folder. Media figures are None where they mean nothing.

    Partitioned by organisation, so that a big tenant can be given a partition and statistics of its own.
    """

    __table_args__ = (
        _in_folder(),
        ForeignKeyConstraint(
            ["organisation_id", "integration_id"],
            ["integration.organisation_id", "integration.id"],
        ),
        Index(None, "organisation_id", "folder_id", "id"),
        Index(None, "organisation_id", "folder_id", "name", "id"),
        Index(None, "organisation_id", "name", "id"),
        Index(
            "file_source",
            "organisation_id",
            "folder_id",
            "source_key",
            postgresql_where=text("source_key is not null"),
        ),
        {"postgresql_partition_by": "LIST (organisation_id)"},
    )

    organisation_id: UUID = tenant(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    folder_id: UUID
    type: FileType = Field(sa_type=text_enum(FileType))
    name: str = Field(sa_column=Column(Text(collation="C"), nullable=False))
    description: str = ""
    storage_location: StorageLocation = Field(sa_type=text_enum(StorageLocation))
    integration_id: UUID | None = None
    url: str | None = None
    """As it was registered, byte for byte."""
    object_key: str | None = None
    """In our own store."""
    source_key: UUID | None = None
    """128 bits of SHA-256 over type and URLs: equal for equal sources (domain 3.4.4)."""
    byte_size: int | None = Field(default=None, sa_type=BigInteger)
    mime_type: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    duration_seconds: float | None = None
    frame_count: int | None = Field(default=None, sa_type=BigInteger)
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
    """Made as a part of a composite (a frame, a DICOM file of a series); not listed by itself."""
    is_tombstone: bool = False
    attrs: dict[str, Any] = Field(
        default_factory=dict,
        sa_type=JSONB,
        sa_column_kwargs={"server_default": text("'{}'::jsonb")},
    )
    """Values of declared keys in canonical form, by key number: `{"k12": 0.5}` (search.md 2)."""
    revision: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    created_by: UUID | None = None
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class FileDocument(SQLModel, table=True):
    """What the customer said of a file, raw, and DICOM's own tags. Read by id only; absent when empty."""

    __tablename__ = "file_document"
    __table_args__ = (_of_file(),)

    organisation_id: UUID = Field(primary_key=True)
    file_id: UUID = Field(primary_key=True)
    document: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    byte_size: int = 2
    """Of the compact UTF-8 JSON as it was sent."""
    dicom_tags: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    """The 22 tags of domain 4.4 in the DICOM JSON model."""
    layout: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    """How a data group shows its files (domain 2.9)."""


class FileText(SQLModel, table=True):
    """The value of one `text` key of a file, for full-text search (app.search.words)."""

    __tablename__ = "file_text"
    __table_args__ = (_of_file(),)

    organisation_id: UUID = Field(primary_key=True)
    file_id: UUID = Field(primary_key=True)
    key_number: int = Field(primary_key=True)
    document: str = Field(sa_column=Column(TSVECTOR, nullable=False))


class FileTypeError(SQLModel, table=True):
    """A value that does not fit its key's declared type. `frame` is -1 for the file as a whole."""

    __tablename__ = "file_type_error"
    __table_args__ = (_of_file(), Index(None, "organisation_id", "key_number", "file_id"))

    organisation_id: UUID = Field(primary_key=True)
    file_id: UUID = Field(primary_key=True)
    key_number: int = Field(primary_key=True)
    frame: int = Field(default=-1, primary_key=True)
    found: str


class FileMember(SQLModel, table=True):
    """A file inside a composite: a frame of a group, a file of a series, a tile of a data group."""

    __tablename__ = "file_member"
    __table_args__ = (
        _of_file("composite_id"),
        _of_file("member_id"),
        Index(None, "organisation_id", "member_id"),
    )

    organisation_id: UUID = Field(primary_key=True)
    composite_id: UUID = Field(primary_key=True)
    position: int = Field(primary_key=True)
    """Order, from 0."""
    member_id: UUID
    key: str | None = None
    """The tile's name in a custom layout."""
