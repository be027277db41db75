"""Statements that differ only in their values have one text, and each its own arguments."""

from uuid import UUID

import pytest
from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Uuid,
    bindparam,
    select,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import UserDefinedType

from app.core.compiled import Compiled, Compiler

ROWS = Table("rows", MetaData(), Column("id", Uuid), Column("name", String), Column("n", Integer))


def of_name(name: str | None, size: int = 1) -> Select[tuple[UUID]]:
    statement = select(ROWS.c.id).where(ROWS.c.name == name, ROWS.c.n > 7)
    return statement.limit(bindparam("size", size))


def spelled_out(number: int) -> ColumnElement[bool]:
    return ROWS.c.n > bindparam(None, number, literal_execute=True)


@pytest.fixture
def compiler() -> Compiler:
    return Compiler(10)


def test_a_statement_with_other_values_has_the_same_text_and_its_own_arguments(
    compiler: Compiler,
) -> None:
    first, second = compiler.compiled(of_name("a")), compiler.compiled(of_name("b", 5))
    assert second.sql is first.sql
    assert first.arguments({}) == ["a", 7, 1]
    assert second.arguments({}) == ["b", 7, 5]
    assert second.arguments({"size": 9}) == ["b", 7, 9]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (of_name("a"), of_name(None)),
        (of_name("a"), of_name("a").order_by(ROWS.c.n)),
        (of_name("a"), of_name("a").with_only_columns(ROWS.c.n)),
        (select(ROWS.c.id).limit(bindparam("few", 1)), select(ROWS.c.id).limit(bindparam("many", 1))),
        (select(ROWS.c.n.in_([1, 2])), select(ROWS.c.n.in_([1, 2, 3]))),
        (of_name("a").where(spelled_out(1)), of_name("a").where(spelled_out(2))),
    ],
    ids=["null", "order", "columns", "another name", "a longer list", "values in the text"],
)  # fmt: skip
def test_what_differs_otherwise_shares_nothing(
    compiler: Compiler, one: Select[tuple[UUID]], other: Select[tuple[UUID]]
) -> None:
    for statement in (one, other, one):
        assert compiler.compiled(statement) == Compiled.of(statement)


def test_values_are_made_ready_for_the_driver_each_time(compiler: Compiler) -> None:
    class Doubled(UserDefinedType[int]):
        cache_ok = True

        def bind_processor(self, dialect: object) -> object:  # noqa: ARG002  SQLAlchemy gives it
            return lambda value: value * 2

        def get_col_spec(self) -> str:
            return "integer"

    for number in (1, 2):
        statement = select(sql_cast(bindparam(None, number, Doubled()), Integer))
        assert compiler.compiled(statement).arguments({}) == [number * 2]


class Odd(FunctionElement[int]):
    inherit_cache = False


@compiles(Odd)
def _written(element: Odd, compiler: object, **_: object) -> str:
    return f"odd({id(element)})"


def test_what_sqlalchemy_may_not_keep_is_compiled_each_time(compiler: Compiler) -> None:
    for statement in (select(Odd()), select(Odd())):
        assert compiler.compiled(statement) == Compiled.of(statement)
