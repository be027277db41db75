"""Vectors as points of a plane. Pure: arrays in, arrays out.

Principal components need two looks at the vectors, batch by batch: one for their moments, one to place them. So
memory grows with the square of the dimensions and not with the number of vectors.
"""

import importlib.util
import warnings
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from app.core.errors import Invalid

Matrix = NDArray[np.floating[Any]]

PLANE = 2
SPREAD = 3.0
"""Standard deviations along the first axis that become the length 1."""
BEFORE_UMAP = 50
"""Dimensions that are left to UMAP; the rest is mostly noise."""
MOST_FOR_UMAP = 200_000
"""Vectors: it holds all of them at once, and takes minutes."""
FEWEST_FOR_UMAP = 4
NEIGHBOURS = 15


def unit(vectors: Matrix) -> Matrix:
    """The rows with length 1, so that straight distances say what cosines say. Noughts stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


@dataclass(slots=True)
class Moments:
    """Number, sum and products of the rows seen so far, in double precision."""

    total: Matrix
    products: Matrix
    count: int = 0

    @classmethod
    def empty(cls, dimensions: int) -> Self:
        """Of no rows."""
        return cls(np.zeros(dimensions), np.zeros((dimensions, dimensions)))

    def add(self, rows: Matrix) -> None:
        """See a batch: n x dimensions."""
        exact = rows.astype(np.float64)
        self.count += len(exact)
        self.total += exact.sum(axis=0)
        self.products += exact.T @ exact

    def mean(self) -> Matrix:
        """The middle of the rows."""
        return self.total / max(self.count, 1)

    def covariance(self) -> Matrix:
        """How the dimensions vary together."""
        mean = self.mean()
        return self.products / max(self.count, 1) - np.outer(mean, mean)


@dataclass(frozen=True, slots=True)
class Axes:
    """Where the middle is, and the directions along which rows are measured: one row each."""

    mean: Matrix
    directions: Matrix

    def place(self, rows: Matrix) -> Matrix:
        """Coordinates of a batch: n x axes."""
        return (rows - self.mean) @ self.directions.T

    def to_bytes(self) -> bytes:
        """As it is kept between two runs."""
        return np.vstack([self.mean, self.directions]).astype(np.float64).tobytes()

    @classmethod
    def from_bytes(cls, kept: bytes, dimensions: int) -> Self:
        """What `to_bytes` gave."""
        rows = np.frombuffer(kept, dtype=np.float64).reshape(-1, dimensions)
        return cls(rows[0], rows[1:])


def principal(moments: Moments, count: int = PLANE) -> Axes:
    """The `count` directions of most variance, the most first; nought where there are fewer.

    They are scaled alike, so that nearly all points lie within -1 and 1, and their signs are fixed: the
    component of a direction that is largest is positive. The same rows always give the same axes.
    """
    values, vectors = np.linalg.eigh(moments.covariance())
    found = vectors[:, ::-1].T[:count]
    largest = np.abs(found).argmax(axis=1)
    found = found * np.sign(found[np.arange(len(found)), largest])[:, None]
    spread = SPREAD * np.sqrt(values[-1]) if values[-1] > np.finfo(np.float32).eps ** 2 else 1.0
    directions = np.zeros((count, len(values)))
    directions[: len(found)] = found / spread
    return Axes(moments.mean(), directions)


def must_have_umap() -> None:
    """Raises Invalid if UMAP is not installed."""
    if not has_umap():
        message = (
            "This server has no UMAP; ask its operator to install labelgraph[umap], or take PCA."
        )
        raise Invalid(message, field=("method",))


def has_umap() -> bool:
    """Whether the extra is there. It is not imported: that takes seconds."""
    try:
        return importlib.util.find_spec("umap") is not None
    except ValueError:  # it was taken out of sys.modules
        return False


def umap(rows: Matrix) -> Matrix:
    """The plane in which near rows are near: n x 2, within -1 and 1. Takes minutes, and a process of its own.

    Rows need at least FEWEST_FOR_UMAP. The seed is fixed: the same rows give the same points.
    """
    from umap import UMAP  # noqa: PLC0415  an extra, and seconds to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about its single thread, which the fixed seed needs
        reducer = UMAP(n_neighbors=min(NEIGHBOURS, len(rows) - 1), random_state=0, n_jobs=1)
        found = np.asarray(reducer.fit_transform(rows), dtype=np.float64)
    centred: Matrix = found - (found.max(axis=0) + found.min(axis=0)) / 2
    scaled: Matrix = centred / max(float(np.abs(centred).max()), np.finfo(np.float64).tiny)
    return scaled
