"""SQLAlchemy's statements as text and arguments for the driver, compiled once and run often."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import asyncpg


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement. Some of its arguments are fixed; the others are given by name when it runs."""

    sql: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]

    @classmethod
    def of(cls, statement: Select[Any]) -> Self:
        """Compile; values that stand in the statement are fixed."""
        compiled: Any = statement.compile(
            dialect=asyncpg.dialect(),  # type: ignore[no-untyped-call]
            compile_kwargs={"render_postcompile": True},
        )
        processors = compiled._bind_processors
        given = compiled.construct_params()
        names = tuple(compiled.positiontup or ())
        fixed = {
            name: processors[name](value) if name in processors else value
            for name, value in given.items()
        }
        return cls(compiled.string, names, fixed)

    def arguments(self, given: Mapping[str, Any]) -> list[Any]:
        """The arguments in order, those of `given` in the place of the statement's own."""
        return [given[name] if name in given else self.fixed[name] for name in self.names]
