"""Which indexes and which statistics a big organisation needs: names and definitions, nothing else.

The expression comes from `app.metadata.expressions`, as in every condition: PostgreSQL uses an index only for the
very same one. An expression index alone gives the planner no statistics, so each has a twin by CREATE STATISTICS.
"""

from dataclasses import dataclass
from typing import TypeGuard
from uuid import UUID

from app.files.models import File
from app.metadata import expressions
from app.metadata.kinds import Embedding, Enumeration, Geospatial, LiveType, Scalar, ScalarKind

DEFAULT_PARTITION = "file_part_default"
"""Holds the files of every tenant that has no partition of its own."""
NAME_TRIGRAMS = "_name_trigrams"
"""How the name of the index ends that finds parts of names, on each partition."""
COLUMNS = {
    -1: "byte_size",
    -2: "width",
    -3: "height",
    -4: "fps",
    -5: "duration_seconds",
    -6: "frame_count",
    -7: "created_at",
    -8: "updated_at",
    -9: "type",
    -10: "storage_location",
    -11: "mime_type",
    -12: "created_by",
    -13: "integration_id",
}
"""Columns of files that are filtered and sorted by, under numbers that no metadata key has."""


@dataclass(frozen=True, slots=True)
class KeyIndex:
    """The index of one key or column of one organisation, on the partition that holds its files."""

    organisation_id: UUID
    number: int
    table: str
    expression: str
    is_partial: bool = True
    """Whether files without a value are left out. Not of booleans: of `value IS TRUE` PostgreSQL does not see
    that it is not null."""

    @property
    def name(self) -> str:
        """Of the index, and of its statistics."""
        return name_of(self.organisation_id, self.number)

    @property
    def creation(self) -> str:
        """Builds the index beside writers. Numbers of keys are each organisation's own: where several share a
        partition, `k12` is another key to another one."""
        conditions = []
        if self.table == DEFAULT_PARTITION:
            conditions.append(f"organisation_id = '{self.organisation_id}'")
        if self.is_partial:
            conditions.append(f"{self.expression} is not null")
        where = f" where {' and '.join(conditions)}" if conditions else ""
        return (
            f"create index concurrently {self.name} on {self.table} ({self.expression}, id){where}"
        )

    @property
    def statistics(self) -> str | None:
        """Makes the statistics, which ANALYZE fills; None for a column, which has its own."""
        if self.number < 0:
            return None
        return (
            f"create statistics if not exists {self.name} on ({self.expression}) from {self.table}"
        )


def name_of(organisation_id: UUID, number: int) -> str:
    """Unique over organisations, and never used twice: a key that is retyped takes a new number."""
    kind = "k" if number > 0 else "c"
    return f"file_{kind}{abs(number):d}_{organisation_id.hex}"


def partition_of(organisation_id: UUID) -> str:
    """The partition of an organisation that has one of its own."""
    return f"file_part_{organisation_id.hex}"


def has_index(type_: LiveType) -> TypeGuard[Scalar | Enumeration]:
    """Whether values of this type are compared by an index of their key's own.

    Texts are found by their words in one index for all, vectors by one of their own table.
    """
    return not isinstance(type_, Embedding | Geospatial) and type_ != Scalar(ScalarKind.TEXT)


def index_of(
    organisation_id: UUID, number: int, type_: Scalar | Enumeration, table: str
) -> KeyIndex:
    """The index of this key."""
    expression = expressions.expression(type_, number)
    is_partial = type_ != Scalar(ScalarKind.BOOLEAN)
    return KeyIndex(organisation_id, number, table, expression, is_partial)


def of_columns(organisation_id: UUID, table: str) -> dict[int, KeyIndex]:
    """The indexes of columns, by number."""
    columns = File.__table__.c  # type: ignore[attr-defined]
    return {
        number: KeyIndex(organisation_id, number, table, name, columns[name].nullable)
        for number, name in COLUMNS.items()
    }
