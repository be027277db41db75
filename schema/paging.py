"""Connections: pages of lists that can grow."""

from collections.abc import Callable, Hashable, Sequence
from typing import Annotated, Any, Generic, Self, TypeVar, cast
from uuid import UUID

import strawberry

from app.accounts.pages import CountsOf, Lists, PagesOf
from app.accounts.tokens import TokenScope
from app.core import paging
from app.core.paging import Listing
from schema.context import Info
from schema.inputs import given
from schema.loading import looked_up, related

NodeType = TypeVar("NodeType")
R = TypeVar("R")

First = Annotated[
    int | None, strawberry.argument(description="How many from the start, 0 to 1,000; default 50.")
]
After = Annotated[str | None, strawberry.argument(description="Begin behind this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="How many from the end, 0 to 1,000.")]
Before = Annotated[str | None, strawberry.argument(description="End before this cursor.")]


@strawberry.type(description="Page bounds of a connection.")
class PageInfo:
    """Relay's page bounds."""

    has_next_page: bool = strawberry.field(description="Whether rows follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether rows come before this page.")
    start_cursor: str | None = strawberry.field(
        description="Cursor of the first row; null if none."
    )
    end_cursor: str | None = strawberry.field(description="Cursor of the last row; null if none.")


@strawberry.type(description="How many rows a connection has in all.")
class TotalCount:
    """A count that may have stopped at a cap."""

    value: int = strawberry.field(description="The number of rows, at most the cap.")
    is_exact: bool = strawberry.field(
        description="False when counting stopped at the cap, and value is a lower bound."
    )

    @classmethod
    def of(cls, found: tuple[int, bool] | None) -> Self:
        """The public form of a count and whether it is exact."""
        value, is_exact = found or (0, True)
        return cls(value=value, is_exact=is_exact)


@strawberry.type(description="A row in a page.")
class Edge(Generic[NodeType]):
    """Relay's edge: the row at a position of a page. What is not selected is not made."""

    part: strawberry.Private[paging.Slice[Any]]
    of: strawberry.Private[Callable[[Any], Any]]
    position: strawberry.Private[int]

    @strawberry.field(description="Where this row stands in the list.")
    def cursor(self) -> str:
        return self.part.cursor(self.position)

    @strawberry.field(description="The row.")
    def node(self) -> NodeType:
        found: NodeType = self.of(self.part.rows[self.position])
        return found


@strawberry.type(description="A page of a list, in the list's order.")
class Connection(Generic[NodeType]):
    """Relay's connection, with `nodes` and a count on request. What is not selected is not made."""

    part: strawberry.Private[paging.Slice[Any]]
    of: strawberry.Private[Callable[[Any], Any]]
    kind: strawberry.Private[Hashable]
    """Tells this kind of list from others; with `parent`, this list."""
    parent: strawberry.Private[Any]
    listing: strawberry.Private[Lists]

    @strawberry.field(description="The rows with their cursors.")
    def edges(self) -> list[Edge[NodeType]]:
        return [
            Edge(part=self.part, of=self.of, position=position)
            for position in range(len(self.part.rows))
        ]

    @strawberry.field(description="The rows alone.")
    def nodes(self) -> list[NodeType]:
        return list(map(self.of, self.part.rows))

    @strawberry.field(description="The bounds of this page.")
    def page_info(self) -> PageInfo:
        part = self.part
        return PageInfo(
            has_next_page=part.has_next,
            has_previous_page=part.has_previous,
            start_cursor=part.cursor(0) if part.rows else None,
            end_cursor=part.cursor(-1) if part.rows else None,
        )

    @strawberry.field(description="How many rows the whole list has; counted only when selected.")
    def total_count(
        self,
        info: Info,
        up_to: Annotated[
            int, strawberry.argument(description="Stop counting here, 0 to 100,000.")
        ] = 10_000,
    ) -> TotalCount:
        batch: Any = CountsOf(self.kind, max(0, min(up_to, 100_000)), self.listing)
        return looked_up(info, batch, self.parent, TotalCount.of)


def page(first: int | None, after: str | None, last: int | None, before: str | None) -> paging.Page:
    """The page that a field's four arguments ask for."""
    return paging.Page(
        first=given(first), after=given(after), last=given(last), before=given(before)
    )


async def listed(
    info: Info,
    listing: Listing[R],
    asked: paging.Page,
    of: Callable[[R], NodeType],
    needs: Sequence[TokenScope] = (TokenScope.READ,),
    *,
    into: Callable[..., Connection[Any]] = Connection,
) -> Connection[NodeType]:
    """The page of a list that was asked for, if the credentials have one of the scopes it `needs`.

    `into` makes the connection.
    """
    context = info.context
    context.actor.must_have(*needs)
    columns, joins = context.columns(info), context.joins(info)
    async with context.gate:
        part = await paging.fetch(
            context.runtime.reads, context.actor.scope, listing, asked, columns, joins
        )
    context.keep_joined(joins, part.rows)
    return into(part=part, of=of, kind=listing, parent=0, listing=lambda _, __: listing)


def nested(
    info: Info,
    kind: Hashable,
    parent: UUID,
    listing: Lists,
    asked: paging.Page,
    of: Callable[[R], NodeType],
    needs: Sequence[TokenScope] = (TokenScope.READ,),
) -> Connection[NodeType]:
    """The same of a list that hangs on a parent: those of many parents are read together.

    `kind` tells lists of this kind, filter and sort from others.
    """
    info.context.actor.must_have(*needs)
    _ = asked.size  # refuse a bad one before anything is read

    def connected(part: paging.Slice[R]) -> Connection[NodeType]:
        return Connection(part=part, of=of, kind=kind, parent=parent, listing=listing)

    batch: Any = PagesOf(kind, asked, listing)
    return cast("Connection[NodeType]", related(info, batch, parent, connected))
