"""Search in names and in texts of metadata for a part of them, below row security and with an index.

`LIKE` is not leakproof, so that PostgreSQL keeps it from an index wherever there is a policy. The operators `~~~`
and `~~~*` are `LIKE` and `ILIKE` by other names, leakproof, with indexes of trigrams below them (docs/adr/0015).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Boolean, ColumnElement, Text, any_, collate, literal
from sqlalchemy.orm import Mapped

from app.files import operators

MOST_IN_ANY_CASE = 20
"""Texts of a list; to compare a name with each of many takes longer than to look its small letters up."""
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


def among(column: Column, texts: Sequence[str]) -> ColumnElement[bool]:
    """Whether a name is one of the texts but for the case of letters. An index finds a few."""
    if len(texts) > MOST_IN_ANY_CASE:
        return operators.among_texts(column, texts, ignore_case=True)
    return _like(column, any_(literal([_escaped(one) for one in texts], ARRAY(Text()))), True)


def _like(column: Column, pattern: Any, ignore_case: bool) -> ColumnElement[bool]:
    # the collation of the index; the names' own knows the case of ASCII letters only
    name: ColumnElement[Any] = collate(column, "default")
    operator = "~~~*" if ignore_case else "~~~"
    return name.op(operator, is_comparison=True, return_type=Boolean())(pattern)


def _escaped(text: str) -> str:
    """The text as a pattern that matches itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
