"""Comparisons as SQL: each member of a test is a condition on a column, or on an expression.

What is compared with stands as a typed parameter, lists as one array, so that conditions of a kind are one
statement. Ne and notIn say `IS NOT TRUE`, which holds for a missing value, too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    Uuid,
    any_,
    collate,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.orm import Mapped
from sqlalchemy.types import TypeEngine

from app.files.comparisons import ChoiceTest, IdTest, RangeTest, TextTest

Condition = ColumnElement[Any]
Column = ColumnElement[Any] | Mapped[Any]
TextOperator = Callable[[Any, str, bool], Condition]
"""Of a column and a text; with True, without regard to case."""
TextsOperator = Callable[[Any, Sequence[str], bool], Condition]
"""Of a column and several texts, of which one is enough."""


def equals(column: Any, text: str, ignore_case: bool) -> Condition:
    """Whether the column has this text."""
    column, given = _folded(column, text, ignore_case)
    return column == given  # type: ignore[no-any-return]


def contains(column: Any, text: str, ignore_case: bool) -> Condition:
    """Whether the text stands somewhere in the column's."""
    return func.strpos(*_folded(column, text, ignore_case)) > 0


def starts_with(column: Any, text: str, ignore_case: bool) -> Condition:
    """Whether the column's text begins with this one, whatever the collation."""
    return func.starts_with(*_folded(column, text, ignore_case))


def among_texts(column: Any, texts: Sequence[str], ignore_case: bool = False) -> Condition:
    """Whether the column has one of these texts."""
    if not ignore_case:
        return among(column, texts, Text())
    given: Any = func.unnest(literal(list(texts), ARRAY(Text()))).column_valued("given")
    return _lowered(column).in_(select(func.lower(given)))  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class TextOperators:
    """How texts are compared. Some columns have indexes that only other operators can use."""

    equals: TextOperator = equals
    contains: TextOperator = contains
    starts_with: TextOperator = starts_with
    among: TextsOperator = among_texts


ANY_TEXT = TextOperators()


def ids(column: Column, test: IdTest | None) -> Iterator[Condition]:
    """A comparison of ids."""
    if test is None:
        return
    if test.eq is not None:
        yield column == test.eq
    if test.in_ is not None:
        yield among(column, test.in_, Uuid())
    if test.not_in is not None:
        yield is_not(among(column, test.not_in, Uuid()))
    yield from _null(column, test.is_null)


def text(
    column: Column, test: TextTest | None, by: TextOperators = ANY_TEXT
) -> Iterator[Condition]:
    """A comparison of texts."""
    if test is None:
        return
    ignore_case = test.ignore_case
    if test.eq is not None:
        yield by.equals(column, test.eq, ignore_case)
    if test.ne is not None:
        yield is_not(by.equals(column, test.ne, ignore_case))
    if test.in_ is not None:
        yield by.among(column, test.in_, ignore_case)
    if test.not_in is not None:
        yield is_not(by.among(column, test.not_in, ignore_case))
    if test.contains is not None:
        yield by.contains(column, test.contains, ignore_case)
    if test.starts_with is not None:
        yield by.starts_with(column, test.starts_with, ignore_case)
    yield from _null(column, test.is_null)


def choice(column: Column, test: ChoiceTest | None) -> Iterator[Condition]:
    """A comparison with values of an enumeration."""
    if test is None:
        return
    if test.eq is not None:
        yield column == test.eq
    if test.ne is not None:
        yield is_not(column == test.ne)
    if test.in_ is not None:
        yield among(column, [one.value for one in test.in_], Text())
    if test.not_in is not None:
        yield is_not(among(column, [one.value for one in test.not_in], Text()))


def bounds(column: Column, test: RangeTest | None, kind: TypeEngine[Any]) -> Iterator[Condition]:
    """A comparison of instants or numbers. `kind` is the type of what is compared with."""
    if test is None:
        return
    for value, operator in (
        (test.gt, column.__gt__),
        (test.gte, column.__ge__),
        (test.lt, column.__lt__),
        (test.lte, column.__le__),
        (test.eq, column.__eq__),
    ):
        if value is not None:
            yield operator(literal(value, kind))
    if test.ne is not None:
        yield is_not(column == literal(test.ne, kind))
    if test.in_ is not None:
        yield among(column, test.in_, kind)
    yield from _null(column, test.is_null)


def among(column: Column, values: Sequence[Any], kind: TypeEngine[Any]) -> Condition:
    """Whether the column has one of these values."""
    return column == any_(literal(list(values), ARRAY(kind)))


def is_not(condition: Condition) -> Condition:
    """Whether the condition does not hold, or a value that it looks at is missing."""
    return condition.is_not(true())


def _folded(column: Any, text: str, ignore_case: bool) -> tuple[Any, Any]:
    given = literal(text, Text())
    return (_lowered(column), func.lower(given)) if ignore_case else (column, given)


def _lowered(column: Any) -> Any:
    # the names' own collation knows the case of ASCII letters only
    return func.lower(collate(column, "default"))


def _null(column: Column, is_null: bool | None) -> Iterator[Condition]:
    if is_null is not None:
        yield column.is_(None) if is_null else column.is_not(None)
