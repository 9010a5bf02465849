"""Rank-1 and the linear probe, on points whose answers are known."""

import numpy as np
import pytest

from metrics import recognition
from metrics.errors import MetricError


def test_rank_one_finds_the_nearest_direction():
    rng = np.random.default_rng(0)
    gallery = rng.standard_normal((50, 8))
    near = gallery + 0.01 * rng.standard_normal((50, 8))
    assert recognition.rank_one(near, gallery).all()
    swapped = near[[1, 0, *range(2, 50)]]
    assert recognition.rank_one(swapped, gallery).tolist() == [False, False] + [True] * 48


def test_rank_one_ignores_what_a_side_has_in_common_and_how_long_a_vector_is():
    rng = np.random.default_rng(1)
    gallery = rng.standard_normal((30, 5))
    common, own = np.array([[100.0, -30.0, 0.0, 7.0, 55.0], [0.0, 20.0, -3.0, 0.0, 9.0]])
    # Without the means taken away, all of these would point in one direction.
    assert recognition.rank_one(3 * gallery + common, gallery + common).all()
    assert recognition.rank_one(0.1 * gallery + own, gallery + common).all()


def test_strangers_are_found_by_chance():
    rng = np.random.default_rng(2)
    found = recognition.rank_one(rng.standard_normal((2000, 40)), rng.standard_normal((2000, 40)))
    assert found.mean() < 0.005


def test_the_probe_separates_classes_in_a_row():
    """Ordered classes on one line, where a regression onto indicators would mask the middle one."""
    rng = np.random.default_rng(3)
    classes = rng.integers(0, 3, 600)
    points = rng.standard_normal((600, 4))
    points[:, 1] = 3 * classes + 0.3 * rng.standard_normal(600)
    found = recognition.linear_probe(points[:400], classes[:400], points[400:], classes[400:])
    assert found.shape == (200,)
    assert found.all()


def test_the_probe_is_fishers_discriminant():
    """Two classes with one covariance: the boundary by hand is where Σ⁻¹(μ₁ - μ₀) says."""
    rng = np.random.default_rng(4)
    spread = np.array([[2.0, 0.0], [1.5, 0.5]])
    classes = np.repeat([4, 9], 4000)
    points = rng.standard_normal((8000, 2)) @ spread.T + np.where(classes == 9, 1.0, 0.0)[:, None]
    test = rng.uniform(-3, 3, (500, 2))
    normal = np.linalg.solve(spread @ spread.T, [1.0, 1.0])
    side = np.where((test - 0.5) @ normal > 0, 9, 4)
    assert recognition.linear_probe(points, classes, test, side).mean() > 0.98


def test_the_probe_finds_nothing_where_there_is_nothing():
    rng = np.random.default_rng(5)
    classes = rng.integers(0, 5, 4000)
    points = rng.standard_normal((4000, 6))
    found = recognition.linear_probe(points[:2000], classes[:2000], points[2000:], classes[2000:])
    assert found.mean() == pytest.approx(0.2, abs=0.04)


def test_a_constant_number_does_no_harm():
    points = np.array([[0.0, 5], [0.1, 5], [1.0, 5], [1.1, 5]])
    classes = np.array([0, 0, 1, 1])
    assert recognition.linear_probe(points, classes, points, classes).all()


def test_a_class_that_was_not_seen_is_named():
    with pytest.raises(MetricError, match="no row of class 3"):
        recognition.linear_probe(np.eye(2), np.array([0, 1]), np.eye(2), np.array([1, 3]))
