"""Gated channels, by hand."""

import numpy as np
import pytest
from keras import ops

from layers import GatedLinearUnit
from tests.layers.checks import check_layer

RNG = np.random.default_rng(0)


def test_the_second_half_lets_the_first_through(tmp_path):
    maps = RNG.standard_normal((2, 3, 4, 6)).astype("float32")
    check_layer(GatedLinearUnit, maps, (2, 3, 4, 3), tmp_path, trainable=0)
    made = ops.convert_to_numpy(GatedLinearUnit()(maps))
    np.testing.assert_allclose(made, maps[..., :3] / (1 + np.exp(-maps[..., 3:])), rtol=1e-5)
    assert float(GatedLinearUnit()(np.array([[2.0, 0.0]], "float32"))[0, 0]) == 1.0


def test_an_odd_number_of_channels_has_no_halves():
    assert GatedLinearUnit().compute_output_shape((None, 8)) == (None, 4)
    with pytest.raises(ValueError, match="5 is odd"):
        GatedLinearUnit().compute_output_shape((None, 4, 4, 5))
