"""The transactional outbox: facts written with the rows they speak of, and the relay's book-keeping."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index, insert, text
from sqlmodel import Field, SQLModel

from app.core.columns import Timestamp, tenant

if TYPE_CHECKING:
    from app.core.db import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact about one entity. Carries ids; whoever hears it looks again.

    `topic` names the kind of entity, for example `upload_job`.
    """

    topic: ClassVar[str]
    organisation_id: UUID
    entity_id: UUID


class Outbox(SQLModel, table=True):
    """Committed facts. `position` is given by the relay after the commit: gap-free and increasing."""

    __table_args__ = (
        Index("outbox_unstamped", "id", postgresql_where=text("position is null")),
        Index(
            "outbox_position",
            "position",
            unique=True,
            postgresql_where=text("position is not null"),
        ),
    )

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    organisation_id: UUID = tenant()
    topic: str
    entity_id: UUID
    position: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = Field(
        sa_type=Timestamp, sa_column_kwargs={"server_default": text("now()")}
    )


class RelayState(SQLModel, table=True):
    """One row: the last position that was given, the last one that was deleted, and the epoch of both.

    A restored backup starts a new epoch, so that cursors of the lost future are recognised.
    """

    __tablename__ = "relay_state"

    id: int = Field(default=1, primary_key=True)
    epoch: UUID
    position: int = Field(default=0, sa_type=BigInteger)
    floor: int = Field(default=0, sa_type=BigInteger)
    stamped_at: datetime = Field(
        sa_type=Timestamp, sa_column_kwargs={"server_default": text("now()")}
    )


async def write(session: "Session", events: Sequence[Event]) -> None:
    """Insert the events, in order, in the session's transaction."""
    rows = [
        {"organisation_id": e.organisation_id, "topic": e.topic, "entity_id": e.entity_id}
        for e in events
    ]
    await session.execute(insert(Outbox), rows)
