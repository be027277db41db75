"""Comparisons of one value, of which filters are made, and what they may hold. Pure.

Members that are given must all hold. A missing value is unequal to everything, is none of any list, and lies
within no bounds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.core.errors import Invalid, Path, TooLarge
from app.core.texts import is_storable

MOST_LISTED = 1_000
LONGEST_TEXT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IdTest:
    """A comparison of ids."""

    eq: UUID | None = None
    in_: Sequence[UUID] | None = None
    not_in: Sequence[UUID] | None = None
    is_null: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTest:
    """A comparison of texts, character by character unless `ignore_case`."""

    eq: str | None = None
    ne: str | None = None
    in_: Sequence[str] | None = None
    not_in: Sequence[str] | None = None
    contains: str | None = None
    starts_with: str | None = None
    ignore_case: bool = False
    is_null: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceTest:
    """A comparison with values of an enumeration."""

    eq: StrEnum | None = None
    ne: StrEnum | None = None
    in_: Sequence[StrEnum] | None = None
    not_in: Sequence[StrEnum] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTest:
    """Comparisons of instants, or of numbers."""

    eq: datetime | float | None = None
    ne: datetime | float | None = None
    in_: Sequence[datetime | float] | None = None
    gt: datetime | float | None = None
    gte: datetime | float | None = None
    lt: datetime | float | None = None
    lte: datetime | float | None = None
    is_null: bool | None = None


def check(test: Any, at: Path) -> None:
    """Raises for a list or a text in a test, or in a plain list, that is over its bounds; `at` is its path."""
    for name, value in _members(test):
        listed = isinstance(value, list | tuple)
        place = (*at, *name)
        if listed and len(value) > MOST_LISTED:
            message = f"A list of {len(value):,}; at most {MOST_LISTED:,} in one test."
            raise TooLarge(message, field=place)
        for position, one in enumerate(value if listed else [value]):
            _check_text(one, (*place, position) if listed else place)


def _check_text(value: Any, at: Path) -> None:
    if isinstance(value, str) and not (is_storable(value) and len(value) <= LONGEST_TEXT):
        message = f"Texts of a filter have at most {LONGEST_TEXT:,} characters, and no U+0000."
        raise Invalid(message, field=at)


def _members(test: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(test, IdTest | TextTest | ChoiceTest | RangeTest):
        for member in fields(test):
            yield (member.name.rstrip("_"),), getattr(test, member.name)
    else:
        yield (), test
