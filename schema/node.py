"""Everything that can be fetched again by its id."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self
from uuid import UUID

import strawberry
from sqlmodel import SQLModel

from app.core import ids
from app.core.ids import Kind
from schema.context import Batch, Context


@strawberry.interface(description="Everything that can be fetched again by its id.")
class Node:
    """Relay's node. Ids are opaque: a prefix for the kind and a UUIDv7."""

    id: strawberry.ID = strawberry.field(description="Globally unique, opaque, stable.")


class Stored:
    """Base of public types that are views of a row: plain fields are its columns, read when wanted.

    What a resolver reads of the row is said by `loading.reads`; one that does not say it gets all columns.
    """

    KIND: ClassVar[Kind]
    MODEL: ClassVar[type[SQLModel]]
    row: strawberry.Private[Any]

    @classmethod
    def of(cls, row: Any) -> Self:
        """The public form of a row, which may hold some of the columns only."""
        found = object.__new__(cls)
        found.row = row
        return found

    def __getattr__(self, name: str) -> Any:
        if name == "id":
            return ids.encode(self.KIND, self.row.id)
        if name.startswith("_") or name == "row":
            raise AttributeError(name)
        return getattr(self.row, name)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the nodes of a kind come from: a batch function of rows, and the public form of one."""

    rows: Batch[UUID, Any]
    of: Callable[[Any], Node]


Sources = dict[Kind, Source]


async def fetch(context: Context, sources: Sources, public_id: str) -> Node | None:
    """The node of a public id; None alike for what is unknown, foreign or forbidden."""
    found = ids.split(public_id)
    source = sources.get(found[0]) if found else None
    if found is None or source is None:
        return None
    row = await context.load(source.rows, found[1])
    return source.of(row) if row is not None else None
