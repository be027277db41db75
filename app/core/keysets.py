"""Where a page begins and ends, as SQL: the rows behind the values of a cursor, or before them.

Rows without a value come last. Where the first column of an order may be null, those with a value and those
without are two parts of the list: an index holds the first in order, but not the second.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, and_, bindparam, false, or_, tuple_

from app.core.orders import Order

T = TypeVar("T")
Values = Sequence[Any] | None
"""Of a cursor; None: there is none."""
Pair = tuple[Any, Any]
"""A column, and the parameter that it is compared with; None: with nothing."""


@dataclass(frozen=True)
class Part(Generic[T]):
    """A part of a list: its rows, and how they are sorted."""

    order: Order[T]
    conditions: Sequence[ColumnElement[bool]]
    has_values: bool = True
    """Whether the rows have a value in the first column of the list's order."""


def parts(order: Order[T], after: Values, before: Values) -> list[Part[T]]:
    """The one or two parts of the list, in its order, that lie between two cursors."""
    first = order.columns[0]
    if first.name not in order.nullable:
        return [Part(order, [*_between(order, after, before, 0)])]
    found = list[Part[T]]()
    if not (after and after[0] is None):
        end = None if before and before[0] is None else before
        inner = replace(order, nullable=order.nullable - {first.name})
        found.append(Part(inner, [first.is_not(None), *_between(inner, after, end, 0)]))
    if not (before and before[0] is not None):
        start = None if after and after[0] is not None else after
        inner = replace(order, columns=order.columns[1:])
        conditions = [first.is_(None), *_between(inner, start, before, 1)]
        found.append(Part(inner, conditions, has_values=False))
    return found


def gaps(values: Values) -> tuple[bool, ...] | None:
    """Which values of a cursor are null: statements depend on that."""
    return None if values is None else tuple(value is None for value in values)


def named(name: str, values: Values) -> dict[str, Any]:
    """The values of a cursor as parameters."""
    return {f"{name}_{number}": value for number, value in enumerate(values or ())}


def _between(
    order: Order[T], after: Values, before: Values, skipped: int
) -> Iterator[ColumnElement[bool]]:
    for name, values, is_behind in (("after", after, True), ("before", before, False)):
        if values is not None:
            numbered = enumerate(zip(order.columns, values[skipped:], strict=True), skipped)
            pairs = [(column, _given(name, n, column, value)) for n, (column, value) in numbered]
            yield _beyond(order, pairs, is_behind)


def _given(name: str, number: int, column: Any, value: Any) -> Any:
    if value is None:
        return None
    return bindparam(f"{name}_{number}", None, type_=column.type)


def _beyond(order: Order[T], pairs: Sequence[Pair], is_behind: bool) -> ColumnElement[bool]:
    """The rows behind the values; or those before them."""
    directions = {order.is_down(column) for column, _ in pairs}
    if len(directions) == 1 and not any(column.name in order.nullable for column, _ in pairs):
        # one comparison, which an index on all of the columns can begin with
        left, right = tuple_(*(one for one, _ in pairs)), tuple_(*(one for _, one in pairs))
        return left > right if is_behind != directions.pop() else left < right
    return _step_by_step(order, pairs, is_behind)


def _step_by_step(order: Order[T], pairs: Sequence[Pair], is_behind: bool) -> ColumnElement[bool]:
    (column, value), *rest = pairs  # never empty: the id, which is last, has a value
    step = _one_beyond(order, column, value, is_behind)
    same = column.is_(None) if value is None else column == value
    return or_(step, and_(same, _beyond(order, rest, is_behind)))


def _one_beyond(order: Order[T], column: Any, value: Any, is_behind: bool) -> ColumnElement[bool]:
    if value is None:
        return false() if is_behind else column.is_not(None)
    step: ColumnElement[bool] = (
        column < value if order.is_down(column) == is_behind else column > value
    )
    is_last = is_behind and column.name in order.nullable
    return or_(step, column.is_(None)) if is_last else step
