"""Collections and what is in them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from app.core.clock import new_id, now
from app.core.columns import Timestamp, tenant


class Collection(SQLModel, table=True):
    """Files that belong together for some purpose, wherever they lie below its folder."""

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
    """A topmost folder: whoever sees it sees the collection."""
    name: str
    description: str = ""
    created_by: UUID | None = Field(default=None, foreign_key="app_user.id", ondelete="SET NULL")
    revision: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class CollectionFile(SQLModel, table=True):
    """A file in a collection."""

    __tablename__ = "collection_file"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "collection_id"],
            ["collection.organisation_id", "collection.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organisation_id", "file_id"], ["file.organisation_id", "file.id"], ondelete="CASCADE"
        ),
        Index(None, "organisation_id", "file_id"),
    )

    organisation_id: UUID = Field(primary_key=True)
    collection_id: UUID = Field(primary_key=True)
    file_id: UUID = Field(primary_key=True)
    added_at: datetime = Field(default_factory=now, sa_type=Timestamp)
