"""What makes a filter worth saving, and what of a saved one no longer fits. Pure."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from app.core.errors import Invalid, Path
from app.search import filters, predicates
from app.search.filters import FileFilter, MetadataTest
from app.search.keys import Keys

_NO_TESTS = {"and_", "or_", "not_"}
_MODIFIERS = {"ignore_case"}


def is_empty(tree: FileFilter) -> bool:
    """Whether the filter says nothing: nowhere in it is there anything that a file is compared with."""
    return not any(_says(value) for _, one in filters.branches(tree) for value in _values(one))


def problems(tree: FileFilter, keys: Keys, at: Path = ()) -> list[Invalid]:
    """The tests of keys that are gone, or are of another type by now; `at` is the path of the filter."""
    found = []
    for place, one in filters.branches(tree, at):
        for number, test in enumerate(one.metadata or ()):
            refused = _refused(test, keys, (*place, "metadata", number))
            if refused is not None:
                found.append(refused)
    return found


def _refused(test: MetadataTest, keys: Keys, at: Path) -> Invalid | None:
    try:
        predicates.fitted(test, keys.find(test.key, (*at, "key")), at)
    except Invalid as refused:
        return refused
    return None


def _values(one: FileFilter) -> Iterator[Any]:
    for member in fields(one):
        if member.name not in _NO_TESTS:
            yield getattr(one, member.name)


def _says(value: Any) -> bool:
    """Whether a member of a filter compares with something."""
    if value is None or isinstance(value, list | tuple):
        return bool(value)
    if not hasattr(value, "__dataclass_fields__"):
        return True
    compared = [getattr(value, one.name) for one in fields(value) if one.name not in _MODIFIERS]
    return any(one is not None for one in compared)
