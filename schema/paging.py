"""Connections: pages of lists that can grow."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from sqlalchemy import Select

from app.accounts.tokens import TokenScope
from app.core import paging
from schema.context import Info
from schema.inputs import given

NodeType = TypeVar("NodeType")

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
    """Relay's edge."""

    cursor: str = strawberry.field(description="Where this row stands in the list.")
    node: NodeType = strawberry.field(description="The row.")


@strawberry.type(description="A page of a list, in the list's order.")
class Connection(Generic[NodeType]):
    """Relay's connection, with `nodes` and a count on request."""

    edges: list[Edge[NodeType]] = strawberry.field(description="The rows with their cursors.")
    nodes: list[NodeType] = strawberry.field(description="The rows alone.")
    page_info: PageInfo = strawberry.field(description="The bounds of this page.")
    counted: strawberry.Private[Callable[[int], Awaitable[tuple[int, bool]]]]

    @strawberry.field(description="How many rows the whole list has; counted only when selected.")
    async def total_count(
        self,
        up_to: Annotated[
            int, strawberry.argument(description="Stop counting here, 0 to 100,000.")
        ] = 10_000,
    ) -> TotalCount:
        value, is_exact = await self.counted(max(0, min(up_to, 100_000)))
        return TotalCount(value=value, is_exact=is_exact)


def page(first: int | None, after: str | None, last: int | None, before: str | None) -> paging.Page:
    """The page that a field's four arguments ask for."""
    return paging.Page(
        first=given(first), after=given(after), last=given(last), before=given(before)
    )


async def listed(
    info: Info,
    statement: Select[Any],
    order: paging.Order[Any],
    asked: paging.Page,
    of: Callable[[Any], NodeType],
    *,
    key: Any = None,
    needs: Sequence[TokenScope] = (TokenScope.READ,),
) -> Connection[NodeType]:
    """The page of `statement` that was asked for, if the credentials have one of the scopes it `needs`.

    `key` is the filter, so that cursors of another are refused.
    """
    info.context.actor.must_have(*needs)

    async def counted(cap: int) -> tuple[int, bool]:
        async with info.context.session() as session:
            return await paging.count(session, statement, cap)

    async with info.context.session() as session:
        part = await paging.fetch(session, statement, order, asked, key=key)
    return connection(part, of, counted)


def connection(
    part: paging.Slice[Any],
    of: Callable[[Any], NodeType],
    counted: Callable[[int], Awaitable[tuple[int, bool]]],
) -> Connection[NodeType]:
    """The connection of a page of rows."""
    nodes = [of(row) for row in part.rows]
    pairs = zip(part.cursors, nodes, strict=True)
    return Connection(
        edges=[Edge(cursor=cursor, node=node) for cursor, node in pairs],
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=part.has_next,
            has_previous_page=part.has_previous,
            start_cursor=part.cursors[0] if part.cursors else None,
            end_cursor=part.cursors[-1] if part.cursors else None,
        ),
        counted=counted,
    )
