"""How the files of a listing spread over the values of a metadata key or a field: counts, or a histogram.

Each takes one statement, which looks at a hundred thousand files at most.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CTE, Select, Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB

from app.accounts.actor import Actor
from app.core.errors import Invalid, Path, TooLarge
from app.core.paging import Listing
from app.core.reads import CUSTOM, Reads
from app.files.models import File
from app.metadata import values
from app.metadata.kinds import Enumeration, Scalar, ScalarKind
from app.search import conditions
from app.search import keys as known_keys
from app.search.keys import Key, Keys
from app.search.places import FILE

MOST_FACETS = 10
MOST_VALUES = 100
"""Of one facet, the most frequent first."""
MOST_BUCKETS = 100
MOST_FILES = 100_000
"""How many files are looked at; for more the counts are of so many of them."""

_SPREAD = {ScalarKind.NUMBER, ScalarKind.DATETIME}


class FacetField(StrEnum):
    """What files have beside metadata."""

    TYPE = "TYPE"
    FOLDER = "FOLDER"
    STORAGE_LOCATION = "STORAGE_LOCATION"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: keys by name and fields, and the buckets of a histogram."""

    keys: tuple[str, ...] = ()
    fields: tuple[FacetField, ...] = ()
    buckets: int = 20

    def check(self) -> "Wanted":
        """The same. Raises TooLarge or Invalid for what is out of bounds."""
        if len(self.keys) + len(self.fields) > MOST_FACETS:
            message = f"{len(self.keys) + len(self.fields)} facets; at most {MOST_FACETS} at once."
            raise TooLarge(message, field=("keys",))
        if not 1 <= self.buckets <= MOST_BUCKETS:
            message = f"buckets is {self.buckets}; it must be 1 to {MOST_BUCKETS}."
            raise Invalid(message, field=("buckets",))
        return self


@dataclass(frozen=True, slots=True)
class Bucket:
    """The files whose value is at least `lower` and below `upper`; in the last bucket also `upper` itself."""

    lower: float | datetime
    upper: float | datetime
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """How files spread over one key or field."""

    key: str | None
    field: FacetField | None
    is_histogram: bool = False
    values: Sequence[tuple[str, int]] = dataclasses.field(default_factory=list)
    """The most frequent first."""
    other_count: int = 0
    """Files with a value that is not among `values`."""
    missing_count: int = 0
    buckets: Sequence[Bucket] = dataclasses.field(default_factory=list)
    is_exact: bool = True


async def read(reads: Reads, actor: Actor, listing: Listing[File], wanted: Wanted) -> list[Facet]:
    """The facets in the order of `wanted`, keys first."""
    wanted.check()

    def columns(keys: Keys) -> list[tuple[Key | FacetField, Any]]:
        named = [_key(keys, name, ("keys", n)) for n, name in enumerate(wanted.keys)]
        found = [(key, conditions.value_of(key)) for key in named]
        return [*found, *((one, _FIELDS[one]) for one in wanted.fields)]

    chosen = await known_keys.using(reads, actor, wanted.keys, columns)
    return [await _facet(reads, actor, listing, of, value, wanted) for of, value in chosen]


async def _facet(
    reads: Reads, actor: Actor, listing: Listing[File], of: Any, value: Any, wanted: Wanted
) -> Facet:
    is_histogram = isinstance(of, Key) and isinstance(of.type, Scalar) and of.type.kind in _SPREAD
    looked = _looked(listing, value)
    statement = _histogram(looked, wanted.buckets) if is_histogram else _counts(looked)
    compiled = reads.compiler.compiled(statement)
    (row,) = await reads.fetch(actor.scope, compiled.sql, compiled.arguments({}), plans=CUSTOM)
    key, chosen = (of.name, None) if isinstance(of, Key) else (None, of)
    counted = {"missing_count": row["missing"], "is_exact": row["looked"] <= MOST_FILES}
    if is_histogram:
        buckets = _buckets(row, of.type.kind is ScalarKind.DATETIME)
        return Facet(key, chosen, is_histogram=True, buckets=buckets, **counted)
    top = [(one["value"], one["count"]) for one in row["top"] or ()]
    others = row["looked"] - row["missing"] - sum(count for _, count in top)
    return Facet(key, chosen, values=top, other_count=others, **counted)


_FIELDS: dict[FacetField, Any] = {
    FacetField.TYPE: FILE.type,
    FacetField.FOLDER: FILE.folder_id,
    FacetField.STORAGE_LOCATION: FILE.storage_location,
}


def _key(keys: Keys, name: str, at: Path) -> Key:
    """A key whose values can be counted."""
    key = keys.find(name, at)
    is_text = key.type == Scalar(ScalarKind.TEXT)
    if is_text or not isinstance(key.type, Scalar | Enumeration):
        message = f"The key `{key.name}` is of type {key.told}: its values cannot be counted."
        raise Invalid(message, field=at)
    return key


def _looked(listing: Listing[File], value: Any) -> CTE:
    """The value of each file that is looked at."""
    rows = listing.statement.with_only_columns(value.label("value"), maintain_column_froms=True)
    return rows.order_by(None).limit(MOST_FILES + 1).cte("looked").prefix_with("materialized")


def _counts(looked: CTE) -> Select[Any]:
    """One row: how many files were looked at, how many have no value, the most frequent values as JSON."""
    value = cast(looked.c.value, Text)
    of_value = (
        select(value.label("value"), func.count().label("count"))
        .where(looked.c.value.is_not(None))
        .group_by(value)
        .order_by(func.count().desc(), value)
        .limit(MOST_VALUES)
        .subquery("of_value")
    )
    one = func.jsonb_build_object("value", of_value.c.value, "count", of_value.c.count)
    listed = select(func.jsonb_agg(one)).select_from(of_value).scalar_subquery()
    return select(*_figures(looked), listed.label("top")).select_from(looked)


def _histogram(looked: CTE, most: int) -> Select[Any]:
    """One row: the same figures, the least and the greatest value, and the counts of the buckets as JSON."""
    value = looked.c.value
    bounds = select(func.min(value).label("lower"), func.max(value).label("upper")).cte("bounds")
    lower, upper = bounds.c.lower, bounds.c.upper
    # one bucket has no width, and the greatest value lies behind the last one
    number = func.least(func.width_bucket(value, lower, upper, literal(most)), most)
    numbered = (
        select(number.label("number"), func.count().label("count"))
        .select_from(looked.join(bounds, upper > lower))
        .where(value.is_not(None))
        .group_by(number)
        .subquery("numbered")
    )
    one = func.jsonb_object_agg(cast(numbered.c.number, Text), numbered.c.count)
    counted = select(one).select_from(numbered).scalar_subquery()
    return select(
        *_figures(looked),
        select(lower).scalar_subquery().label("lower"),
        select(upper).scalar_subquery().label("upper"),
        func.coalesce(counted, cast("{}", JSONB)).label("counts"),
        literal(most).label("buckets"),
    ).select_from(looked)


def _figures(looked: CTE) -> list[Any]:
    value = looked.c.value
    return [
        func.count().label("looked"),
        func.count().filter(value.is_(None)).label("missing"),
    ]


def _buckets(row: Any, is_instant: bool) -> list[Bucket]:
    """All buckets in order, empty ones too; one if all values are equal, none if there are none."""
    if row["lower"] is None:
        return []
    told = _instant if is_instant else float
    lower, upper, most = float(row["lower"]), float(row["upper"]), row["buckets"]
    if lower == upper:
        return [Bucket(told(lower), told(upper), row["looked"] - row["missing"])]
    edges = [lower * (1 - n / most) + upper * (n / most) for n in range(most)] + [upper]
    counts = row["counts"]
    return [
        Bucket(told(edges[n]), told(edges[n + 1]), counts.get(str(n + 1), 0)) for n in range(most)
    ]


def _instant(microseconds: float) -> datetime:
    return values.moment(round(microseconds))
