"""The organisation's metadata schema: what type each key of client metadata has."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.clock import new_id, now
from app.core.columns import Timestamp, tenant, text_enum


class KeyState(StrEnum):
    """Whether the values that files already hold were read under the key's present type."""

    READY = "READY"
    INDEXING = "INDEXING"


class MetadataSchema(SQLModel, table=True):
    """One row an organisation: counts changes, and hands out the keys' numbers."""

    __tablename__ = "metadata_schema"

    organisation_id: UUID = tenant(primary_key=True)
    revision: int = 0
    next_number: int = 1
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class MetadataKey(SQLModel, table=True):
    """A declared key, tombstones included.

    `number` names its values in the typed document and is never re-used; a key of another type takes a new one.
    """

    __tablename__ = "metadata_key"
    __table_args__ = (UniqueConstraint("organisation_id", "name"), UniqueConstraint("id"))

    organisation_id: UUID = tenant(primary_key=True)
    number: int = Field(primary_key=True)
    id: UUID = Field(default_factory=new_id)
    name: str
    definition: dict[str, Any] = Field(sa_type=JSONB)
    """The type in its wire form (domain 5.3)."""
    state: KeyState = Field(default=KeyState.READY, sa_type=text_enum(KeyState))
    read_to: UUID | None = None
    """While indexing: files up to this id were read again; None: none yet."""
    retired_numbers: list[int] = Field(default_factory=list, sa_type=ARRAY(Integer))
    """Earlier numbers of this key whose values are still to be taken out of the files."""
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)
