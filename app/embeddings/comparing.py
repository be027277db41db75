"""Which vectors are nearly the same, and which files hang together by that. Pure: arrays in, arrays out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.embeddings import projection
from app.embeddings.projection import Matrix

Numbers = NDArray[np.integer[Any]]

BLOCK = 1_024
"""Vectors that are compared with all later ones at once."""
TILE = 4_096
"""Of those later ones, so many at a time: 16 MiB of scores."""
ROUNDING = 1e-6
"""What single precision may take from the cosine of two equal vectors."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Positions of near vectors, the earlier one first, and their cosines."""

    first: Numbers
    second: Numbers
    scores: Matrix

    def __len__(self) -> int:
        """How many."""
        return len(self.first)


def near_pairs(vectors: Matrix, files: Numbers, start: int, threshold: float) -> Iterator[Pairs]:
    """Pairs of the block at `start` with itself and with all that is behind it, tile by tile.

    `vectors`: n x dimensions; `files`: n numbers that say which are of one file, which makes no pair. Pairs have
    a cosine of at least `threshold`.
    """
    stop = min(start + BLOCK, len(vectors))
    block = _single(vectors[start:stop])
    for other in range(start, len(vectors), TILE):
        scores = block @ _single(vectors[other : other + TILE]).T
        near = np.flatnonzero(scores >= threshold - ROUNDING)
        rows, columns = np.divmod(near, scores.shape[1])
        first, second = rows + start, columns + other
        kept = (first < second) & (files[first] != files[second])
        found = np.minimum(scores.ravel()[near[kept]], 1.0).astype(np.float64)
        if kept.any():
            yield Pairs(first[kept], second[kept], found)


def _single(vectors: Matrix) -> Matrix:
    return projection.unit(vectors.astype(np.float32))


@dataclass(slots=True)
class Groups:
    """Files that hang together: each is near to another of its group."""

    _above: dict[UUID, UUID] = field(default_factory=dict)

    def join(self, pairs: Iterable[tuple[UUID, UUID]]) -> None:
        """These are near to each other."""
        for one, other in pairs:
            top, other_top = self._top(one), self._top(other)
            if top != other_top:
                self._above[max(top, other_top)] = min(top, other_top)

    def members(self) -> list[list[UUID]]:
        """The files of each group, the lowest id first; the largest group first."""
        found: dict[UUID, list[UUID]] = {}
        for file_id in sorted(self._above):
            found.setdefault(self._top(file_id), []).append(file_id)
        return sorted(found.values(), key=len, reverse=True)

    def _top(self, file_id: UUID) -> UUID:
        """The lowest id of its group. Ways that were gone are made shorter."""
        above = self._above
        top = above.setdefault(file_id, file_id)
        while above[top] != top:
            above[top] = above[above[top]]
            top = above[top]
        return top
