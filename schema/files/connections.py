"""Pages of the feature's lists."""

from collections.abc import Callable
from typing import TypeVar

from app.core.paging import Page
from app.files.listings import Listing
from schema.context import Info
from schema.paging import Connection, listed

R = TypeVar("R")
N = TypeVar("N")


async def connected(
    info: Info, listing: Listing[R], asked: Page, of: Callable[[R], N]
) -> Connection[N]:
    """The page of the list that was asked for."""
    return await listed(info, listing.statement, listing.order, asked, of, key=listing.key)
