"""Keyset pages: a page is found by the sort values at its edge, so it does not move when rows come and go."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, ColumnElement, Select, func, literal_column, select, tuple_

from app.core import texts
from app.core.db import Session
from app.core.errors import Invalid

T = TypeVar("T")
DEFAULT_SIZE = 50
LARGEST_SIZE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list: the first rows after a cursor, or the last ones before one."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def size(self) -> int:
        """How many rows, 1 to 1,000. Raises Invalid for anything else, and for both directions at once."""
        if self.first is not None and self.last is not None:
            raise Invalid("Give first or last, not both.", field=("last",))
        name, size = ("last", self.last) if self.last is not None else ("first", self.first)
        size = DEFAULT_SIZE if size is None else size
        if not 0 <= size <= LARGEST_SIZE:
            raise Invalid(f"{name} is {size}; it must be 0 to {LARGEST_SIZE:,}.", field=(name,))
        return size

    @property
    def is_backward(self) -> bool:
        """Whether the page is counted from the end."""
        return self.last is not None or (self.first is None and self.before is not None)


@dataclass(frozen=True)  # slots and a subscripted generic do not go together in Python 3.11
class Order(Generic[T]):
    """A sort: columns that are never null, the id last, all in one direction; and a row's values in them."""

    columns: Sequence[Any]
    values: Callable[[T], Sequence[Any]]
    is_descending: bool = False
    name: str = "id"


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """The rows of a page in the list's order, with a cursor each."""

    rows: list[T]
    cursors: list[str]
    has_next: bool
    has_previous: bool


async def fetch(
    session: Session, statement: Select[Any], order: Order[T], page: Page, *, key: Any = None
) -> Slice[T]:
    """One page of `statement`'s single entity. `key` is the filter: cursors of another filter are refused."""
    size, mark = page.size, _fingerprint(order, key)
    for cursor, is_lower, name in ((page.after, True, "after"), (page.before, False, "before")):
        if cursor is not None:
            values = _checked(order, decode(cursor, mark, name), name)
            bound = _bound(order, values, is_lower=is_lower)
            statement = statement.where(bound)
    downward = order.is_descending != page.is_backward
    sort = [column.desc() if downward else column.asc() for column in order.columns]
    found = (await session.execute(statement.order_by(*sort).limit(size + 1))).scalars().all()
    rows, more = list(found[:size]), len(found) > size
    if page.is_backward:
        rows.reverse()
    cursors = [encode(order.values(row), mark) for row in rows]
    return Slice(
        rows,
        cursors,
        has_next=(page.before is not None) if page.is_backward else more,
        has_previous=more if page.is_backward else page.after is not None,
    )


async def count(session: Session, statement: Select[Any], cap: int) -> tuple[int, bool]:
    """How many rows, and whether that is all: counting stops at `cap`."""
    limited: Select[Any] = (
        statement.with_only_columns(literal_column("1")).order_by(None).limit(cap + 1)
    )
    counted = await session.execute(select(func.count()).select_from(limited.subquery()))
    value = int(counted.scalar_one())
    return min(value, cap), value <= cap


def encode(values: Sequence[Any], mark: str) -> str:
    """The cursor that stands at these sort values."""
    return base64.urlsafe_b64encode(orjson.dumps([mark, *map(_plain, values)])).decode().rstrip("=")


def decode(cursor: str, mark: str, name: str) -> list[Any]:
    """The sort values of a cursor. Raises Invalid if it was not made for this list, filter and sort."""
    try:
        found, *values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        values = list(map(_typed, values))
    except (ValueError, TypeError):
        raise Invalid("This is not a cursor of ours.", field=(name,)) from None
    if found != mark:
        raise Invalid("This cursor belongs to another filter or sort; begin anew.", field=(name,))
    return values


def _checked(order: Order[T], values: list[Any], name: str) -> list[Any]:
    """The values, if they are of the columns' types: a forged cursor must not reach the database."""
    if len(values) != len(order.columns) or not all(map(_fits, order.columns, values)):
        raise Invalid("This is not a cursor of ours.", field=(name,))
    return values


def _fits(column: ColumnElement[Any], value: Any) -> bool:
    kind = getattr(column.type, "impl_instance", column.type)  # a decorator alone would say: object
    match value:
        case str():
            is_kept = texts.is_storable(value)
        case int():
            is_kept = abs(value) < 1 << (63 if isinstance(kind, BigInteger) else 31)
        case datetime():
            is_kept = value.tzinfo is not None
        case _:
            is_kept = True
    return is_kept and isinstance(value, kind.python_type)


def _bound(order: Order[T], values: Sequence[Any], *, is_lower: bool) -> ColumnElement[bool]:
    left, right = tuple_(*order.columns), tuple_(*values)
    return left > right if is_lower != order.is_descending else left < right


def _fingerprint(order: Order[T], key: Any) -> str:
    told = orjson.dumps([order.name, order.is_descending, key], default=str)
    return hashlib.sha256(told).hexdigest()[:10]


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return {"u": value.hex}
    return {"t": value.isoformat()} if isinstance(value, datetime) else value


def _typed(value: Any) -> Any:
    match value:
        case {"u": str(text)}:
            return UUID(hex=text)
        case {"t": str(text)}:
            return datetime.fromisoformat(text)
    return value
