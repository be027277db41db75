"""A field that depends on one column is worked out once for each of its values."""

from types import SimpleNamespace
from typing import Any

import pytest

from schema.execution.planned.groups import grouped


@pytest.mark.parametrize(
    ("values", "worked_out"),
    [
        (["a", "b", "a"], 2),
        ([None, None], 1),
        ([{"a": 1}, {"a": 1}], 2),
        ([[1], None, [1]], 3),
        ([], 0),
    ],
)
def test_each_row_gets_what_belongs_to_it(values: list[Any], worked_out: int) -> None:
    one: Any = SimpleNamespace(call=lambda row: row, reads=("document",))
    group = grouped(one, [{"document": value} for value in values])
    assert len(group.firsts) == worked_out
    assert group.spread([row["document"] for row in group.firsts]) == values
