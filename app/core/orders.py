"""Sorts of lists: by columns or expressions, the id last, so that no two rows are equal."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from sqlalchemy import FromClause

from app.core.page_cursors import Keys

T = TypeVar("T")


@dataclass(frozen=True)  # slots and a subscripted generic do not go together in Python 3.11
class Order(Generic[T]):
    """A sort: columns of the entity or labelled expressions, the id last.

    All go in one direction but those that are `turned`. Rows without a value in a `nullable` one come last in
    either direction. Both hold names of columns.
    """

    columns: Sequence[Any]
    is_descending: bool = False
    name: str = "id"
    nullable: frozenset[str] = frozenset()
    turned: frozenset[str] = frozenset()

    @cached_property
    def keys(self) -> Keys:
        """What reads and writes its cursors."""
        return Keys(self.columns, self.nullable)

    def is_down(self, column: Any) -> bool:
        """Whether great values come first in this column."""
        return self.is_descending != (column.name in self.turned)

    def sorted(self, *, is_backward: bool = False, of: FromClause | None = None) -> list[Any]:
        """ORDER BY of the list, or of the list from its end; `of` are rows that were selected already."""
        return [self._sorted(column, is_backward, of) for column in self.columns]

    def _sorted(self, column: Any, is_backward: bool, of: FromClause | None) -> Any:
        shown = column if of is None else of.c[column.name]
        key = shown.desc() if self.is_down(column) != is_backward else shown.asc()
        if column.name not in self.nullable:
            return key
        return key.nulls_first() if is_backward else key.nulls_last()
