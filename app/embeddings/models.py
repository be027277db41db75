"""What is known of the tables of vectors; who makes vectors; plots; and near duplicates that were found."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Float, ForeignKeyConstraint, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.clock import new_id, now
from app.core.columns import Timestamp, tenant, text_enum


class VectorIndexState(StrEnum):
    """Where the index over a key's vectors stands. Without one, all vectors are compared: exact, only slower."""

    NONE = "NONE"
    """So few vectors that comparing all is as quick."""
    QUEUED = "QUEUED"
    WAITING = "WAITING"
    """For older transactions to end."""
    BUILDING = "BUILDING"
    READY = "READY"
    FAILED = "FAILED"


class EncoderKind(StrEnum):
    """How texts and images become vectors."""

    OPENAI = "OPENAI"
    """An HTTP endpoint that speaks OpenAI's embeddings API."""
    ENDPOINT = "ENDPOINT"
    """An HTTP endpoint in the shape of domain 6.2: a path for texts, one for images."""
    LOCAL = "LOCAL"
    """A model in a Python package on the server."""


class VectorTable(SQLModel, table=True):
    """The table that holds the vectors of one embedding key: `name`, made with the first of them."""

    __tablename__ = "vector_table"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id"], ["metadata_schema.organisation_id"], ondelete="CASCADE"
        ),
    )

    organisation_id: UUID = Field(primary_key=True)
    key_number: int = Field(primary_key=True)
    name: str
    dimensions: int
    vector_count: int = Field(default=0, sa_type=BigInteger)
    """As it was last counted."""
    indexed_count: int = Field(default=0, sa_type=BigInteger)
    """How many vectors there were when the index was built; 0 while there is no index that serves."""
    change_count: int = Field(default=0, sa_type=BigInteger)
    """Rows written and deleted up to the last count, by PostgreSQL's statistics."""
    index_state: VectorIndexState = Field(
        default=VectorIndexState.NONE, sa_type=text_enum(VectorIndexState)
    )
    done_count: int = Field(default=0, sa_type=BigInteger)
    total_count: int | None = Field(default=None, sa_type=BigInteger)
    message: str = ""
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class Encoder(SQLModel, table=True):
    """Who makes the vectors of a key from texts and images."""

    __tablename__ = "embedding_encoder"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id"], ["metadata_schema.organisation_id"], ondelete="CASCADE"
        ),
    )

    organisation_id: UUID = Field(primary_key=True)
    key_number: int = Field(primary_key=True)
    kind: EncoderKind = Field(sa_type=text_enum(EncoderKind))
    configuration: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    """What may be shown: address, model, what it understands."""
    credentials: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Sealed with the server's secret; never shown."""
    revision: int = 1
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class PlotMethod(StrEnum):
    """How vectors become points of a plane."""

    PCA = "PCA"
    UMAP = "UMAP"


class EmbeddingPlot(SQLModel, table=True):
    """The vectors of a key as points of a plane, for a folder or for all; whole once `is_ready`."""

    __tablename__ = "embedding_plot"
    __table_args__ = (
        Index(None, "organisation_id", "key_number", "folder_id"),
        ForeignKeyConstraint(
            ["organisation_id", "folder_id"],
            ["folder.organisation_id", "folder.id"],
            ondelete="CASCADE",
        ),
    )

    organisation_id: UUID = tenant(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    key_number: int
    folder_id: UUID | None = None
    """With everything below it; None: the whole organisation."""
    method: PlotMethod = Field(sa_type=text_enum(PlotMethod))
    is_ready: bool = False
    point_count: int = Field(default=0, sa_type=BigInteger)
    axes: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Of PCA: what places a vector, kept so that a job can go on with the same; see `projection.Axes`."""
    x_min: float = Field(default=0, sa_type=Float)
    """The corners of all points."""
    y_min: float = Field(default=0, sa_type=Float)
    x_max: float = Field(default=0, sa_type=Float)
    y_max: float = Field(default=0, sa_type=Float)
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class PlotPoint(SQLModel, table=True):
    """Where a vector lies in a plot. `frame` is -1 for the file as a whole."""

    __tablename__ = "embedding_plot_point"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "plot_id"],
            ["embedding_plot.organisation_id", "embedding_plot.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organisation_id", "file_id"], ["file.organisation_id", "file.id"], ondelete="CASCADE"
        ),
        Index(None, "organisation_id", "plot_id", "x", "y"),
        Index(None, "organisation_id", "file_id"),
    )

    organisation_id: UUID = Field(primary_key=True)
    plot_id: UUID = Field(primary_key=True)
    file_id: UUID = Field(primary_key=True)
    frame: int = Field(default=-1, primary_key=True)
    folder_id: UUID
    """Of the file; a trigger follows it when it is moved, so that points are shown without a look at files."""
    x: float = Field(sa_type=Float)
    y: float = Field(sa_type=Float)


class NearDuplicate(SQLModel, table=True):
    """Two files, or frames of them, that are nearly the same. Each pair once: the lower file id first."""

    __tablename__ = "near_duplicate"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "job_id"],
            ["background_job.organisation_id", "background_job.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organisation_id", "file_id"], ["file.organisation_id", "file.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["organisation_id", "other_file_id"],
            ["file.organisation_id", "file.id"],
            ondelete="CASCADE",
        ),
        Index(None, "organisation_id", "file_id"),
        Index(None, "organisation_id", "other_file_id"),
        Index(
            "near_duplicate_by_score",
            *("organisation_id", "job_id", "score"),
            *("file_id", "frame", "other_file_id", "other_frame"),
        ),
    )

    organisation_id: UUID = Field(primary_key=True)
    job_id: UUID = Field(primary_key=True)
    file_id: UUID = Field(primary_key=True)
    frame: int = Field(default=-1, primary_key=True)
    other_file_id: UUID = Field(primary_key=True)
    other_frame: int = Field(default=-1, primary_key=True)
    score: float = Field(sa_type=Float)


class NearDuplicateGroup(SQLModel, table=True):
    """Files that hang together by pairs of near duplicates, as a job found them."""

    __tablename__ = "near_duplicate_group"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "job_id"],
            ["background_job.organisation_id", "background_job.id"],
            ondelete="CASCADE",
        ),
        Index(None, "organisation_id", "job_id", "file_count", "id"),
    )

    organisation_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    """Follows from the job and from the group's first file."""
    job_id: UUID
    file_count: int
    """When the job ended."""


class NearDuplicateMember(SQLModel, table=True):
    """A file of such a group."""

    __tablename__ = "near_duplicate_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "group_id"],
            ["near_duplicate_group.organisation_id", "near_duplicate_group.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organisation_id", "file_id"], ["file.organisation_id", "file.id"], ondelete="CASCADE"
        ),
        Index(None, "organisation_id", "file_id"),
    )

    organisation_id: UUID = Field(primary_key=True)
    group_id: UUID = Field(primary_key=True)
    file_id: UUID = Field(primary_key=True)
