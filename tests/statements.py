"""Counts the SQL that a request costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(slots=True)
class Statements:
    """Statements in the order they ran, without those that only enter a transaction."""

    texts: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def recorded(cls, engine: AsyncEngine) -> Iterator["Statements"]:
        """Record what runs on the engine inside the block."""
        recorded = cls()

        def note(_: Any, __: Any, statement: str, *rest: Any) -> None:
            if not statement.startswith("select set_config("):
                recorded.texts.append(statement)

        event.listen(engine.sync_engine, "before_cursor_execute", note)
        try:
            yield recorded
        finally:
            event.remove(engine.sync_engine, "before_cursor_execute", note)

    def clear(self) -> None:
        """Forget what ran so far."""
        self.texts.clear()

    def __len__(self) -> int:
        return len(self.texts)
