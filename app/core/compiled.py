"""SQLAlchemy's statements as text and arguments for the driver, compiled once and run often."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import BindParameter, Select
from sqlalchemy.dialects.postgresql import asyncpg

from app.core.memo import Memo

Parameters = Sequence[BindParameter[Any]]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement. Some of its arguments are fixed; the others are given by name when it runs."""

    sql: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]

    @classmethod
    def of(cls, statement: Select[Any]) -> Self:
        """Compile; values that stand in the statement are fixed."""
        compiled = _compiled(statement)
        given, processors = compiled.construct_params(), compiled._bind_processors
        names = tuple(compiled.positiontup or ())
        fixed = {name: _processed(processors.get(name), given[name]) for name in names}
        return cls(compiled.string, names, fixed)

    def arguments(self, given: Mapping[str, Any]) -> list[Any]:
        """The arguments in order, those of `given` in the place of the statement's own."""
        return [given[name] if name in given else self.fixed[name] for name in self.names]


class Compiler:
    """Compiles statements; of those that differ only in their values the first one alone.

    To compile takes three times as long as to build the statement. SQLAlchemy's engines do the same with the same
    keys, of which it says that they hold all that the text depends on.
    """

    def __init__(self, capacity: int) -> None:
        self._texts: Memo[_Text | None] = Memo(capacity)

    def compiled(self, statement: Select[Any]) -> Compiled:
        """The same as `Compiled.of`."""
        key: Any = statement._generate_cache_key()
        if key is None:
            return Compiled.of(statement)
        text = self._texts.get(key.key, lambda: _Text.of(statement, key.bindparams))
        return Compiled.of(statement) if text is None else text.filled(key.bindparams)


@dataclass(frozen=True, slots=True)
class _Text:
    """What equal statements have in common."""

    sql: str
    names: tuple[str, ...]
    places: Mapping[str, int]
    """Where the value of each name stands among the statement's parameters."""
    processors: Mapping[str, Callable[[Any], Any]]

    @classmethod
    def of(cls, statement: Select[Any], parameters: Parameters) -> Self | None:
        """None if the text depends on values, as that of a list of them does."""
        compiled = _compiled(statement)
        names = tuple(compiled.positiontup or ())
        known = {id(one): place for place, one in enumerate(parameters)}
        found = {name: known.get(id(compiled.binds.get(name))) for name in names}
        places = {name: place for name, place in found.items() if place is not None}
        spelled_out = compiled.post_compile_params or compiled.literal_execute_params
        if spelled_out or len(places) < len(found):
            return None
        return cls(compiled.string, names, places, compiled._bind_processors)

    def filled(self, parameters: Parameters) -> Compiled:
        """With the values of a statement."""
        fixed = {
            name: _processed(self.processors.get(name), parameters[place].effective_value)
            for name, place in self.places.items()
        }
        return Compiled(self.sql, self.names, fixed)


def _compiled(statement: Select[Any]) -> Any:
    return statement.compile(
        dialect=asyncpg.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )


def _processed(processor: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if processor is None else processor(value)
