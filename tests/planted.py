"""Two organisations with a row in every table of theirs, written around row security by the owner."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Table, create_engine, insert, make_url, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.types import (
    ARRAY,
    Boolean,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    String,
    Uuid,
)
from sqlmodel.sql.sqltypes import AutoString

from app.accounts.actor import Actor
from app.accounts.authentication import EVERYTHING
from app.accounts.roles import OrganisationRole
from app.core import clock
from app.core.columns import TextEnum
from app.core.db import Scope
from app.tables import METADATA

TENANT_TABLES: Mapping[str, Table] = {
    table.name: table for table in METADATA.sorted_tables if "organisation_id" in table.c
}
FOLLOWS = {
    "user_id": "app_user",
    "created_by": "app_user",
    "folder_id": "folder",
    "ancestor_id": "folder",
    "collection_id": "collection",
    "file_id": "file",
    "composite_id": "file",
    "member_id": "file",
    "group_id": "user_group",
    "tag_id": "tag",
    "integration_id": "integration",
    "job_id": "upload_job",
    "near_duplicate.job_id": "background_job",
    "near_duplicate_group.job_id": "background_job",
    "near_duplicate_member.group_id": "near_duplicate_group",
    "other_file_id": "file",
    "plot_id": "embedding_plot",
}
"""Whose id a column holds, of any table or of one."""
SEEN_ONLY_IF = {"is_ready"}
"""Columns that hide their row while they are false."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation, and the id that its one row in each table has."""

    id: UUID = field(default_factory=clock.new_id)
    ids: dict[str, UUID] = field(default_factory=dict)

    def id_in(self, table: str) -> UUID:
        """The id of the row in a table."""
        return self.ids.setdefault(table, clock.new_id())

    @property
    def scope(self) -> Scope:
        """The organisation's, with its user."""
        return Scope(self.id, self.id_in("app_user"))

    def actor(self, role: OrganisationRole) -> Actor:
        """Its user."""
        return Actor(
            user_id=self.id_in("app_user"),
            organisation_id=self.id,
            role=role,
            scopes=EVERYTHING,
            credential="test",
        )

    def row(self, table: Table) -> dict[str, Any]:
        """A row of this organisation that the table takes."""
        return {
            column.name: self._value(table, column)
            for column in table.columns
            if column.identity is None
            and (not column.nullable or FOLLOWS.get(column.name) == "app_user")
        }

    def _value(self, table: Table, column: Column[Any]) -> Any:
        if column.name == "organisation_id":
            return self.id
        if column.name == "id" and isinstance(column.type, Uuid):
            return self.id if table.name == "organisation" else self.id_in(table.name)
        if column.name in SEEN_ONLY_IF:
            return True
        for name in (f"{table.name}.{column.name}", column.name):
            if name in FOLLOWS:
                return self.id_in(FOLLOWS[name])
        return plausible(column)


MAKERS: list[tuple[Any, Callable[[Any], Any]]] = [
    (TextEnum, lambda kind: next(iter(kind.enum))),
    (Uuid, lambda _: clock.new_id()),
    (JSONB, lambda _: {}),
    (TSVECTOR, lambda _: ""),
    (ARRAY, lambda _: []),
    (LargeBinary, lambda _: clock.random_bytes(32)),
    (DateTime, lambda _: clock.now()),
    (Boolean, lambda _: False),
    (Integer, lambda _: 1),
    (Float, lambda _: 1.0),
    ((String, AutoString), lambda _: clock.new_id().hex),
]


def plausible(column: Column[Any]) -> Any:
    """Some value of the column's type."""
    return next(make(column.type) for kind, make in MAKERS if isinstance(column.type, kind))


@contextmanager
def owner(url: str) -> Iterator[Connection]:
    """A connection as the database's owner, for whom row security and foreign keys do not count."""
    engine = create_engine(
        make_url(url.replace("postgres://", "postgresql://", 1)).set(
            drivername="postgresql+psycopg"
        )
    )
    with engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        yield connection
    engine.dispose()


@contextmanager
def planted(url: str) -> Iterator[tuple[Tenant, Tenant]]:
    """Two organisations, gone again after the block."""
    tenants = Tenant(), Tenant()
    tables = [
        *TENANT_TABLES.values(),
        *(METADATA.tables[name] for name in ("organisation", "app_user", "public_key")),
    ]
    with owner(url) as connection:
        for table in tables:
            for tenant in tenants:
                connection.execute(insert(table).values(tenant.row(table)))
    try:
        yield tenants
    finally:
        with owner(url) as connection:
            for table in tables:
                for tenant in tenants:
                    mine = (
                        table.c.organisation_id == tenant.id
                        if "organisation_id" in table.c
                        else table.c.id == tenant.row(table)["id"]
                    )
                    connection.execute(table.delete().where(mine))
