"""What the extractors and the classifier see of pictures that are not RGB or not square."""

import numpy as np
import pytest
from PIL import Image

from metrics import classifier, extractors, neighbours, pictures, resize
from metrics.errors import MetricError

RNG = np.random.default_rng(0)
RGBA = RNG.integers(0, 256, (3, 24, 16, 4), np.uint8)
ON_WHITE = RGBA[..., :3] * (RGBA[..., 3:] / 255) + 255 * (1 - RGBA[..., 3:] / 255)


def test_rgba_is_seen_on_white():
    seen = pictures.to_uint8(RGBA)
    assert (seen.dtype, seen.shape) == (np.uint8, (3, 24, 16, 3))
    assert np.abs(seen - ON_WHITE).max() <= 0.5 + 1e-9  # rounded to the nearest level


def test_grey_is_repeated_and_rgb_is_passed_on():
    grey = pictures.to_uint8(RGBA[..., :1])
    assert grey.shape == (3, 24, 16, 3)
    assert (grey == RGBA[..., :1]).all()
    rgb = RGBA[..., :3]
    assert pictures.to_uint8(rgb) is rgb


def test_floats_are_rounded_before_they_are_put_on_white():
    floats = np.array([[[[-1.0, 1.0, 0.0, 1.0], [0.5, 0.5, 0.5, -1.0]]]], np.float32)
    assert pictures.to_uint8(floats).tolist() == [[[[0, 255, 128], [255, 255, 255]]]]


@pytest.mark.parametrize("channels", [2, 5])
def test_other_channels_are_refused(channels):
    with pytest.raises(MetricError, match="or with 1 or 4 channels"):
        pictures.to_uint8(np.zeros((1, 8, 8, channels), np.uint8))


def test_the_extractor_sees_rgba_on_white():
    extractor = extractors.load("lite0")
    found = extractors.extract(extractor, RGBA).pool
    white = np.rint(ON_WHITE).astype(np.uint8)
    same = extractors.extract(extractor, white).pool
    opaque = extractors.extract(extractor, RGBA[..., :3]).pool
    assert np.abs(found - same).max() < 1e-3
    assert np.abs(found - opaque).max() > 0.1


def test_pictures_are_squeezed_to_a_square():
    """As Pillow squeezes them."""
    y, x = np.mgrid[:96, :64]
    smooth = np.stack([255 * y / 95, 255 * x / 63, 128 + 0 * x], axis=-1).astype(np.uint8)
    made = np.asarray(resize.Resize("bicubic-antialias", (48, 48))(smooth[None]))[0]
    by_pillow = np.asarray(Image.fromarray(smooth).resize((48, 48), Image.Resampling.BICUBIC))
    assert np.abs(made - by_pillow).max() <= 1


def test_the_classifier_averages_the_shorter_side_down_to_64():
    levels = RNG.integers(0, 256, (2, 192, 128, 1), np.uint8)
    small = classifier.shrink(levels, np.array([1]))
    assert small.shape == (1, 96, 64, 3)
    by_hand = levels[1, 2:4, 4:6].mean()
    assert abs(small[0, 1, 2, 0] - by_hand) <= 0.5
    assert (small[..., :1] == small).all()
    assert classifier.shrink(RGBA, np.array([0, 2])).shape == (2, 24, 16, 3)


def test_the_sheet_of_nearest_reals_takes_them_too():
    found = neighbours.Neighbours(np.array([[0], [1], [2]]), np.zeros((3, 1)), 1.0)
    page = neighbours.sheet(RGBA, RGBA, found, rows=1)
    seen = np.asarray(page)[:24, :16]
    assert np.abs(seen - ON_WHITE[0]).max() <= 0.5 + 1e-9
