"""Inserts thousands of rows in one statement, on the driver's own connection.

COPY is refused below row-level security, so the rows travel as one array for each column. A column that has
one value in all rows travels as that value.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from app.core.db import Tx

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


async def insert(tx: Tx, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows`, each with a value for every one of `names`. JSON columns take JSON text."""
    if not rows:
        return
    driver = await tx.driver()
    statement, arguments = _prepared(table, names, list(zip(*rows, strict=True)))
    await driver.execute(statement, *arguments)


def _prepared(
    table: Table, names: Sequence[str], columns: Sequence[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """The statement and its arguments. Names come from the table, never from users."""
    chosen: list[str] = []
    unnested: list[str] = []
    arguments: list[Any] = []
    for name, values in zip(names, columns, strict=True):
        kind = _type_of(table.c[name])
        place = f"${len(arguments) + 1}"
        if _is_constant(values):
            chosen.append(f"{place}::{kind}")
            arguments.append(values[0])
        else:
            chosen.append(f"given.{name}_")
            unnested.append(name)
            arguments.append(list(values))
    if not unnested:  # equal rows: count them by any one column
        chosen[0], unnested = f"given.{names[0]}_", [names[0]]
        arguments[0] = list(columns[0])
    places = {name: position for position, name in enumerate(names, 1)}
    arrays = ", ".join(f"${places[name]}::{_type_of(table.c[name])}[]" for name in unnested)
    aliases = ", ".join(f"{name}_" for name in unnested)
    quoted = ", ".join(f'"{name}"' for name in names)
    parts = (
        f"insert into {table.name} ({quoted})",
        f"select {', '.join(chosen)}",
        f"from unnest({arrays}) as given({aliases})",
    )
    return " ".join(parts), arguments


def _is_constant(values: Sequence[Any]) -> bool:
    return values.count(values[0]) == len(values)


def _type_of(column: Column[Any]) -> str:
    # an array has no collation of its own
    return column.type.compile(dialect=_DIALECT).partition(" COLLATE")[0]
