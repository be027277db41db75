"""Keyset pages: a page is found by the sort values at its edge, so it does not move when rows come and go."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import FromClause, Select, bindparam, func, literal_column, select

from app.core import keysets
from app.core.compiled import Compiled, Compiler
from app.core.db import Scope
from app.core.errors import Invalid
from app.core.joins import Join
from app.core.keysets import Part
from app.core.orders import Order
from app.core.reads import AUTO, CUSTOM, Reads

T = TypeVar("T")
DEFAULT_SIZE = 50
LARGEST_SIZE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list: the first rows after a cursor, or the last ones before one."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def size(self) -> int:
        """How many rows, 1 to 1,000. Raises Invalid for anything else, and for both directions at once."""
        if self.first is not None and self.last is not None:
            raise Invalid("Give first or last, not both.", field=("last",))
        name, size = ("last", self.last) if self.last is not None else ("first", self.first)
        size = DEFAULT_SIZE if size is None else size
        if not 0 <= size <= LARGEST_SIZE:
            raise Invalid(f"{name} is {size}; it must be 0 to {LARGEST_SIZE:,}.", field=(name,))
        return size

    @property
    def is_backward(self) -> bool:
        """Whether the page is counted from the end."""
        return self.last is not None or (self.first is None and self.before is not None)


@dataclass(frozen=True, eq=False)
class Listing(Generic[T]):
    """A list that can be paged and counted: a select of one entity, and its order.

    `key` tells it from other lists, so that cursors do not mix. A listing may be kept and used again: what
    was compiled for it stays with it.
    """

    statement: Select[Any]
    order: Order[T]
    key: object = None
    is_filtered: bool = False
    """Whether good plans depend on the values that are looked for."""
    _compiled: dict[Any, Compiled] = field(default_factory=dict)

    @property
    def plans(self) -> str:
        """PostgreSQL's plan_cache_mode for it."""
        return CUSTOM if self.is_filtered else AUTO

    @cached_property
    def mark(self) -> str:
        """What its cursors begin with."""
        told = [self.order.name, self.order.is_descending, self.key]
        return hashlib.sha256(orjson.dumps(told, default=str)).hexdigest()[:10]

    def compiled(self, compiler: Compiler, key: Any, make: Callable[[], Select[Any]]) -> Compiled:
        """The statement of this key, made and compiled when it is first wanted."""
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = compiler.compiled(make())
        return found


@dataclass(frozen=True)
class Slice(Generic[T]):
    """The rows of a page in the list's order; cursors are made when they are asked for."""

    rows: Sequence[T]
    has_next: bool
    has_previous: bool
    order: Order[T]
    marked: Callable[[], str]

    @cached_property
    def mark(self) -> str:
        """What the cursors begin with."""
        return self.marked()

    def cursors(self) -> list[str]:
        """Where each row of the page stands."""
        return self.order.keys.cursors(self.rows, self.mark)

    def cursor(self, position: int) -> str:
        """Where a row of the page stands."""
        (found,) = self.order.keys.cursors([self.rows[position]], self.mark)
        return found


async def fetch(
    reads: Reads,
    scope: Scope,
    listing: Listing[T],
    page: Page,
    columns: frozenset[str] | None = None,
    joins: tuple[Join, ...] = (),
) -> Slice[T]:
    """One page of a list: rows with these columns, and those that the order needs; None: with all.

    What is joined stands in columns such as `j0.name`: the number of the join, and its column.
    """
    size, after, before = page.size, None, None
    if page.after is not None:
        after = listing.order.keys.values(page.after, listing.mark, "after")
    if page.before is not None:
        before = listing.order.keys.values(page.before, listing.mark, "before")
    parts = keysets.parts(listing.order, after, before)
    gaps = keysets.gaps(after), keysets.gaps(before)
    given = {**keysets.named("after", after), **keysets.named("before", before)}
    found: list[Any] = []
    for part in reversed(parts) if page.is_backward else parts:
        if len(found) <= size:  # else nobody looks at what follows
            key = (columns, joins, page.is_backward, *gaps, part.has_values, bound(size))
            make = partial(_of_part, listing, page, columns, joins, part)
            compiled = listing.compiled(reads.compiler, key, make)
            arguments = compiled.arguments(given | {"size": size + 1 - len(found)})
            found += await reads.fetch(scope, compiled.sql, arguments, plans=listing.plans)
    return sliced(listing, page, found, lambda: listing.mark)


def sliced(
    listing: Listing[T], page: Page, found: Sequence[T], marked: Callable[[], str]
) -> Slice[T]:
    """The page that was asked for, of rows that were read in its direction, one more than it has."""
    rows, more = found[: page.size], len(found) > page.size
    return Slice(
        rows[::-1] if page.is_backward else rows,
        has_next=(page.before is not None) if page.is_backward else more,
        has_previous=more if page.is_backward else page.after is not None,
        order=listing.order,
        marked=marked,
    )


def _of_part(
    listing: Listing[T],
    page: Page,
    columns: frozenset[str] | None,
    joins: Sequence[Join],
    part: Part[T],
) -> Select[Any]:
    """The statement of a page's rows in one part of the list, with parameters in place of cursors and size."""
    rows = narrowed(listing.statement, listing.order, columns).where(*part.conditions)
    rows = rows.order_by(*part.order.sorted(is_backward=page.is_backward))
    statement = limited(rows, part.order, page)
    if not joins:
        return statement
    bounded = statement.subquery("page")
    return joined(bounded, joins).order_by(*resorted(bounded, part.order, page))


def joined(rows: FromClause, joins: Sequence[Join]) -> Select[Any]:
    """The rows with what is joined to them: `j0.name` is the column `name` of the first join."""
    wanted, source = list[Any](rows.c), rows
    for number, join in enumerate(joins):
        other = join.rows.subquery(f"j{number}")
        source = source.outerjoin(other, other.c.id == rows.c[join.column])
        wanted += [other.c[name].label(f"j{number}.{name}") for name in join.columns]
    return select(*wanted).select_from(source)


def limited(statement: Select[Any], order: Order[Any], page: Page) -> Select[Any]:
    """The first rows of a statement, as many as the parameter `size` says.

    Planning takes longer than reading a page, and PostgreSQL keeps a plan only if it looks as good as those
    that are made for their arguments. One for any size would count on a tenth of the table; so the statement has
    a bound that the planner knows, too.
    """
    rows = statement.limit(literal_column(str(bound(page.size)))).subquery("bounded")
    return select(*rows.c).order_by(*resorted(rows, order, page)).limit(bindparam("size", 1))


def resorted(rows: FromClause, order: Order[Any], page: Page) -> list[Any]:
    """The same sort over rows that were selected."""
    return order.sorted(is_backward=page.is_backward, of=rows)


def bound(size: int) -> int:
    """A power of two above the size: few statements do for all sizes."""
    return 1 << max(size, 31).bit_length()


def narrowed(
    statement: Select[Any], order: Order[Any], columns: frozenset[str] | None
) -> Select[Any]:
    """The select of an entity with these columns of it alone, and those of the order."""
    table = statement.column_descriptions[0]["entity"].__table__
    needed = {column.name: column for column in order.columns}
    wanted = [
        one for one in table.c if columns is None or one.name in columns or one.name in needed
    ]
    made = [column for name, column in needed.items() if name not in table.c]
    return statement.with_only_columns(*wanted, *made, maintain_column_froms=True)


def ordered(order: Order[Any], page: Page) -> list[Any]:
    """How rows are sorted so that the page comes first."""
    return order.sorted(is_backward=page.is_backward)


async def count(reads: Reads, scope: Scope, listing: Listing[Any], cap: int) -> tuple[int, bool]:
    """How many rows, and whether that is all: counting stops at `cap`."""
    compiled = listing.compiled(reads.compiler, "count", lambda: counted(listing))
    arguments = compiled.arguments({"size": cap + 1})
    (row,) = await reads.fetch(scope, compiled.sql, arguments, plans=listing.plans)
    return min(row[0], cap), row[0] <= cap


def counted(listing: Listing[Any]) -> Select[Any]:
    """The statement of a count, with a parameter for where it stops."""
    limited: Select[Any] = listing.statement.with_only_columns(
        literal_column("1"), maintain_column_froms=True
    )
    limited = limited.order_by(None).limit(bindparam("size", 1))
    return select(func.count()).select_from(limited.subquery())


__all__ = [
    "DEFAULT_SIZE",
    "LARGEST_SIZE",
    "Listing",
    "Order",
    "Page",
    "Slice",
    "bound",
    "count",
    "counted",
    "fetch",
    "joined",
    "limited",
    "narrowed",
    "ordered",
    "resorted",
    "sliced",
]
