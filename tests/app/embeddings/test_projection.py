"""Vectors as points of a plane, against the textbook's way."""

import numpy as np
import pytest

from app.core.errors import Invalid
from app.embeddings import projection
from app.embeddings.projection import Axes, Matrix, Moments
from tests.shelves import noise


def moments_of(rows: Matrix, batch: int) -> Moments:
    moments = Moments.empty(rows.shape[1])
    for start in range(0, len(rows), batch):
        moments.add(rows[start : start + batch])
    return moments


@pytest.mark.parametrize("dimensions", [2, 5, 64])
def test_the_plane_is_that_of_the_singular_value_decomposition(dimensions: int) -> None:
    rows = noise(500, dimensions) * np.linspace(3, 0.1, dimensions, dtype=np.float32) + 7
    axes = projection.principal(moments_of(rows, 37))
    _, singular, directions = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    expected = (rows - rows.mean(axis=0)) @ directions[:2].T
    expected /= projection.SPREAD * singular[0] / np.sqrt(len(rows))
    found = axes.place(rows)
    signs = np.sign((found * expected).sum(axis=0))
    assert np.allclose(found, expected * signs, atol=1e-5)


def test_the_batches_do_not_matter_and_neither_does_asking_again() -> None:
    rows = noise(300, 16)
    one, other = (projection.principal(moments_of(rows, batch)) for batch in (300, 7))
    assert np.allclose(one.place(rows), other.place(rows), atol=1e-9)
    again = projection.principal(moments_of(rows, 7))
    assert again.place(rows).tobytes() == other.place(rows).tobytes()


def test_the_sign_is_fixed_so_that_plots_are_not_mirrored() -> None:
    for seed in range(20):
        axes = projection.principal(moments_of(noise(50, 6, seed), 50))
        for direction in axes.directions:
            assert direction[np.abs(direction).argmax()] > 0


def test_nearly_all_points_lie_within_one_whatever_the_scale() -> None:
    for scale in (1e-3, 1.0, 1e4):
        rows = noise(2_000, 8) * np.float32(scale)
        points = projection.principal(moments_of(rows, 500)).place(rows)
        assert (np.abs(points) <= 1).all(axis=1).mean() > 0.98
        assert points[:, 0].std() == pytest.approx(1 / projection.SPREAD, rel=1e-6)


def test_axes_come_back_from_bytes_as_they_were() -> None:
    axes = projection.principal(moments_of(noise(50, 6), 50), count=3)
    again = Axes.from_bytes(axes.to_bytes(), 6)
    assert np.array_equal(axes.mean, again.mean)
    assert np.array_equal(axes.directions, again.directions)


@pytest.mark.parametrize("rows", [np.ones((5, 3)), np.ones((1, 1)), np.zeros((4, 2))])
def test_rows_that_do_not_differ_lie_in_the_middle(rows: Matrix) -> None:
    assert np.allclose(projection.principal(moments_of(rows, 2)).place(rows), 0, atol=1e-6)


def test_one_dimension_is_a_line() -> None:
    rows = noise(50, 1)
    points = projection.principal(moments_of(rows, 50)).place(rows)
    assert points.shape == (50, 2)
    assert (points[:, 1] == 0).all()
    assert np.corrcoef(points[:, 0], rows[:, 0])[0, 1] == pytest.approx(1)


def test_rows_of_length_one_keep_their_direction_and_noughts_stay() -> None:
    rows = np.array([[3.0, 4.0], [0.0, 0.0]])
    assert projection.unit(rows).tolist() == [[0.6, 0.8], [0.0, 0.0]]


def test_without_the_extra_umap_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "umap", None)
    with pytest.raises(Invalid, match=r"labelgraph\[umap\]") as refused:
        projection.must_have_umap()
    assert refused.value.field == ("method",)
