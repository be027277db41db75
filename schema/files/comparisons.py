"""Comparisons that filters are made of, and how they become those of `app.files`."""

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from app.core import ids
from app.core.errors import Invalid
from app.core.ids import Kind
from app.files.filters import ChoiceTest, IdTest, PlaceTest, RangeTest, TextTest
from schema.files.enums import FileType, StorageLocation
from schema.inputs import given
from schema.scalars import SafeInt

T = TypeVar("T")
NOWHERE = UUID(int=0)


def member(value: T | None, name: str) -> T | None:
    """A member of a filter; None if it was left out. Null is refused: it would mean nothing."""
    if value is None:
        raise Invalid(f"{name} is null; leave it out instead.", field=("filter", name))
    return given(value)


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
        default=strawberry.UNSET, description="None of these, at most 1,000."
    )

    def test(self, kind: Kind) -> IdTest:
        """The test, for ids of this kind. Ids of no such thing match nothing."""
        eq, in_ = member(self.eq, "eq"), member(self.in_, "in")
        not_in = member(self.not_in, "notIn")
        found = None if in_ is None else known(kind, in_)
        if eq is not None:
            only = known(kind, [eq])
            found = only if found is None else [one for one in only if one in found]
        return IdTest(in_=found, not_in=None if not_in is None else known(kind, not_in))


@strawberry.input(description="Comparisons of text. All that are given must hold.")
class StringFilter:
    """A test of texts, of at most 1,000 characters each."""

    eq: str | None = strawberry.field(default=strawberry.UNSET, description="Exactly this text.")
    in_: list[str] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these texts, at most 1,000."
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

    def test(self) -> TextTest:
        """The test."""
        return TextTest(
            eq=member(self.eq, "eq"),
            in_=member(self.in_, "in"),
            contains=member(self.contains, "contains"),
            starts_with=member(self.starts_with, "startsWith"),
            ignore_case=self.ignore_case,
        )


@strawberry.input(description="Bounds of an instant. All that are given must hold.")
class DateTimeFilter:
    """A test of instants."""

    gt: datetime | None = strawberry.field(default=strawberry.UNSET, description="After this.")
    gte: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="At this instant or after."
    )
    lt: datetime | None = strawberry.field(default=strawberry.UNSET, description="Before this.")
    lte: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="At this instant or before."
    )

    def test(self) -> RangeTest:
        """The test."""
        return _range(self)


@strawberry.input(description="Bounds of a size in bytes. An unknown size lies within none.")
class ByteSizeFilter:
    """A test of sizes."""

    gt: SafeInt | None = strawberry.field(default=strawberry.UNSET, description="Above this.")
    gte: SafeInt | None = strawberry.field(default=strawberry.UNSET, description="This or above.")
    lt: SafeInt | None = strawberry.field(default=strawberry.UNSET, description="Below this.")
    lte: SafeInt | None = strawberry.field(default=strawberry.UNSET, description="This or below.")

    def test(self) -> RangeTest:
        """The test."""
        return _range(self)


@strawberry.input(description="Comparisons of file types.")
class FileTypeFilter:
    """A test of types."""

    eq: FileType | None = strawberry.field(
        default=strawberry.UNSET, description="Exactly this type."
    )
    in_: list[FileType] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these types."
    )

    def test(self) -> ChoiceTest:
        """The test."""
        return ChoiceTest(eq=member(self.eq, "eq"), in_=member(self.in_, "in"))


@strawberry.input(description="Comparisons of where bytes are stored.")
class StorageLocationFilter:
    """A test of locations."""

    eq: StorageLocation | None = strawberry.field(
        default=strawberry.UNSET, description="Exactly there."
    )
    in_: list[StorageLocation] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these."
    )

    def test(self) -> ChoiceTest:
        """The test."""
        return ChoiceTest(eq=member(self.eq, "eq"), in_=member(self.in_, "in"))


@strawberry.input(description="A folder, perhaps with everything below it.")
class FolderPlaceFilter:
    """A test of where a file lies."""

    id: strawberry.ID = strawberry.field(description="The folder.")
    recursive: bool = strawberry.field(
        default=False, description="Whether folders below it count, too."
    )

    def test(self) -> PlaceTest:
        """The test. A folder that cannot be matches nothing."""
        (folder_id, *_) = [*known(Kind.FOLDER, [self.id]), NOWHERE]
        return PlaceTest(folder_id=folder_id, is_recursive=self.recursive)


def _range(bounds: Any) -> RangeTest:
    names = ("gt", "gte", "lt", "lte")
    return RangeTest(**{name: member(getattr(bounds, name), name) for name in names})
