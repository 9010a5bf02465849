"""The slopes of pictures, by hand."""

import numpy as np
import pytest

from metrics import edges
from metrics.errors import MetricError


def distance(real, fake):
    return edges.distance(edges.quantiles(real), edges.quantiles(fake))


def flat(level=100, count=2, side=4):
    return np.full((count, side, side, 3), level, "uint8")


def test_slopes_by_hand():
    """Grey levels 10, 40, 40 in each row: 30 to the right, then 0; 0 down."""
    picture = np.repeat(np.array([[10, 40, 40]] * 3, "uint8")[None, :, :, None], 3, axis=3)
    assert edges.slopes(picture) == pytest.approx([30, 0, 30, 0])
    turned = picture.swapaxes(1, 2)
    assert sorted(edges.slopes(turned)) == pytest.approx([0, 0, 30, 30])


def test_a_slope_has_two_parts():
    grey = np.array([[0, 3], [4, 0]], "uint8")
    picture = np.repeat(grey[None, :, :, None], 3, axis=3)
    assert edges.slopes(picture) == pytest.approx([5.0])  # 3 to the right, 4 down


def test_colours_count_as_bright_as_they_are():
    picture = np.zeros((1, 2, 2, 3), "uint8")
    picture[0, 0, 1] = (100, 0, 0)
    assert edges.slopes(picture) == pytest.approx([29.9])


def test_the_distance_is_that_of_the_quantiles():
    steps = flat(0)
    steps[:, :, 2:] = 60  # one of three slopes in a row is 60
    assert distance(flat(), flat(200)) == 0.0
    assert distance(flat(), steps) == pytest.approx(60 / 3, rel=0.01)
    assert distance(steps, flat()) == distance(flat(), steps)


def test_blur_and_noise_are_both_far_from_the_original():
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (8, 8, 8, 3), dtype=np.uint8)
    sharp = coarse.repeat(4, 1).repeat(4, 2)
    window = [np.roll(sharp.astype(float), n, axis=2) for n in range(4)]
    blurred = np.mean(window, axis=0).astype("uint8")
    noisy = np.clip(sharp + rng.normal(0, 8, sharp.shape), 0, 255).astype("uint8")
    assert distance(sharp, blurred) > 1
    assert distance(sharp, noisy) > 5
    floats = sharp.astype("float32") / 127.5 - 1
    assert distance(sharp, floats) == pytest.approx(0, abs=0.5)


def test_many_pictures_are_taken_in_parts(monkeypatch):
    pictures = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8)
    whole = edges.slopes(pictures)
    monkeypatch.setattr(edges, "_AT_ONCE", 2)
    np.testing.assert_array_equal(edges.slopes(pictures), whole)


def test_pictures_of_one_row_or_column_are_refused():
    for pictures in (flat()[:, :1], flat()[:, :, :1]):  # one row, one column
        with pytest.raises(MetricError, match="at least 2 × 2"):
            edges.slopes(pictures)
