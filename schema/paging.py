"""Connections: pages of lists that can grow."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from app.accounts.tokens import TokenScope
from app.core import paging
from app.core.paging import Listing
from schema.context import Info
from schema.inputs import given

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


@strawberry.type(description="A row in a page.")
class Edge(Generic[NodeType]):
    """Relay's edge: the row at a position of a page."""

    node: NodeType = strawberry.field(description="The row.")
    part: strawberry.Private[paging.Slice[Any]]
    position: strawberry.Private[int]

    @strawberry.field(description="Where this row stands in the list.")
    def cursor(self) -> str:
        return self.part.cursor(self.position)


Counted = Callable[[Info, int], Awaitable[tuple[int, bool]]]
"""How many rows a list has, and whether that is all; counting stops at the given number."""


@strawberry.type(description="A page of a list, in the list's order.")
class Connection(Generic[NodeType]):
    """Relay's connection, with `nodes` and a count on request. What is not selected is not made."""

    part: strawberry.Private[paging.Slice[Any]]
    of: strawberry.Private[Callable[[Any], Any]]
    counted: strawberry.Private[Counted]

    @strawberry.field(description="The rows with their cursors.")
    def edges(self) -> list[Edge[NodeType]]:
        nodes = map(self.of, self.part.rows)
        return [
            Edge(node=node, part=self.part, position=position)
            for position, node in enumerate(nodes)
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
    async def total_count(
        self,
        info: Info,
        up_to: Annotated[
            int, strawberry.argument(description="Stop counting here, 0 to 100,000.")
        ] = 10_000,
    ) -> TotalCount:
        value, is_exact = await self.counted(info, max(0, min(up_to, 100_000)))
        return TotalCount(value=value, is_exact=is_exact)


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
) -> Connection[NodeType]:
    """The page of the list that was asked for, if the credentials have one of the scopes it `needs`."""
    context = info.context
    context.actor.must_have(*needs)
    columns = context.columns(info)
    async with context.gate:
        part = await paging.fetch(
            context.runtime.reads, context.actor.scope, listing, asked, columns
        )
    return Connection(part=part, of=of, counted=partial(_counted, listing))


async def _counted(listing: Listing[Any], info: Info, cap: int) -> tuple[int, bool]:
    context = info.context
    async with context.gate:
        return await paging.count(context.runtime.reads, context.actor.scope, listing, cap)
