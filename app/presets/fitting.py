"""What makes a filter worth saving, and what of a saved one no longer fits. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from app.core.errors import Invalid, Path
from app.search import filters, predicates
from app.search.filters import FileFilter, MetadataTest
from app.search.keys import Keys

_NO_TESTS = {"and_", "or_", "not_"}
_MODIFIERS = {"ignore_case"}
GONE = "The plot of this region is gone, or not for you; take the region from the present plot."


@dataclass(frozen=True, slots=True)
class Footing:
    """What filters stand on: the declared keys, and of the plots that they name those which are there."""

    keys: Keys
    plot_ids: frozenset[UUID] = frozenset()


def is_empty(tree: FileFilter) -> bool:
    """Whether the filter says nothing: nowhere in it is there anything that a file is compared with."""
    return not any(_says(value) for _, one in filters.branches(tree) for value in _values(one))


def plots_of(tree: FileFilter) -> frozenset[UUID]:
    """The plots that the filter names regions of."""
    regions = (one.region for _, one in filters.branches(tree))
    return frozenset(region.plot_id for region in regions if region is not None)


def problems(tree: FileFilter, footing: Footing, at: Path = ()) -> list[Invalid]:
    """The tests of keys that are gone or of another type by now, and of plots that are gone; `at` is the path of
    the filter.
    """
    found = []
    for place, one in filters.branches(tree, at):
        if one.region is not None and one.region.plot_id not in footing.plot_ids:
            found.append(Invalid(GONE, field=(*place, "region", "plot_id")))
        for number, test in enumerate(one.metadata or ()):
            refused = _refused(test, footing.keys, (*place, "metadata", number))
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
