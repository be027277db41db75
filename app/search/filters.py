"""Filters of files: a bounded tree of tests, pure. How it becomes SQL stands in `conditions`.

Members of one test must all hold. A test without members matches everything, `or_` of nothing matches nothing;
`not_` holds wherever its test does not, missing values included.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from app.core.errors import Path, TooLarge
from app.embeddings.plots import RegionTest
from app.files import comparisons
from app.files.comparisons import ChoiceTest, IdTest, RangeTest, TextTest

MOST_LEVELS = 5
MOST_TESTS = 200
ARGUMENT: Path = ("filter",)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTest:
    """In this folder, or with `is_recursive` also anywhere below it."""

    folder_id: UUID
    is_recursive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataTest:
    """A test of a declared metadata key, by the one member that fits the key's type."""

    key: str
    text: TextTest | None = None
    number: RangeTest | None = None
    instant: RangeTest | None = None
    flag: bool | None = None
    words: str | None = None
    """All of these words, in any order, without regard to case."""
    exists: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFilter:
    """Which files. `is_component` looks at hidden parts of composites: see `conditions.condition`."""

    and_: "Sequence[FileFilter] | None" = None
    or_: "Sequence[FileFilter] | None" = None
    not_: "FileFilter | None" = None
    id: IdTest | None = None
    name: TextTest | None = None
    type: ChoiceTest | None = None
    folder: PlaceTest | None = None
    folder_tags: Sequence[str] | None = None
    """Names of tags, all of which the file's own folder has."""
    collection_id: IdTest | None = None
    region: RegionTest | None = None
    byte_size: RangeTest | None = None
    width: RangeTest | None = None
    height: RangeTest | None = None
    fps: RangeTest | None = None
    duration_seconds: RangeTest | None = None
    frame_count: RangeTest | None = None
    created_at: RangeTest | None = None
    updated_at: RangeTest | None = None
    created_by: IdTest | None = None
    mime_type: TextTest | None = None
    storage_location: ChoiceTest | None = None
    integration_id: IdTest | None = None
    is_component: bool | None = None
    metadata: Sequence[MetadataTest] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFilter(FileFilter):
    """A filter that was saved and is a part of another now: it may be as deep as one by itself."""


_TREE = ("and_", "or_", "not_")


def check(tree: FileFilter, at: Path = ARGUMENT) -> FileFilter:
    """The filter as it is. Raises for one that is too deep, too wide or lists too much; `at` is its path."""
    _check_depth(tree, at)
    listed = list(_tests(tree, at))
    if len(listed) > MOST_TESTS:
        raise TooLarge(f"{len(listed)} tests; at most {MOST_TESTS} in one filter.", field=at)
    for place, test in listed:
        _check_test(test, place)
    return tree


def branches(tree: FileFilter, at: Path = ARGUMENT) -> Iterator[tuple[Path, FileFilter]]:
    """The tree and every tree in it, each with its path."""
    yield at, tree
    for place, child in children(tree, at):
        yield from branches(child, place)


def children(tree: FileFilter, at: Path = ARGUMENT) -> Iterator[tuple[Path, FileFilter]]:
    """The trees right below, each with its path."""
    for name, some in (("and", tree.and_), ("or", tree.or_)):
        for position, child in enumerate(some or ()):
            yield (*at, name, position), child
    if tree.not_ is not None:
        yield (*at, "not"), tree.not_


def keys_of(tree: FileFilter) -> frozenset[str]:
    """The metadata keys that the filter names."""
    return frozenset(test.key for _, one in branches(tree) for test in one.metadata or ())


def speaks_of_parts(tree: FileFilter) -> bool:
    """Whether the filter says by itself what becomes of parts of composites."""
    return any(one.is_component is not None for _, one in branches(tree))


def _check_depth(tree: FileFilter, at: Path, level: int = 1) -> None:
    if level > MOST_LEVELS:
        raise TooLarge(f"The filter nests more than {MOST_LEVELS} levels deep.", field=at)
    for place, child in children(tree, at):
        _check_depth(child, place, 1 if isinstance(child, SavedFilter) else level + 1)


def _tests(tree: FileFilter, at: Path) -> Iterator[tuple[Path, Any]]:
    """Every test of the tree, and the branches without any, so that those are counted."""
    for place, branch in branches(tree, at):
        if _is_empty(branch):
            yield place, branch
        for member in fields(branch):
            value = getattr(branch, member.name)
            if member.name == "metadata":
                yield from (((*place, "metadata", n), test) for n, test in enumerate(value or ()))
            elif value is not None and member.name not in _TREE:
                yield (*place, member.name), value


def _is_empty(branch: FileFilter) -> bool:
    values = (getattr(branch, member.name) for member in fields(branch))
    return all(value is None or value == [] for value in values)


def _check_test(test: Any, at: Path) -> None:
    if isinstance(test, MetadataTest):
        comparisons.check(test.key, (*at, "key"))
        for name in ("text", "number", "instant", "words"):
            comparisons.check(getattr(test, name), (*at, "is", name))
    elif not isinstance(test, FileFilter | PlaceTest):
        comparisons.check(test, at)
