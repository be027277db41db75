"""Filters of files and folders: a tree of tests, checked and then written as one SQL condition.

Members of one test must all hold; a test without members matches everything, `or_` of nothing matches nothing.
Pure: no session, no permission. Whoever may not see a row is kept from it by `access`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, collate, func, not_, or_, true
from sqlalchemy.orm import Mapped
from sqlmodel import col, select

from app.core.errors import Invalid, TooLarge
from app.core.texts import is_storable
from app.files.models import File, FileType, Folder, FolderAncestor, StorageLocation

MOST_LEVELS = 5
MOST_TESTS = 200
MOST_LISTED = 1_000
LONGEST_TEXT = 1_000

Condition = ColumnElement[Any]
Column = ColumnElement[Any] | Mapped[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdTest:
    """A comparison of ids."""

    eq: UUID | None = None
    in_: Sequence[UUID] | None = None
    not_in: Sequence[UUID] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTest:
    """A comparison of texts, character by character unless `ignore_case`."""

    eq: str | None = None
    in_: Sequence[str] | None = None
    contains: str | None = None
    starts_with: str | None = None
    ignore_case: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceTest:
    """A comparison with values of an enumeration."""

    eq: StrEnum | None = None
    in_: Sequence[StrEnum] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTest:
    """Bounds of an instant or a number. A missing value lies within no bounds."""

    gt: datetime | int | None = None
    gte: datetime | int | None = None
    lt: datetime | int | None = None
    lte: datetime | int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTest:
    """In this folder, or with `is_recursive` also anywhere below it."""

    folder_id: UUID
    is_recursive: bool = False


Test = IdTest | TextTest | ChoiceTest | RangeTest | PlaceTest | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFilter:
    """Which files. `is_component` looks at hidden parts of composites: see `condition`."""

    and_: "Sequence[FileFilter] | None" = None
    or_: "Sequence[FileFilter] | None" = None
    not_: "FileFilter | None" = None
    id: IdTest | None = None
    name: TextTest | None = None
    type: ChoiceTest | None = None
    folder: PlaceTest | None = None
    created_at: RangeTest | None = None
    byte_size: RangeTest | None = None
    storage_location: ChoiceTest | None = None
    is_component: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFilter:
    """Which folders. `tags` are names; a folder needs all of them."""

    id: IdTest | None = None
    name: TextTest | None = None
    created_at: RangeTest | None = None
    tags: Sequence[str] | None = None


F = TypeVar("F", FileFilter, FolderFilter)
_TREE = ("and_", "or_", "not_")


def check(tree: F) -> F:
    """The filter as it is. Raises TooLarge for one that is too deep, too wide or lists too much."""
    if isinstance(tree, FileFilter):
        _check_depth(tree)
    tests = list(_tests(tree))
    if len(tests) > MOST_TESTS:
        raise TooLarge(
            f"{len(tests)} tests; at most {MOST_TESTS} in one filter.", field=("filter",)
        )
    for test in tests:
        _check_values(test)
    return tree


def condition(tree: FileFilter) -> Condition:
    """The filter as SQL on `file`. Parts of composites are left out unless the filter speaks of them."""
    check(tree)
    if any(one.is_component is not None for one in _branches(tree)):
        return _of_file(tree)
    return and_(_of_file(tree), col(File.is_component).is_(False))


def folder_condition(given: FolderFilter) -> Condition:
    """The filter as SQL on `folder`, without its tags."""
    check(given)
    return and_(
        true(),
        *_ids(col(Folder.id), given.id),
        *_text(col(Folder.name), given.name),
        *_range(col(Folder.created_at), given.created_at),
    )


def in_folder(place: PlaceTest) -> Condition:
    """Whether a file is in this place, as SQL."""
    if not place.is_recursive:
        return col(File.folder_id) == place.folder_id
    below = select(FolderAncestor.folder_id).where(
        FolderAncestor.ancestor_id == place.folder_id,
        col(FolderAncestor.organisation_id) == col(File.organisation_id),
    )
    return col(File.folder_id).in_(below)


def _of_file(tree: FileFilter) -> Condition:
    parts = [
        *_ids(col(File.id), tree.id),
        *_text(col(File.name), tree.name),
        *_choice(col(File.type), tree.type, FileType),
        *_range(col(File.created_at), tree.created_at),
        *_range(col(File.byte_size), tree.byte_size),
        *_choice(col(File.storage_location), tree.storage_location, StorageLocation),
    ]
    if tree.folder is not None:
        parts.append(in_folder(tree.folder))
    if tree.is_component is not None:
        parts.append(col(File.is_component).is_(tree.is_component))
    parts.extend(map(_of_file, tree.and_ or ()))
    if tree.or_ is not None:
        parts.append(or_(~true(), *map(_of_file, tree.or_)))
    if tree.not_ is not None:
        parts.append(not_(func.coalesce(_of_file(tree.not_), ~true())))
    return and_(true(), *parts)


def _ids(column: Column, test: IdTest | None) -> Iterator[Condition]:
    if test is None:
        return
    if test.eq is not None:
        yield column == test.eq
    if test.in_ is not None:
        yield column.in_(test.in_)
    if test.not_in is not None:
        yield column.not_in(test.not_in)


def _text(column: Column, test: TextTest | None) -> Iterator[Condition]:
    if test is None:
        return
    fold: Callable[[Any], Any] = str
    if test.ignore_case:
        # the names' own collation knows the case of ASCII letters only
        column, fold = func.lower(collate(column, "default")), func.lower
    if test.eq is not None:
        yield column == fold(test.eq)
    if test.in_ is not None:
        yield column.in_([fold(value) for value in test.in_])
    if test.contains is not None:
        yield func.strpos(column, fold(test.contains)) > 0
    if test.starts_with is not None:
        yield func.starts_with(column, fold(test.starts_with))


def _choice(column: Column, test: ChoiceTest | None, kind: type[StrEnum]) -> Iterator[Condition]:
    if test is None:
        return
    if test.eq is not None:
        yield column == kind(test.eq)
    if test.in_ is not None:
        yield column.in_([kind(value) for value in test.in_])


def _range(column: Column, test: RangeTest | None) -> Iterator[Condition]:
    if test is None:
        return
    if test.gt is not None:
        yield column > test.gt
    if test.gte is not None:
        yield column >= test.gte
    if test.lt is not None:
        yield column < test.lt
    if test.lte is not None:
        yield column <= test.lte


def _children(tree: FileFilter) -> list[FileFilter]:
    negated = [] if tree.not_ is None else [tree.not_]
    return [*(tree.and_ or ()), *(tree.or_ or ()), *negated]


def _branches(tree: FileFilter) -> Iterator[FileFilter]:
    yield tree
    for child in _children(tree):
        yield from _branches(child)


def _check_depth(tree: FileFilter, level: int = 1) -> None:
    if level > MOST_LEVELS:
        raise TooLarge(f"The filter nests more than {MOST_LEVELS} levels deep.", field=("filter",))
    for child in _children(tree):
        _check_depth(child, level + 1)


def _tests(tree: F) -> Iterator[Any]:
    """Every test of the tree, the branches themselves included, so that empty ones are counted."""
    branches = _branches(tree) if isinstance(tree, FileFilter) else iter([tree])
    for branch in branches:
        yield branch
        for member in fields(branch):
            value = getattr(branch, member.name)
            if value is not None and member.name not in _TREE:
                yield value


def _check_values(test: Any) -> None:
    """Lists are bounded, and texts are such as the database can take."""
    values = [test] if isinstance(test, list | tuple) else _members(test)
    for value in values:
        listed = value if isinstance(value, list | tuple) else [value]
        if len(listed) > MOST_LISTED:
            raise TooLarge(
                f"A list of {len(listed):,}; at most {MOST_LISTED:,} in one test.",
                field=("filter",),
            )
        for text in listed:
            if isinstance(text, str) and not (is_storable(text) and len(text) <= LONGEST_TEXT):
                raise Invalid(
                    f"Texts of a filter have at most {LONGEST_TEXT:,} characters, and no U+0000.",
                    field=("filter",),
                )


def _members(test: Any) -> list[Any]:
    if isinstance(test, FileFilter | FolderFilter | bool):
        return []
    return [getattr(test, member.name) for member in fields(test)]
