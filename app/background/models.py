"""What the worker does for somebody who waits: its state, its progress and its result."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.clock import new_id, now
from app.core.columns import Timestamp, tenant, text_enum


class JobKind(StrEnum):
    """What a background job does."""

    SET_EMBEDDINGS = "SET_EMBEDDINGS"
    EMBEDDING_RECALL = "EMBEDDING_RECALL"
    NEAR_DUPLICATES = "NEAR_DUPLICATES"
    EMBEDDING_PLOT = "EMBEDDING_PLOT"
    COLLECT = "COLLECT"
    COMPUTE_EMBEDDINGS = "COMPUTE_EMBEDDINGS"


class JobState(StrEnum):
    """Where a background job stands; only QUEUED and RUNNING move."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"


class BackgroundJob(SQLModel, table=True):
    """One job. `input` is what was asked, `result` what came of it; both as their kind says."""

    __tablename__ = "background_job"
    __table_args__ = (Index(None, "organisation_id", "created_by", "id"),)

    organisation_id: UUID = tenant(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: JobKind = Field(sa_type=text_enum(JobKind))
    state: JobState = Field(default=JobState.QUEUED, sa_type=text_enum(JobState))
    done_count: int = Field(default=0, sa_type=BigInteger)
    total_count: int | None = Field(default=None, sa_type=BigInteger)
    """Of steps; None while that is not known."""
    message: str = ""
    """What went wrong, or what it waits for, for people."""
    input: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    result: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    created_by: UUID | None = Field(default=None, foreign_key="app_user.id", ondelete="SET NULL")
    revision: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    finished_at: datetime | None = Field(default=None, sa_type=Timestamp)
