"""Relations to one other row that are read together with a page, by the same statement."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select


@dataclass(frozen=True, slots=True)
class Join:
    """A relation that is read with a page: at most one of `rows`, by its id, for a column of the page."""

    column: str
    key: Hashable
    """Tells the statement of `rows` from others."""
    columns: tuple[str, ...]
    rows: Select[Any] = field(compare=False)

    def found(self, name: str, page: Sequence[Any]) -> dict[Any, "Joined | None"]:
        """What was joined under this name, for each value of the column; None: nothing."""
        found: dict[Any, Joined | None] = {None: None}
        labels = [(column, f"{name}.{column}") for column in self.columns]
        for row in page:
            key = row[self.column]
            if key not in found:
                is_there = row[f"{name}.id"] is not None
                found[key] = Joined((c, row[label]) for c, label in labels) if is_there else None
        return found


class Joined(dict[str, Any]):
    """The part of a row that was joined; its columns are attributes, too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"The column {name} was not asked for.") from None
