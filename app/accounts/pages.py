"""Pages and counts of the lists of many parents at once: the files of each of these folders, and so on."""

from collections.abc import Awaitable, Callable, Collection, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, bindparam, func, literal_column, select, true
from sqlalchemy.sql.selectable import TableValuedAlias

from app.accounts.actor import Actor
from app.accounts.batches import HotBatch
from app.core import paging
from app.core.compiled import Compiled
from app.core.paging import Listing, Page, Slice
from app.core.reads import Reads

ListingOf = Callable[[Actor, Any], Listing[Any]]
"""The list of a parent, whose id is given as a value or as an SQL expression."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Lists that depend on something else, which is read first; a mark tells what was found."""

    read: Callable[[Reads, Actor], Awaitable[tuple[Hashable, ListingOf]]]


Lists = ListingOf | Prepared


async def prepared(lists: Lists, reads: Reads, actor: Actor) -> tuple[Hashable, ListingOf]:
    """The lists, and a mark of what they depend on."""
    return await lists.read(reads, actor) if isinstance(lists, Prepared) else ((), lists)


@dataclass(frozen=True)
class PagesOf(HotBatch):
    """The same page of the list of each parent. `key` tells this kind of list from others."""

    key: Hashable
    page: Page
    listing: Lists = field(compare=False)

    async def read(
        self,
        reads: Reads,
        actor: Actor,
        keys: Collection[UUID],
        columns: frozenset[str] | None = None,
    ) -> dict[UUID, Slice[Any]]:
        """The page of each parent, by one statement; by one for each where cursors are given."""
        mark, of = await prepared(self.listing, reads, actor)
        if len(keys) == 1 or self.page.after is not None or self.page.before is not None:
            pages = {}
            for key in keys:
                kept: Hashable = ("listing", self.key, mark, actor.eyes, key)
                listing = reads.kept.get(kept, partial(of, actor, key))
                pages[key] = await paging.fetch(reads, actor.scope, listing, self.page, columns)
            return pages
        size = self.page.size
        kept = ("pages", self, mark, actor.eyes, columns)
        compiled, listing = reads.kept.get(kept, lambda: self._compiled(reads, of, actor, columns))
        arguments = compiled.arguments({"parents": list(keys), "size": size + 1})
        found: dict[UUID, list[Any]] = {key: [] for key in keys}
        for row in await reads.fetch(actor.scope, compiled.sql, arguments, plans=listing.plans):
            found[row["of_parent"]].append(row)
        return {
            key: paging.sliced(listing, self.page, rows, partial(_mark, of, actor, key))
            for key, rows in found.items()
        }

    def _compiled(
        self, reads: Reads, of: ListingOf, actor: Actor, columns: frozenset[str] | None
    ) -> tuple[Compiled, Listing[Any]]:
        parents = _parents()
        listing = of(actor, _PARENT)
        rows = paging.narrowed(listing.statement, listing.order, columns)
        rows = rows.order_by(*paging.ordered(listing.order, self.page))
        each = paging.limited(rows, listing.order, self.page).lateral("each")
        statement: Select[Any] = (
            select(*each.c, parents.c.id.label("of_parent"))
            .select_from(parents)
            .join(each, true())
            .order_by(*paging.resorted(each, listing.order, self.page))
        )
        return reads.compiler.compiled(statement), listing


@dataclass(frozen=True)
class CountsOf(HotBatch):
    """How many rows the list of each parent has, counted up to `cap`, and whether that is all."""

    key: Hashable
    cap: int
    listing: Lists = field(compare=False)

    async def read(
        self,
        reads: Reads,
        actor: Actor,
        keys: Collection[Any],
        columns: frozenset[str] | None = None,  # noqa: ARG002  a count has none
    ) -> dict[Any, tuple[int, bool]]:
        """The count of each parent, by one statement."""
        mark, of = await prepared(self.listing, reads, actor)
        if len(keys) == 1:
            (parent,) = keys
            kept: Hashable = ("listing", self.key, mark, actor.eyes, parent)
            listing = reads.kept.get(kept, lambda: of(actor, parent))
            return {parent: await paging.count(reads, actor.scope, listing, self.cap)}
        kept = ("counts", self.key, mark, actor.eyes)
        compiled, plans = reads.kept.get(kept, lambda: self._compiled(reads, of, actor))
        arguments = compiled.arguments({"parents": list(keys), "size": self.cap + 1})
        rows = await reads.fetch(actor.scope, compiled.sql, arguments, plans=plans)
        return {row[0]: (min(row[1], self.cap), row[1] <= self.cap) for row in rows}

    def _compiled(self, reads: Reads, of: ListingOf, actor: Actor) -> tuple[Compiled, str]:
        parents = _parents()
        listing = of(actor, _PARENT)
        counted = paging.counted(listing).scalar_subquery()
        statement = select(parents.c.id, counted).select_from(parents)
        return reads.compiler.compiled(statement), listing.plans


_PARENT: Any = literal_column("parent.id", Uuid)
"""The id of a parent. As text, since a column would bring its FROM into every subquery of the list."""


def _mark(of: ListingOf, actor: Actor, parent: UUID) -> str:
    return of(actor, parent).mark


def _parents() -> TableValuedAlias:
    wanted = bindparam("parents", None, type_=ARRAY(Uuid))
    return func.unnest(wanted, type_=Uuid).table_valued("id").render_derived(name="parent")
