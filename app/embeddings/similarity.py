"""The files nearest to a vector, among those that somebody sees and a filter leaves, by whichever plan serves."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

from app.core.reads import Reads, Row, Scan
from app.embeddings import plans, scans
from app.embeddings.asked import Asked, Beside, Candidates
from app.embeddings.plans import Plan
from app.embeddings.tables import BITS_ABOVE

MORE_FOR_FRAMES = 4
"""So many vectors are looked at for each file that is wanted: several may be frames of one file."""


class Hit(NamedTuple):
    """A file, its nearest vector's frame (-1: the file as a whole), and the cosine similarity, -1 to 1."""

    file_id: UUID
    frame: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a search cost."""

    plan: Plan
    candidate_count: int | None
    """How many files the filter leaves; None if that was not counted to the end."""
    compared_count: int
    """At most so many vectors were compared exactly."""
    milliseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The nearest files, nearest first, each once."""

    hits: Sequence[Hit]
    is_complete: bool
    """Whether there are no more, however many are wanted."""
    figures: Figures
    rows: Sequence[Row] = ()
    """Of the first hits in order, with `score`, `frame` and `place`, if they could be read with the search."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: hits of at least `min_score`; `is_exact`: nothing may be missing."""

    asked: Asked
    min_score: float | None = None
    is_exact: bool = False


async def nearest(
    reads: Reads,
    search: Search,
    candidates: Candidates | None,
    k: int,
    beside: Beside | None = None,
) -> Found:
    """The k nearest files of these, 1 to 1,000, sometimes more; all if there are fewer. None: of all files.

    Where the candidates leave out hardly any, a first hundred hits may be others: read them by the same
    listing, or `beside` the search. More are looked for among the candidates alone.
    """
    began = time.perf_counter()
    found = await _Attempts(reads, search, candidates, plans.size_for(k), k, beside).found()
    milliseconds = (time.perf_counter() - began) * 1000
    return replace(found, figures=replace(found.figures, milliseconds=milliseconds))


@dataclass(slots=True)
class _Attempts:
    """The plans in the order in which they are tried."""

    reads: Reads
    search: Search
    candidates: Candidates | None
    size: int
    """Looked for where more hits cost hardly more."""
    k: int
    """Wanted at least."""
    beside: Beside | None = None
    files: int | None = None
    """How many candidates there are, once they were counted to the end."""

    @property
    def asked(self) -> Asked:
        return self.search.asked

    async def found(self) -> Found:
        """By the first plan that serves."""
        vectors, candidates = self.asked.vectors, self.candidates
        is_small = vectors.count <= plans.FEW_VECTORS or not vectors.is_indexed
        if self.search.is_exact or is_small:
            return await self._all()
        if candidates is None:
            return await self._unfiltered() or await self._all()
        found = await self._unfiltered() if candidates.leaves_most else None
        return found or await self._filtered(candidates)

    async def _filtered(self, candidates: Candidates) -> Found:
        if (found := await self._few(candidates)) is not None:
            return found
        if (found := await self._probe()) is not None:
            return found
        if await self._is_affordable(candidates):
            return await self._all()
        return await self._going_on(candidates) or await self._all()

    async def _unfiltered(self) -> Found | None:
        """By the index; None if too few of what it gives may be found."""
        for size in dict.fromkeys((self.size, plans.MOST_HITS)):  # many vectors may be one file's
            scan, most = plans.scan_for(size, self.asked.vectors.dimensions)
            rows = await self._scanned(size, scan, most)
            if (found := self._verified(rows, self.k, most)) is not None:
                return replace(found, rows=self._shown(rows, found))
        return None

    async def _scanned(self, size: int, scan: Scan, most: int) -> list[Row]:
        if size > plans.MOST_PROBED:
            return await scans.scanned(self.reads, self.asked, self.candidates, scan, most)
        if self.beside is not None and self.asked.vectors.dimensions <= BITS_ABOVE:
            return await scans.scanned_with_rows(self.reads, self.asked, self.beside, scan, most)
        # who reads the rows leaves out the few others
        return await scans.scanned(self.reads, self.asked, None, scan, most)

    def _shown(self, rows: Sequence[Row], found: Found) -> Sequence[Row]:
        """The rows that were read with the search; none if a file came twice, or may not be seen."""
        count = min(self.beside.count if self.beside else 0, len(found.hits))
        head = rows[:count]
        ids = {row.get("id") for row in head}
        return head if len(ids) == count and None not in ids else ()

    async def _probe(self) -> Found | None:
        dimensions = self.asked.vectors.dimensions
        probe = plans.probe_for(self.k, dimensions)
        if probe is None:
            return None
        rows = await scans.scanned(self.reads, self.asked, self.candidates, *probe)
        return self._verified(rows, plans.sufficient(self.k, dimensions), probe[1])

    def _verified(self, rows: Sequence[Any], enough: int, most: int) -> Found | None:
        """What came of the index's nearest, if that is enough, or if all that would follow are too far away."""
        hits = _by_file(rows)
        if len(hits) < enough and not self._has_passed_all(rows):
            return None
        return self._told(hits[: self.size], Plan.ANN_VERIFIED, most)

    def _has_passed_all(self, rows: Sequence[Any]) -> bool:
        """Whether what the index would give next is too far away. Bits put the candidates in rough order only."""
        is_in_order = self.asked.vectors.dimensions <= BITS_ABOVE
        return bool(rows) and is_in_order and self._is_too_far(1 - rows[0]["reach"])

    async def _few(self, candidates: Candidates) -> Found | None:
        """All of the files compared; None if they are many."""
        few, most = plans.FEW_FILES, self.size * MORE_FOR_FRAMES
        async with self.reads.scans:
            files, rows = await scans.few_compared(self.reads, self.asked, candidates, few, most)
        if files > few:
            return None
        self.files = files
        return await self._compared(rows, most, rows[0]["compared"] if rows else 0)

    async def _all(self) -> Found:
        most = self.size * MORE_FOR_FRAMES
        async with self.reads.scans:
            rows = await scans.all_compared(self.reads, self.asked, self.candidates, most)
        return await self._compared(rows, most, max(len(rows), self.asked.vectors.count))

    async def _compared(self, rows: Sequence[Any], most: int, compared: int) -> Found:
        """What came of comparing so many, of which these are the nearest; `most` were asked for."""
        hits = _by_file(rows)
        if len(rows) < most or len(hits) > self.size:
            return self._exact(hits, compared)
        async with self.reads.scans:  # many vectors are frames of few files
            each = await scans.each_file_compared(
                self.reads, self.asked, self.candidates, self.size + 1
            )
        return self._exact(_by_file(each), compared)

    async def _is_affordable(self, candidates: Candidates) -> bool:
        most = plans.affordable(self.asked.vectors.dimensions)
        if self.asked.vectors.count <= most:
            return True
        found = await scans.counted(self.reads, self.asked.scope, candidates, most + 1)
        self.files = found if found <= most else None
        return found <= most

    async def _going_on(self, candidates: Candidates) -> Found | None:
        most = self.k * (MORE_FOR_FRAMES + 1)
        async with self.reads.scans:
            rows = await scans.scanned_on(self.reads, self.asked, candidates, plans.DEEP, most)
        hits = _by_file(sorted(rows, key=lambda row: row["distance"]))
        if len(hits) < self.k:
            return None
        return self._told(hits[: self.size], Plan.APPROXIMATE, len(rows))

    def _exact(self, hits: list[Hit], compared: int) -> Found:
        """Of one hit more than were looked for, if there are as many."""
        found = self._told(hits[: self.size], Plan.EXACT, compared)
        return replace(found, is_complete=found.is_complete or len(hits) <= self.size)

    def _told(self, hits: list[Hit], plan: Plan, compared: int) -> Found:
        near = [hit for hit in hits if not self._is_too_far(hit.score)]
        figures = Figures(
            plan=plan, candidate_count=self.files, compared_count=compared, milliseconds=0.0
        )
        return Found(hits=near, is_complete=len(near) < len(hits), figures=figures)

    def _is_too_far(self, score: float) -> bool:
        return self.search.min_score is not None and score < self.search.min_score


def _by_file(rows: Iterable[Any]) -> list[Hit]:
    """The first row of each file, nearest first."""
    nearest: dict[UUID, Hit] = {}
    for row in rows:
        if row["file_id"] not in nearest:
            score = 1.0 - row["distance"]
            nearest[row["file_id"]] = Hit(row["file_id"], row["frame"], score)
    return list(nearest.values())
