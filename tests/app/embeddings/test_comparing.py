"""Near pairs and groups, against the plainest way to find them."""

from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest

from app.embeddings import comparing
from app.embeddings.comparing import Groups
from app.embeddings.projection import Matrix
from tests.shelves import noise

THRESHOLD = 0.9


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and tiles of which a few are needed, and which do not divide the rows."""
    monkeypatch.setattr(comparing, "BLOCK", 64)
    monkeypatch.setattr(comparing, "TILE", 100)


def found(rows: Matrix, files: list[int], threshold: float) -> dict[tuple[int, int], float]:
    pairs: dict[tuple[int, int], float] = {}
    for start in range(0, len(rows), comparing.BLOCK):
        for part in comparing.near_pairs(rows, np.array(files), start, threshold):
            columns = part.first.tolist(), part.second.tolist(), part.scores.tolist()
            for first, second, score in zip(*columns, strict=True):
                assert (first, second) not in pairs
                pairs[first, second] = score
    return pairs


def plainly(rows: Matrix, files: list[int], threshold: float) -> dict[tuple[int, int], float]:
    exact = rows.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    scores = exact @ exact.T
    return {
        (i, j): scores[i, j]
        for i in range(len(rows))
        for j in range(i + 1, len(rows))
        if scores[i, j] >= threshold and files[i] != files[j]
    }


def clustered(count: int) -> Matrix:
    centres = noise(count // 5, 16)
    rows = np.repeat(centres, 5, axis=0) + 0.12 * noise(count, 16, seed=1)
    return rows[np.random.default_rng(2).permutation(count)].astype(np.float16)


def test_every_pair_is_found_once_with_its_cosine() -> None:
    rows = clustered(310)
    files = list(range(310))
    expected = plainly(rows, files, THRESHOLD)
    pairs = found(rows, files, THRESHOLD)
    assert len(expected) > 100
    assert pairs.keys() == expected.keys()
    assert all(pairs[pair] == pytest.approx(score, abs=1e-6) for pair, score in expected.items())


def test_frames_of_one_file_make_no_pair() -> None:
    rows = clustered(150)
    files = [number // 3 for number in range(150)]
    assert found(rows, files, 0.5).keys() == plainly(rows, files, 0.5).keys()


@pytest.mark.parametrize("dimensions", [1, 3, 512])
def test_exact_copies_are_found_at_a_threshold_of_one(dimensions: int) -> None:
    rows = np.repeat(noise(40, dimensions), 2, axis=0)
    if dimensions == 1:
        rows = np.abs(rows)[:2]
    pairs = found(rows, list(range(len(rows))), 1.0)
    assert {(2 * n, 2 * n + 1) for n in range(len(rows) // 2)} <= pairs.keys()
    assert max(pairs.values()) <= 1


def test_groups_are_the_connected_parts() -> None:
    files = [UUID(int=number + 1) for number in range(8)]
    groups = Groups()
    groups.join([(files[5], files[6]), (files[0], files[1])])
    groups.join([(files[1], files[2]), (files[2], files[0]), (files[3], files[2])])
    assert [len(files) for files in groups.members()] == [4, 2]


def test_a_long_chain_is_one_group() -> None:
    files = [UUID(int=number + 1) for number in range(30_000)]
    groups = Groups()
    groups.join(pairwise(files))
    assert [len(files) for files in groups.members()] == [30_000]
