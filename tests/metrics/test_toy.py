"""Exact measures against closed forms."""

import numpy as np
import pytest

from metrics import MetricError, toy

X = np.linspace(-12, 12, 6001)
CELL = X[1] - X[0]


def normal(mean, deviation=1.0):
    return np.exp(-0.5 * ((X - mean) / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi))


def test_optimal_discriminator():
    data, generated = np.array([0.6, 0.0, 0.2, 0.0]), np.array([0.2, 0.5, 0.2, 0.0])
    expected = [0.75, 0.0, 0.5, 0.5]
    np.testing.assert_allclose(toy.optimal_discriminator(data, generated), expected)


def test_value_is_minus_log_4_when_the_game_is_over():
    p = normal(0)
    assert toy.optimal_value(p, p, CELL) == pytest.approx(-np.log(4), abs=1e-9)
    assert toy.game_value(np.full_like(X, 0.5), p, p, CELL) == pytest.approx(-np.log(4), abs=1e-9)


def test_value_is_0_when_the_worlds_are_apart():
    assert toy.jensen_shannon(normal(-8, 0.1), normal(8, 0.1), CELL) == pytest.approx(np.log(2))
    assert toy.optimal_value(normal(-8, 0.1), normal(8, 0.1), CELL) == pytest.approx(0, abs=1e-9)


def test_divergence_of_uniform_densities_by_hand():
    # On [0, 2) and [1, 3): half of each mass is shared. JSD = log(2) / 2.
    p = np.array([0.5, 0.5, 0.0])
    q = np.array([0.0, 0.5, 0.5])
    assert toy.jensen_shannon(p, q, 1.0) == pytest.approx(np.log(2) / 2)


def test_the_best_discriminator_reaches_the_theorem_and_no_other_does():
    data, generated = normal(-1), normal(1.5, 0.7)
    best = toy.optimal_discriminator(data, generated)
    value = toy.optimal_value(data, generated, CELL)
    assert toy.game_value(best, data, generated, CELL) == pytest.approx(value, abs=1e-9)
    for other in (0.9 * best + 0.05, best**1.2, np.full_like(best, 0.5)):
        assert toy.game_value(other, data, generated, CELL) < value - 1e-3


def test_earth_mover_of_a_shift_is_its_length():
    points = np.random.default_rng(0).standard_normal((200, 2))
    shifted = np.random.default_rng(1).permutation(points + np.array([0.3, -0.4]))
    assert toy.earth_mover(points, shifted) == pytest.approx(0.5, rel=1e-9)
    assert toy.earth_mover(points[:, :1], points[:, :1] + 2.5) == pytest.approx(2.5)


def test_earth_mover_takes_the_cheapest_assignment():
    a, b = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[1.1, 0.0], [0.0, 0.2]])
    assert toy.earth_mover(a, b) == pytest.approx((0.1 + 0.2) / 2)


def test_earth_mover_needs_one_size():
    with pytest.raises(MetricError, match="must have one shape"):
        toy.earth_mover(np.zeros((3, 2)), np.zeros((4, 2)))


def test_coverage_by_hand():
    means = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
    points = np.array([[0.0, 0.2], [0.1, 0.0], [10.0, 0.29], [5.0, 5.0], [0.0, 9.6]])
    found = toy.coverage(points, means, deviation=0.1)
    assert (found.covered, found.modes) == (2, 4)  # 9.6 is 4 deviations away
    assert found.high_quality == pytest.approx(3 / 5)
    shares = np.array([2 / 3, 1 / 3])
    assert found.entropy == pytest.approx(-(shares * np.log(shares)).sum() / np.log(4))


def test_coverage_of_nothing_good():
    found = toy.coverage(np.full((5, 2), 99.0), np.eye(2), 0.1)
    assert (found.covered, found.high_quality, found.entropy) == (0, 0.0, 0.0)


def test_precision_recall_by_hand():
    found = toy.precision_recall([0.1, 0.75, 0.8, 3.0], [0.5, 0.9, 0.9, 0.9])
    assert found["precision"] == 0.5
    assert found["recall"] == 0.25
    assert found["F1"] == pytest.approx(2 * 0.5 * 0.25 / 0.75)


def test_nearest_shape_finds_a_disc():
    """Shapes are one corner: a soft disc around it. The distance must fall to almost nothing."""
    grid = np.stack(np.meshgrid(np.arange(16), np.arange(16)), -1) / 16

    def draw(corners):
        return np.exp(-30 * ((grid - corners[0]) ** 2).sum(-1))

    starts = np.array([[[0.2, 0.2]], [[0.8, 0.8]]])
    drawn = np.stack([draw(corners) for corners in starts])
    picture = draw(np.array([[0.31, 0.27]]))
    found = toy.nearest_shape(picture, draw, lambda corners: True, starts, drawn)
    assert found < 0.01 < np.linalg.norm(drawn[0] - picture)
    barred = toy.nearest_shape(picture, draw, lambda c: c[0, 0] < 0.22, starts, drawn)
    assert barred > 0.3
