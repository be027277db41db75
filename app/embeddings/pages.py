"""Pages of the files nearest to something: cut from one result, so that none repeats or drops a file.

A cursor names the result and a place in it. If the result was lost, or holds too little for the page, the search
is made again. Files are read as the caller sees them now; those that have gone since are passed over.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Float,
    Integer,
    Select,
    Uuid,
    bindparam,
    column,
    func,
)

from app.accounts.actor import Actor
from app.core import clock, paging
from app.core.errors import Invalid
from app.core.joins import Join
from app.core.paging import Listing, Page, Slice
from app.core.reads import Row
from app.core.runtime import Runtime
from app.embeddings import anchors, plans, results, similarity
from app.embeddings.anchors import SimilarityRequest
from app.embeddings.asked import Beside, Candidates
from app.embeddings.results import Result, Results
from app.embeddings.similarity import Found, Hit, Search

MARK_BYTES = 9
_CURSOR = re.compile(r"([\w-]{12})([\w-]{12})([0-9]{1,3})", re.ASCII)
"""Which search it belongs to, which result, and the place in that."""


@dataclass(frozen=True)
class Ranked(Slice[Row]):
    """A page of hits: files with `score`, `frame` and `place`, and what the search cost."""

    name: str = field(kw_only=True)
    """Of the result."""
    result: Result = field(kw_only=True)
    is_stored: bool = field(kw_only=True)
    """Whether it was cut from a result that was there already."""

    def cursors(self) -> list[str]:
        """Where each row of the page stands."""
        return [f"{self.mark}{self.name}{row['place']}" for row in self.rows]

    def cursor(self, position: int) -> str:
        """Where a row of the page stands."""
        return f"{self.mark}{self.name}{self.rows[position]['place']}"


async def fetch(
    runtime: Runtime,
    actor: Actor,
    request: SimilarityRequest,
    candidates: Candidates,
    page: Page,
    columns: frozenset[str] | None = None,
    joins: tuple[Join, ...] = (),
) -> Ranked:
    """One page of the files nearest to what was asked for: rows as in `paging.fetch`.

    Raises Invalid for a cursor of another search, and whatever `anchors.resolved` does.
    """
    work = _Pager(runtime, actor, request, candidates, page, columns, joins)
    return await work.fetched()


@dataclass(slots=True)
class _Pager:
    """Makes one page."""

    runtime: Runtime
    actor: Actor
    request: SimilarityRequest
    candidates: Candidates
    page: Page
    columns: frozenset[str] | None
    joins: tuple[Join, ...]
    mark: str = field(init=False)
    name: str = ""
    """Of the result."""
    result: Result | None = None
    at_hand: Sequence[Row] = ()
    """Rows of the first places that were read with the search."""
    is_kept: bool = True
    """Whether Valkey has the result as it is here."""
    is_stored: bool = True
    """Whether the page comes from a result that was kept."""

    def __post_init__(self) -> None:
        told = (self.candidates.listing.mark, self.actor.eyes, self.request)
        digest = hashlib.sha256(repr(told).encode()).digest()
        self.mark = _text_of(digest[:MARK_BYTES])

    async def fetched(self) -> Ranked:
        """The page."""
        page, wanted = self.page, self.page.size + 1
        places = await self._places()
        if page.is_backward:
            rows = await self._from_the_end(places, wanted)
        else:
            rows = await self._from_the_start(places, wanted)
        return self._ranked(rows)

    async def _places(self) -> range:
        """Between which places the page lies; the result is there if it was kept."""
        after, before = self._read_cursor("after"), self._read_cursor("before")
        if after and before and after[0] != before[0]:
            raise _of_another("before")
        known = after or before
        self.name = known[0] if known else _text_of(clock.random_bytes(MARK_BYTES))
        if known:
            self.result = await (await self._results()).kept(self._kept_as, self.actor.scope)
        return range(after[1] + 1 if after else 0, before[1] if before else plans.MOST_HITS)

    async def _from_the_start(self, places: range, wanted: int) -> list[Row]:
        """The rows of the first places; of the next ones, too, where files have gone."""
        rows: list[Row] = []
        at, width = places.start, wanted
        while len(rows) < wanted and at < places.stop:
            known = await self._reaching(min(at + wanted - len(rows), places.stop))
            hits = known.hits[at : min(at + width, places.stop)]
            if not hits:
                break
            rows += await self._read(at, hits)
            at, width = at + len(hits), width * 2
        return rows[:wanted]

    async def _from_the_end(self, places: range, wanted: int) -> list[Row]:
        """The same from the last place on; rows in this order, the last one first."""
        rows: list[Row] = []
        known = await self._reaching(places.stop)
        end, width = min(places.stop, len(known.hits)), wanted
        while len(rows) < wanted and end > places.start:
            start = max(end - width, places.start)
            rows += reversed(await self._read(start, known.hits[start:end]))
            end, width = start, width * 2
        return rows[:wanted]

    async def _reaching(self, stop: int) -> Result:
        """The result, grown until it reaches this place if it can."""
        known = self.result
        while known is None or (len(known.hits) < stop and known.can_grow):
            search, found = await self._found(known, max(1, min(stop, plans.MOST_HITS)))
            self.at_hand = found.rows
            known = known.grown(found) if known else Result.of(search, found)
            self.result, self.is_kept, self.is_stored = known, False, False
        return known

    async def _found(self, known: Result | None, wanted: int) -> tuple[Search, Found]:
        try:
            search = known.search if known else await self._resolved()
            return search, await self._nearest(search, wanted, None if known else self._beside())
        except asyncpg.UndefinedTableError:  # the key was deleted, or has another type by now
            search = await self._resolved(anew=True)
            return search, await self._nearest(search, wanted, None)

    async def _nearest(self, search: Search, wanted: int, beside: Beside | None) -> Found:
        reads = self.runtime.reads
        return await similarity.nearest(reads, search, self.candidates, wanted, beside)

    async def _resolved(self, *, anew: bool = False) -> Search:
        return await anchors.resolved(self.runtime, self.actor, self.request, anew=anew)

    def _beside(self) -> Beside | None:
        """The rows of the page, if it is the first one."""
        if self.page.after is not None or self.page.is_backward:
            return None
        return Beside(self.candidates.listing, self.columns, self.joins, self.page.size + 1)

    async def _read(self, start: int, hits: Sequence[Hit]) -> list[Row]:
        """Those of the hits, from this place on, that are still to be seen."""
        await self._keep()
        if start == 0 and len(hits) <= len(self.at_hand):
            return [*self.at_hand[: len(hits)]]
        return await self._rows(start, hits)

    async def _rows(self, start: int, hits: Sequence[Hit]) -> list[Row]:
        listing, wanted = self.candidates.listing, (self.columns, self.joins)
        reads, make = self.runtime.reads, partial(_statement, listing, *wanted)
        compiled = listing.compiled(reads.compiler, ("ranked", *wanted), make)
        given = {
            "ids": [hit.file_id for hit in hits],
            "scores": [hit.score for hit in hits],
            "frames": [hit.frame for hit in hits],
            "before_first": start - 1,  # ordinality begins at 1
        }
        return await reads.fetch(self.actor.scope, compiled.sql, compiled.arguments(given))

    async def _keep(self) -> None:
        if not self.is_kept and self.result is not None:
            self.is_kept = True
            (await self._results()).keep(self._kept_as, self.result)

    async def _results(self) -> Results:
        return await self.runtime.held.get("results", partial(results.opened, self.runtime.bus))

    @property
    def _kept_as(self) -> str:
        return f"{self.actor.organisation_id.hex}:{self.mark}:{self.name}"

    def _read_cursor(self, member: str) -> tuple[str, int] | None:
        """The name of the result and the place in it. Raises Invalid for a cursor of anything else."""
        cursor = getattr(self.page, member)
        if cursor is None:
            return None
        match = _CURSOR.fullmatch(cursor)
        if match is None or match[1] != self.mark:
            raise _of_another(member)
        return match[2], int(match[3])

    def _ranked(self, rows: list[Row]) -> Ranked:
        assert self.result is not None  # noqa: S101  see _reaching
        part = paging.sliced(self.candidates.listing, self.page, rows, lambda: self.mark)
        return Ranked(
            rows=part.rows,
            has_next=part.has_next,
            has_previous=part.has_previous,
            order=part.order,
            marked=part.marked,
            name=self.name,
            result=self.result,
            is_stored=self.is_stored,
        )


def _of_another(member: str) -> Invalid:
    return Invalid("This cursor belongs to another search; begin anew.", field=(member,))


def _text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def _statement(
    listing: Listing[Any], columns: frozenset[str] | None, joins: Sequence[Join]
) -> Select[Any]:
    """The files of some hits, in the order of the hits, with what is joined to them."""
    rows = _files(listing, columns).subquery("page")
    return paging.joined(rows, joins).order_by(rows.c.place)


def _files(listing: Listing[Any], columns: frozenset[str] | None) -> Select[Any]:
    arrays = [
        bindparam(name, None, type_=ARRAY(kind))
        for name, kind in (("ids", Uuid), ("scores", Float), ("frames", Integer))
    ]
    members = column("id", Uuid), column("score", Float), column("frame", Integer)
    hits = func.unnest(*arrays).table_valued(*members, with_ordinality="ordinality")
    hit = hits.render_derived("hit")
    table = listing.statement.column_descriptions[0]["entity"].__table__
    wanted = [one for one in table.c if columns is None or one.name in columns | {"id"}]
    place = hit.c.ordinality + bindparam("before_first", 0, type_=BigInteger)
    rows = listing.statement.with_only_columns(*wanted, maintain_column_froms=True)
    rows = rows.add_columns(hit.c.score, hit.c.frame, place.label("place"))
    return rows.where(table.c.id == hit.c.id).order_by(None)
