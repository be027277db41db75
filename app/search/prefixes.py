"""Beginnings of texts as a range, which an index in the order of code points serves."""

from typing import Any

from sqlalchemy import Text, and_, literal

from app.files import operators
from app.files.operators import Condition

_LAST = 0x10FFFF
_BEFORE_SURROGATES = 0xD7FF
_BEHIND_SURROGATES = 0xE000


def starts_with(column: Any, text: str, ignore_case: bool) -> Condition:
    """Whether a text begins with this one. The column is in the collation "C"; with its case folded, no range."""
    if ignore_case:
        return operators.starts_with(column, text, ignore_case)
    lower: Condition = column >= literal(text, Text())
    upper = behind(text)
    return lower if upper is None else and_(lower, column < literal(upper, Text()))


def behind(prefix: str) -> str | None:
    """The first text behind all that begin with the prefix, by code point; None if there is none."""
    kept = prefix.rstrip(chr(_LAST))
    if not kept:
        return None
    last = ord(kept[-1])
    following = _BEHIND_SURROGATES if last == _BEFORE_SURROGATES else last + 1
    return kept[:-1] + chr(following)
