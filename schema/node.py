"""Everything that can be fetched again by its id."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import strawberry

from app.accounts.actor import Actor
from app.core import ids
from app.core.db import Session
from app.core.ids import Kind
from schema.context import Context


@strawberry.interface(description="Everything that can be fetched again by its id.")
class Node:
    """Relay's node. Ids are opaque: a prefix for the kind and a UUIDv7."""

    id: strawberry.ID = strawberry.field(description="Globally unique, opaque, stable.")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the nodes of a kind come from: a batch function of rows, and the public form of one."""

    rows: Callable[[Session, Actor, Sequence[UUID]], Awaitable[dict[UUID, Any]]]
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
