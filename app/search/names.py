"""Search in names for a part of them, below row security and with an index.

`LIKE` is not leakproof, so that PostgreSQL keeps it from an index wherever there is a policy. The operators `~~~`
and `~~~*` are `LIKE` and `ILIKE` by other names, leakproof, with an index of trigrams below them (docs/adr/0015).
"""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, collate
from sqlalchemy.orm import Mapped

Column = ColumnElement[Any] | Mapped[Any]


def contains(column: Column, text: str, ignore_case: bool = False) -> ColumnElement[bool]:
    """Whether the text stands in a name, every character for itself.

    From three letters or digits in a row an index finds it; less is looked for in every name that the other
    conditions leave.
    """
    return _like(column, f"%{_escaped(text)}%", ignore_case)


def starts_with(column: Column, text: str, ignore_case: bool = False) -> ColumnElement[bool]:
    """Whether a name begins with the text."""
    return _like(column, f"{_escaped(text)}%", ignore_case)


def equals(column: Column, text: str) -> ColumnElement[bool]:
    """Whether a name is the text but for the case of letters; with the case, `=` is quicker."""
    return _like(column, _escaped(text), ignore_case=True)


def _like(column: Column, pattern: str, ignore_case: bool) -> ColumnElement[bool]:
    # the collation of the index; the names' own knows the case of ASCII letters only
    name: ColumnElement[Any] = collate(column, "default")
    operator = "~~~*" if ignore_case else "~~~"
    return name.op(operator, is_comparison=True, return_type=Boolean())(pattern)


def _escaped(text: str) -> str:
    """The text as a pattern that matches itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
