"""Saved filters as parts of a search. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.search.filters import FileFilter, PlaceTest, SavedFilter


@dataclass(frozen=True, slots=True)
class Preset:
    """A saved filter as a search takes it: below this folder, or None: wherever a file lies."""

    tree: FileFilter
    folder_id: UUID | None = None

    def whole(self) -> SavedFilter:
        """Filter and folder in one."""
        place = None
        if self.folder_id is not None:
            place = PlaceTest(folder_id=self.folder_id, is_recursive=True)
        return SavedFilter(folder=place, and_=[saved(self.tree)])


def saved(tree: FileFilter) -> SavedFilter:
    """The filter as one that was checked by itself: its depth does not add to that of the filter around it."""
    return SavedFilter(**{name: getattr(tree, name) for name in FileFilter.__dataclass_fields__})


def combined(tree: FileFilter, presets: Sequence[Preset]) -> FileFilter:
    """What both the filter and all of the presets let through."""
    if not presets:
        return tree
    return replace(tree, and_=[*(tree.and_ or ()), *(one.whole() for one in presets)])
