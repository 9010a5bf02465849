"""Contact sheets of grey and transparent pictures."""

import numpy as np

from media.sheet import sheet, shown

RNG = np.random.default_rng(0)


def test_rgb_and_grey():
    rgb = RNG.integers(0, 256, (2, 4, 6, 3), np.uint8)
    assert shown(rgb) is rgb
    grey = shown(rgb[..., :1])
    assert grey.shape == rgb.shape
    assert (grey == rgb[..., :1]).all()


def test_transparent_parts_show_a_checkerboard():
    """In 16 × 24 checks of 2 × 2, white at the left top; opaque pixels stay as they are."""
    rgba = np.zeros((1, 24, 16, 4), np.uint8)
    rgba[0, 0, 1] = (10, 20, 30, 255)
    rgba[0, 0, 2] = (10, 20, 30, 51)  # a fifth over the second check: 2 + 0.8 · 216
    page = shown(rgba)[0]
    assert page[0, 1].tolist() == [10, 20, 30]
    assert page[0, 2].tolist() == [175, 177, 179]
    assert page[0, 0].tolist() == page[2, 2].tolist() == [255] * 3
    assert page[0, 3].tolist() == page[2, 0].tolist() == [216] * 3
    assert page[0, 4].tolist() == [255] * 3


def test_large_pictures_have_checks_of_eight_pixels():
    board = shown(np.zeros((1, 128, 128, 4), np.uint8))[0, 0, :, 0]
    assert board[:24].tolist() == [255] * 8 + [216] * 8 + [255] * 8


def test_a_sheet_of_wide_pictures():
    rgba = np.full((3, 8, 12, 4), (9, 8, 7, 255), np.uint8)
    page = sheet(rgba, 2)
    assert (page.mode, page.size) == ("RGB", (2 * 14 + 2, 2 * 10 + 2))
    assert page.getpixel((2, 2)) == page.getpixel((27, 9)) == (9, 8, 7)
    assert page.getpixel((14, 2)) == (255, 255, 255)
