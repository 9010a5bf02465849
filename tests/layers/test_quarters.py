"""Quarters of pictures, by slices."""

import numpy as np
import pytest
from keras import ops

from layers import QuarterInTurn
from tests.layers.checks import check_layer

MAPS = np.random.default_rng(0).standard_normal((6, 4, 8, 3)).astype("float32")


def test_each_picture_gets_the_next_quarter(tmp_path):
    check_layer(QuarterInTurn, MAPS, (6, 2, 4, 3), tmp_path, trainable=0)
    made = ops.convert_to_numpy(QuarterInTurn()(MAPS))
    upper, lower, left, right = slice(2), slice(2, 4), slice(4), slice(4, 8)
    wanted = [(upper, left), (upper, right), (lower, left), (lower, right)] * 2
    for picture, (rows, columns), found in zip(MAPS, wanted[:6], made, strict=True):
        np.testing.assert_array_equal(found, picture[rows, columns])


def test_odd_sides_have_no_quarters():
    with pytest.raises(ValueError, match="A map of 4x5 has no quarters"):
        QuarterInTurn().compute_output_shape((None, 5, 4, 3))
