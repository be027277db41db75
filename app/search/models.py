"""The indexes that filters and sorts by metadata keys lean on."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from app.core.clock import now
from app.core.columns import Timestamp, tenant, text_enum


class IndexState(StrEnum):
    """Where an index stands. Answers are the same in every state; only their cost differs."""

    NONE = "NONE"
    """So few rows that a scan is quicker."""
    QUEUED = "QUEUED"
    WAITING = "WAITING"
    """For older transactions to end."""
    BUILDING = "BUILDING"
    READY = "READY"
    FAILED = "FAILED"
    DROPPING = "DROPPING"


class MetadataIndex(SQLModel, table=True):
    """The index and the statistics of one metadata key's values, by the key's number; negative ones are columns
    of files (app.search.indexes.COLUMNS)."""

    __tablename__ = "metadata_index"

    organisation_id: UUID = tenant(primary_key=True)
    key_number: int = Field(primary_key=True)
    name: str
    """Of the index, the same for its statistics; names are unique over organisations."""
    state: IndexState = Field(default=IndexState.QUEUED, sa_type=text_enum(IndexState))
    done_count: int = Field(default=0, sa_type=BigInteger)
    total_count: int | None = Field(default=None, sa_type=BigInteger)
    message: str = ""
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)
