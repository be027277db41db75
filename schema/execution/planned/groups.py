"""Rows that share what a field depends on: the field is worked out once for them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from schema.execution.planned.plan import Wanted


@dataclass(slots=True)
class Group:
    """Rows that share what a field depends on: the field is worked out for the `firsts` only."""

    firsts: Collection[Any]
    keys: Sequence[Any] | None = None
    """Of all rows, if it depends on one column; `distinct` are those of the firsts."""
    distinct: Collection[Any] = ()

    def spread(self, values: list[Any]) -> list[Any]:
        """The value of each row."""
        if self.keys is None:
            return values
        by_key = dict(zip(self.distinct, values, strict=True))
        return [by_key[key] for key in self.keys]


def grouped(one: Wanted, rows: Sequence[Any]) -> Group:
    """The rows by what the field depends on, where that is one column whose values can be told apart quickly."""
    if one.call is None or one.reads is None or len(one.reads) != 1 or one.reads == ("id",):
        return Group(rows)
    name = one.reads[0]
    keys = [row[name] for row in rows]
    if {*map(type, keys)} & {dict, list}:
        return Group(rows)
    firsts = dict(zip(keys, rows, strict=True))
    return Group(firsts.values(), keys, firsts)
