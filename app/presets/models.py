"""Filters that were saved."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.clock import new_id, now
from app.core.columns import Timestamp, tenant


class FilterPreset(SQLModel, table=True):
    """A filter under a name. `filter` is the filter in the API's words, as it was checked when it was saved."""

    __tablename__ = "filter_preset"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "folder_id"],
            ["folder.organisation_id", "folder.id"],
            ondelete="CASCADE",
        ),
        Index(None, "organisation_id", "id"),
    )

    organisation_id: UUID = tenant(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    folder_id: UUID | None = None
    """For the files in this folder and below; None: wherever they lie."""
    name: str
    description: str = ""
    filter: dict[str, Any] = Field(sa_type=JSONB)
    is_shared: bool = False
    """Whether all members of the organisation see it; else its maker alone."""
    created_by: UUID | None = Field(default=None, foreign_key="app_user.id", ondelete="SET NULL")
    revision: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)
