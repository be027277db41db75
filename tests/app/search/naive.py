"""Filters evaluated in plain Python, file by file: what SQL has to agree with."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.files.comparisons import IdTest, TextTest
from app.search.filters import FileFilter, MetadataTest, PlaceTest
from tests.app.search.shelf import OPTIONS, Known

Files = frozenset[int]
"""Which files of a shelf."""


def found(tree: FileFilter, files: Sequence[Known]) -> set[UUID]:
    """The ids of the files that pass, parts of composites only if the filter speaks of them."""
    passing = (files[number] for number in holding(tree, files))
    is_said = speaks_of_parts(tree)
    return {file.row.id for file in passing if is_said or not file.row.is_component}


def speaks_of_parts(tree: FileFilter) -> bool:
    below = [*(tree.and_ or ()), *(tree.or_ or ()), *([tree.not_] if tree.not_ else [])]
    return tree.is_component is not None or any(map(speaks_of_parts, below))


def holding(tree: FileFilter, files: Sequence[Known]) -> Files:
    """The files for which the tree holds."""
    left = everything = frozenset(range(len(files)))
    for member in fields(tree):
        given = getattr(tree, member.name)
        if given is None:
            continue
        match member.name:
            case "and_":
                left = left.intersection(*(holding(one, files) for one in given))
            case "or_":
                left &= Files().union(*(holding(one, files) for one in given))
            case "not_":
                left &= everything - holding(given, files)
            case name:
                left = frozenset(n for n in left if _passes(name, given, files[n]))
    return left


def _passes(name: str, test: Any, file: Known) -> bool:
    match name:
        case "is_component":
            return file.row.is_component == test
        case "folder":
            return _lies(test, file)
        case "folder_tags":
            return set(test) <= file.tags
        case "collection_id":
            return _collected(test, file.collections)
        case "metadata":
            return all(_metadata(one, file.document) for one in test)
    return compared(test, getattr(file.row, name))


def _lies(place: PlaceTest, file: Known) -> bool:
    return place.folder_id in (file.above if place.is_recursive else file.above[:1])


def _collected(test: IdTest, collections: set[UUID]) -> bool:
    return (
        (test.eq is None or test.eq in collections)
        and (test.in_ is None or not collections.isdisjoint(test.in_))
        and (test.not_in is None or collections.isdisjoint(test.not_in))
        and (test.is_null is None or test.is_null == (not collections))
    )


def compared(test: Any, value: Any) -> bool:
    """Whether a value, perhaps missing, passes a test."""
    if test is None:
        return True
    is_text = isinstance(test, TextTest)
    fold = str.lower if is_text and test.ignore_case else lambda one: one
    has = value is not None
    value = fold(value) if has else None

    def given(name: str) -> Any:
        found = getattr(test, name, None)
        return fold(found) if isinstance(found, str) else found

    def among(names: Sequence[Any]) -> bool:
        return has and value in [fold(one) for one in names]

    checks = {
        "eq": lambda x: has and value == x,
        "ne": lambda x: not has or value != x,
        "in_": among,
        "not_in": lambda xs: not among(xs),
        "gt": lambda x: has and value > x,
        "gte": lambda x: has and value >= x,
        "lt": lambda x: has and value < x,
        "lte": lambda x: has and value <= x,
        "contains": lambda x: has and x in value,
        "starts_with": lambda x: has and value.startswith(x),
        "is_null": lambda x: x != has,
    }
    return all(check(given(name)) for name, check in checks.items() if given(name) is not None)


def _metadata(test: MetadataTest, document: dict[str, Any]) -> bool:
    value = cast(test.key, document.get(test.key))
    text = test.text
    if test.key == "uuid" and text is not None:
        text = TextTest(**{name: _lower(getattr(text, name)) for name in TextTest.__slots__})
    if test.key == "text" and test.words is not None:
        words = test.words.lower().split()
        if not words or value is None or not set(words) <= set(value.lower().split()):
            return False
    return (
        compared(text, value)
        and compared(test.number, value)
        and compared(test.instant, value)
        and (test.flag is None or value is test.flag)
        and (test.exists is None or test.exists == (value is not None))
    )


def _lower(value: Any) -> Any:
    if isinstance(value, list):
        return [one.lower() for one in value]
    return value.lower() if isinstance(value, str) else value


def cast(key: str, value: Any) -> Any:
    """The value as its key's type; None if it does not fit."""
    is_text = isinstance(value, str)
    fits = {
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "boolean": value is True or value is False or value == "true",
        "datetime": is_text and value[:1] == "2",
        "uuid": is_text and len(value) == 36,
        "enum": value in OPTIONS,
        "varchar": is_text,
        "text": is_text,
    }
    made = {
        "boolean": lambda: value in {True, "true"},
        "datetime": lambda: datetime.fromisoformat(value).astimezone(UTC),
        "uuid": lambda: str(value).lower(),
        "varchar": lambda: value[:512],
    }
    return made.get(key, lambda: value)() if fits[key] else None
