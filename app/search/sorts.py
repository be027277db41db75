"""In which order files are listed: up to three fields or metadata keys, the id last."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.core.errors import Invalid, Path, TooLarge
from app.core.paging import Order
from app.files.models import File
from app.metadata.kinds import Enumeration, Scalar, ScalarKind
from app.search import conditions
from app.search.keys import Key, Keys
from app.search.places import FILE

MOST_KEYS = 3
ARGUMENT: Path = ("sort",)


class SortField(StrEnum):
    """What files can be sorted by."""

    CREATED_AT = "CREATED_AT"
    """By id: ids grow with time."""
    NAME = "NAME"
    UPDATED_AT = "UPDATED_AT"
    SIZE = "SIZE"
    DURATION = "DURATION"
    WIDTH = "WIDTH"
    HEIGHT = "HEIGHT"


@dataclass(frozen=True, slots=True)
class SortKey:
    """A field, or the metadata key of this name, and its direction. Files without a value come last."""

    field: SortField | None = None
    metadata_key: str | None = None
    is_descending: bool = False


Sort = Sequence[SortKey]
_COLUMNS = {
    SortField.CREATED_AT: FILE.id,
    SortField.NAME: FILE.name,
    SortField.UPDATED_AT: FILE.updated_at,
    SortField.SIZE: FILE.byte_size,
    SortField.DURATION: FILE.duration_seconds,
    SortField.WIDTH: FILE.width,
    SortField.HEIGHT: FILE.height,
}
KEPT = {SortField.CREATED_AT, SortField.NAME}
"""Orders that are read off an index whatever the values are."""


def keys_of(sort: Sort) -> frozenset[str]:
    """The metadata keys that the sort names."""
    return frozenset(one.metadata_key for one in sort if one.metadata_key is not None)


def depends_on_values(sort: Sort) -> bool:
    """Whether good plans depend on how values are spread."""
    return any(one.field not in KEPT for one in sort)


def order(sort: Sort, keys: Keys, at: Path = ARGUMENT) -> Order[File]:
    """The order. Raises Invalid, with its path below `at`, for a key that is unknown, unfit or named twice."""
    if len(sort) > MOST_KEYS:
        raise TooLarge(f"{len(sort)} sort keys; at most {MOST_KEYS}.", field=at)
    columns: list[Any] = []
    turned = list[bool]()
    for number, one in enumerate(sort):
        column = _column(one, keys, (*at, number, "by"))
        if column.name in [known.name for known in columns]:
            raise Invalid("A sort key is named twice.", field=(*at, number, "by"))
        columns.append(column)
        turned.append(one.is_descending)
    if FILE.id.name not in [column.name for column in columns]:
        columns.append(FILE.id)
        turned.append(turned[-1] if turned else False)
    return _ordered(columns, turned)


def _ordered(columns: list[Any], descending: list[bool]) -> Order[File]:
    """What stands behind the id changes nothing."""
    last = [column.name for column in columns].index(FILE.id.name) + 1
    pairs = list(zip(columns, descending, strict=True))[:last]
    return Order(
        [column for column, _ in pairs],
        descending[0],
        name=" ".join(f"{column.name}{'-' if down else '+'}" for column, down in pairs),
        nullable=frozenset(one.name for one, _ in pairs if getattr(one, "nullable", True)),
        turned=frozenset(one.name for one, down in pairs if down != descending[0]),
    )


def _column(one: SortKey, keys: Keys, at: Path) -> Any:
    if one.metadata_key is None:
        return _COLUMNS[one.field or SortField.CREATED_AT]
    at = (*at, "metadata_key")
    key = keys.find(one.metadata_key, at)
    if not _is_sortable(key):
        raise Invalid(f"The key `{key.name}` is of type {key.told}: it has no order.", field=at)
    return conditions.value_of(key).label(f"sort_k{key.number}")


def _is_sortable(key: Key) -> bool:
    is_text = key.type == Scalar(ScalarKind.TEXT)
    return isinstance(key.type, Scalar | Enumeration) and not is_text
