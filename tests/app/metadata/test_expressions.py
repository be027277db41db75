"""How a typed value is read in SQL."""

import re

import pytest

from app.metadata import expressions
from app.metadata.kinds import Enumeration, Scalar, ScalarKind


@pytest.mark.parametrize(
    ("type_", "sql"),
    [
        (Scalar(ScalarKind.NUMBER), "md_num_v1(attrs,'k12')"),
        (Scalar(ScalarKind.DATETIME), "md_num_v1(attrs,'k12')"),
        (Scalar(ScalarKind.BOOLEAN), "md_bool_v1(attrs,'k12')"),
        (Scalar(ScalarKind.VARCHAR), "(md_txt_v1(attrs,'k12') COLLATE \"C\")"),
        (Scalar(ScalarKind.UUID), "(md_txt_v1(attrs,'k12') COLLATE \"C\")"),
        (Enumeration(("a",)), "(md_txt_v1(attrs,'k12') COLLATE \"C\")"),
    ],
)
def test_each_type_is_read_by_one_expression(type_, sql):
    assert expressions.expression(type_, 12) == sql


def test_the_column_can_be_qualified():
    number = Scalar(ScalarKind.NUMBER)
    assert expressions.expression(number, 3, column="file.attrs") == "md_num_v1(file.attrs,'k3')"


def test_a_text_has_no_expression():
    with pytest.raises(ValueError, match="searched by words"):
        expressions.expression(Scalar(ScalarKind.TEXT), 1)


@pytest.mark.parametrize("statement", expressions.FUNCTIONS)
def test_every_function_may_be_indexed_and_used_below_row_security(statement):
    assert "LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF" in statement


def test_only_functions_that_are_made_are_called():
    made = re.findall(r"CREATE FUNCTION (\w+)\(", "".join(expressions.FUNCTIONS))
    kinds = [Scalar(kind) for kind in ScalarKind if kind is not ScalarKind.TEXT]
    called = {re.search(r"md_\w+", expressions.expression(kind, 1))[0] for kind in kinds}
    assert called == set(made)
