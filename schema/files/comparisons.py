"""Comparisons that filters are made of, and how they become those of `app.files`.

`at` is the path of a comparison in the arguments, for errors.
"""

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from strawberry.utils.str_converters import to_camel_case

from app.core import ids
from app.core.errors import Invalid, Path
from app.core.ids import Kind
from app.files.comparisons import ChoiceTest, IdTest, RangeTest, TextTest
from schema.files.enums import FileType, StorageLocation
from schema.inputs import given
from schema.scalars import SafeInt

T = TypeVar("T")
NOWHERE = UUID(int=0)
ARGUMENT: Path = ("filter",)


def member(value: T | None, name: str, at: Path = ARGUMENT) -> T | None:
    """A member of a filter; None if it was left out. Null is refused: it would mean nothing."""
    if value is None:
        raise _null(name, at)
    return given(value)


def members(of: Any, at: Path = ARGUMENT) -> dict[str, Any]:
    """All members of a filter that were given, by their Python names. Null is refused as by `member`."""
    found = {name: value for name, value in vars(of).items() if value is not strawberry.UNSET}
    for name, value in found.items():
        if value is None:
            raise _null(name, at)
    return found


def _null(python_name: str, at: Path) -> Invalid:
    name = to_camel_case(python_name.rstrip("_"))
    message = f"{name} is null; leave it out instead. isNull: true asks for what is missing."
    return Invalid(message, field=(*at, name))


def known(kind: Kind, public_ids: list[strawberry.ID]) -> list[UUID]:
    """The keys of those public ids that are of this kind; others cannot be anything."""
    found = map(ids.split, public_ids)
    return [key for found_kind, key in filter(None, found) if found_kind is kind]


@strawberry.input(description="Comparisons of ids. All that are given must hold.")
class IdFilter:
    """A test of ids."""

    eq: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Exactly this one."
    )
    in_: list[strawberry.ID] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these, at most 1,000."
    )
    not_in: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="None of these, at most 1,000; or none at all."
    )
    is_null: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True: there is none. False: there is one."
    )

    def test(self, at: Path, kind: Kind) -> IdTest:
        """The test, for ids of this kind. Ids of no such thing match nothing."""
        told = members(self, at)
        asked: dict[str, Any] = {
            name: known(kind, told[name]) for name in ("in_", "not_in") if name in told
        }
        if "eq" in told:
            only = known(kind, [told["eq"]])
            asked["in_"] = [one for one in only if one in asked.get("in_", only)]
        return IdTest(**asked, is_null=told.get("is_null"))


@strawberry.input(
    description="Comparisons of text, by code point. All that are given must hold; at most 1,000 characters each."
)
class StringFilter:
    """A test of texts, of at most 1,000 characters each."""

    eq: str | None = strawberry.field(default=strawberry.UNSET, description="Exactly this text.")
    ne: str | None = strawberry.field(
        default=strawberry.UNSET, description="Another text, or none at all."
    )
    in_: list[str] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these texts, at most 1,000."
    )
    not_in: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="None of these texts, at most 1,000; or no text at all.",
    )
    contains: str | None = strawberry.field(
        default=strawberry.UNSET, description="This text somewhere in it; no wildcards."
    )
    starts_with: str | None = strawberry.field(
        default=strawberry.UNSET, description="This text at its start."
    )
    ignore_case: bool = strawberry.field(
        default=False, description="Compare without regard to case."
    )
    is_null: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True: there is no text. False: there is one."
    )

    def test(self, at: Path) -> TextTest:
        """The test."""
        return TextTest(**members(self, at))


@strawberry.input(description="Comparisons of instants. All that are given must hold.")
class DateTimeFilter:
    """A test of instants."""

    eq: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Exactly this instant, to the microsecond."
    )
    ne: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Another instant, or none at all."
    )
    in_: list[datetime] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these instants, at most 1,000."
    )
    gt: datetime | None = strawberry.field(default=strawberry.UNSET, description="After this.")
    gte: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="At this instant or after."
    )
    lt: datetime | None = strawberry.field(default=strawberry.UNSET, description="Before this.")
    lte: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="At this instant or before."
    )
    is_null: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True: there is no instant. False: there is one."
    )

    def test(self, at: Path) -> RangeTest:
        """The test."""
        return RangeTest(**members(self, at))


@strawberry.input(
    description="Comparisons of numbers in double precision. All that are given must hold; an unknown number lies"
    " within no bounds."
)
class FloatFilter:
    """A test of numbers."""

    eq: float | None = strawberry.field(default=strawberry.UNSET, description="Exactly this.")
    ne: float | None = strawberry.field(
        default=strawberry.UNSET, description="Another number, or none at all."
    )
    in_: list[float] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these, at most 1,000."
    )
    gt: float | None = strawberry.field(default=strawberry.UNSET, description="Above this.")
    gte: float | None = strawberry.field(default=strawberry.UNSET, description="This or above.")
    lt: float | None = strawberry.field(default=strawberry.UNSET, description="Below this.")
    lte: float | None = strawberry.field(default=strawberry.UNSET, description="This or below.")
    is_null: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True: there is no number. False: there is one."
    )

    def test(self, at: Path) -> RangeTest:
        """The test."""
        return RangeTest(**members(self, at))


@strawberry.input(
    description="Comparisons of whole numbers. All that are given must hold; an unknown number lies within no"
    " bounds."
)
class IntFilter:
    """A test of whole numbers."""

    eq: SafeInt | None = strawberry.field(default=strawberry.UNSET, description="Exactly this.")
    ne: SafeInt | None = strawberry.field(
        default=strawberry.UNSET, description="Another number, or none at all."
    )
    in_: list[SafeInt] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these, at most 1,000."
    )
    gt: SafeInt | None = strawberry.field(default=strawberry.UNSET, description="Above this.")
    gte: SafeInt | None = strawberry.field(default=strawberry.UNSET, description="This or above.")
    lt: SafeInt | None = strawberry.field(default=strawberry.UNSET, description="Below this.")
    lte: SafeInt | None = strawberry.field(default=strawberry.UNSET, description="This or below.")
    is_null: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True: there is no number. False: there is one."
    )

    def test(self, at: Path) -> RangeTest:
        """The test."""
        return RangeTest(**members(self, at))


@strawberry.input(description="Comparisons of a size in bytes. An unknown size lies within none.")
class ByteSizeFilter(IntFilter):
    """A test of sizes."""


@strawberry.input(description="Comparisons of file types. All that are given must hold.")
class FileTypeFilter:
    """A test of types."""

    eq: FileType | None = strawberry.field(
        default=strawberry.UNSET, description="Exactly this type."
    )
    ne: FileType | None = strawberry.field(default=strawberry.UNSET, description="Another type.")
    in_: list[FileType] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these types."
    )
    not_in: list[FileType] | None = strawberry.field(
        default=strawberry.UNSET, description="None of these types."
    )

    def test(self, at: Path) -> ChoiceTest:
        """The test."""
        return ChoiceTest(**members(self, at))


@strawberry.input(
    description="Comparisons of where bytes are stored. All that are given must hold."
)
class StorageLocationFilter:
    """A test of locations."""

    eq: StorageLocation | None = strawberry.field(
        default=strawberry.UNSET, description="Exactly there."
    )
    ne: StorageLocation | None = strawberry.field(
        default=strawberry.UNSET, description="Elsewhere."
    )
    in_: list[StorageLocation] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these."
    )
    not_in: list[StorageLocation] | None = strawberry.field(
        default=strawberry.UNSET, description="None of these."
    )

    def test(self, at: Path) -> ChoiceTest:
        """The test."""
        return ChoiceTest(**members(self, at))
