"""Measures of colour by hand."""

import numpy as np
import pytest

from metrics import colour, colour_space


def flat(*colours):
    """One picture of 2 × 2 pixels of each colour."""
    return np.array([[[c, c], [c, c]] for c in colours], np.uint8)


def test_colourfulness_by_hand():
    """Hasler and Süsstrunk: 0.3 times the mean of one colour; spread and mean of two."""
    red, grey = (200, 0, 0), (77, 77, 77)
    # rg = 200, yb = 100, no spread.
    expected = 0.3 * np.hypot(200, 100)
    np.testing.assert_allclose(colour.colourfulness(flat(red, grey)), [expected, 0.0], atol=1e-9)
    half = flat(red)
    half[0, 0] = grey  # rg 200 and 0, yb 100 and 0, half of each: σ 100 and 50, μ 100 and 50
    np.testing.assert_allclose(colour.colourfulness(half), 1.3 * np.hypot(100, 50))


def test_a_chroma_error_is_the_mean_over_pixels_and_both_numbers():
    truth = np.full((2, 2, 2, 2), 0.1, np.float32)
    found = truth.copy()
    found[0, 0, 0] += (0.3, 0.4)
    found[1, ..., 0] += 0.2
    np.testing.assert_allclose(
        colour.squared_chroma_error(found, truth), [0.25 / 8, 0.04 / 2], rtol=1e-5
    )


def test_the_table_gives_each_level_its_mean_chroma():
    # Two colours of luma 76 (0.299 · 255 = 76.2 and grey), one of luma 150 (0.587 · 255 = 149.7).
    red, grey, green = (255, 0, 0), (76, 76, 76), (0, 255, 0)
    table = colour.LumaTable(flat(red, grey, green))
    asked = flat((76, 76, 76), (150, 150, 150), (10, 10, 10))
    uv = colour_space.chroma(flat(red, grey, green))[:, 0, 0]
    expected = [(uv[0] + uv[1]) / 2, uv[2], uv.mean(axis=0)]  # a level never seen: the mean of all
    found = table(asked)
    assert found.shape == (3, 2, 2, 2)
    for picture, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(picture, np.broadcast_to(wanted, (2, 2, 2)), atol=1e-6)


def test_pixels_and_floats_have_the_same_chroma():
    levels = np.random.default_rng(0).integers(0, 256, (1, 3, 4, 3), dtype=np.uint8)
    floats = levels.astype(np.float32) / 255
    np.testing.assert_allclose(colour_space.chroma(levels), colour_space.chroma(floats), atol=1e-7)
    grey = np.repeat(levels[..., :1], 3, axis=-1)
    assert np.abs(colour_space.chroma(grey)).max() == pytest.approx(0, abs=1e-6)
