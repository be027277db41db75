"""Counts the SQL that a request costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from app.core.runtime import Runtime


@dataclass(slots=True)
class Statements:
    """Statements in the order they ran, without those that only enter a transaction."""

    texts: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def recorded(cls, runtime: Runtime) -> Iterator["Statements"]:
        """Record what the application's role runs inside the block."""
        recorded = cls()

        def note(statement: str) -> None:
            if not statement.startswith("select set_config("):
                recorded.texts.append(statement)

        def heard(_: Any, __: Any, statement: str, *rest: Any) -> None:
            note(statement)

        engine, listeners = runtime.db.engine.sync_engine, runtime.reads.listeners
        event.listen(engine, "before_cursor_execute", heard)
        listeners.append(note)
        try:
            yield recorded
        finally:
            event.remove(engine, "before_cursor_execute", heard)
            listeners.remove(note)

    def clear(self) -> None:
        """Forget what ran so far."""
        self.texts.clear()

    def __len__(self) -> int:
        return len(self.texts)
