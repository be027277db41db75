"""Which indexes and which statistics a big organisation needs: names and definitions, nothing else.

The expression comes from `app.metadata.expressions`, as in every condition: PostgreSQL uses an index only for the
very same one. An expression index alone gives the planner no statistics, so each has a twin by CREATE STATISTICS.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
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
ALL_FILES = -7
"""A column that every file has a value of: its index tells how many files there are."""
LEAST_HELD = 0.1
"""From this share of files with a value on, those without have an index."""


class Purpose(Enum):
    """What an index is for; with it the names of those of keys and of columns begin."""

    VALUES = "k", "c"
    """Comparisons and sorts, of the files that have a value."""
    MISSING = "n", "m"
    """The files that have none, in the order of their ids."""
    PARTS = "t", "t"
    """Parts of texts, and texts in any case."""

    @property
    def of_key(self) -> str:
        """The mark of a key's."""
        return self.value[0]

    @property
    def of_column(self) -> str:
        """The mark of a column's."""
        return self.value[1]


COLUMN_MARKS = frozenset(one.of_column for one in (Purpose.VALUES, Purpose.MISSING))
"""Of the indexes of columns. Parts are of keys alone."""


@dataclass(frozen=True, slots=True)
class KeyIndex:
    """An index of one key or column of one organisation, on the partition that holds its files."""

    organisation_id: UUID
    number: int
    table: str
    expression: str
    is_partial: bool = True
    """Whether files without a value are left out. Not of booleans: of `value IS TRUE` PostgreSQL does not see
    that it is not null."""
    purpose: Purpose = Purpose.VALUES

    @property
    def name(self) -> str:
        """Of the index, and of its statistics."""
        return name_of(self.organisation_id, self.number, self.purpose)

    @property
    def creation(self) -> str:
        """Builds the index beside writers. Numbers of keys are each organisation's own: where several share a
        partition, `k12` is another key to another one."""
        conditions = list(self._conditions())
        where = f" where {' and '.join(conditions)}" if conditions else ""
        return f"create index concurrently {self.name} on {self.table} {self._content}{where}"

    @property
    def statistics(self) -> str | None:
        """Makes the statistics, which ANALYZE fills; None for a column, which has its own."""
        if self.number < 0 or self.purpose is not Purpose.VALUES:
            return None
        return (
            f"create statistics if not exists {self.name} on ({self.expression}) from {self.table}"
        )

    @property
    def may_be_missing(self) -> bool:
        """Whether there may be files without a value."""
        return self.number > 0 or self.is_partial

    def also(self, purpose: Purpose) -> "KeyIndex":
        """The index of the same key for another purpose."""
        return replace(self, purpose=purpose)

    @property
    def _content(self) -> str:
        match self.purpose:
            case Purpose.VALUES:
                return f"({self.expression}, id)"
            case Purpose.MISSING:
                return "(id)"
        # the collation in which names are searched, and as short a list of what waits (docs/adr/0015)
        return (
            f'using gin (({self.expression} collate "default") name_trigram_ops)'
            " with (gin_pending_list_limit = 256)"
        )

    def _conditions(self) -> Iterator[str]:
        if self.table == DEFAULT_PARTITION:
            yield f"organisation_id = '{self.organisation_id}'"
        if self.purpose is Purpose.MISSING:
            yield f"{self.expression} is null"
        elif self.is_partial:
            yield f"{self.expression} is not null"


def name_of(organisation_id: UUID, number: int, purpose: Purpose = Purpose.VALUES) -> str:
    """Unique over organisations, and never used twice: a key that is retyped takes a new number."""
    mark = purpose.of_key if number > 0 else purpose.of_column
    return f"file_{mark}{abs(number):d}_{organisation_id.hex}"


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


def has_parts(type_: Scalar | Enumeration) -> bool:
    """Whether parts of values of this type have an index: of all texts but UUIDs, options and long ones."""
    return type_ == Scalar(ScalarKind.VARCHAR)


def lacks_one(index: KeyIndex, held: Mapping[str, float], *, is_there: bool) -> bool:
    """Whether the files without a value are worth an index of their own: if not, a look at one file after the
    other passes few that have one. `held` are numbers of entries by names of indexes; `is_there`: it has one.
    """
    everything = held.get(name_of(index.organisation_id, ALL_FILES), 0)
    if everything <= 0 or index.name not in held:
        return is_there
    share = LEAST_HELD / 2 if is_there else LEAST_HELD
    return held[index.name] >= everything * share
