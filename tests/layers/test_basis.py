"""Vectors spread over maps and maps gathered into vectors, by hand."""

import numpy as np
import pytest
from keras import ops

from layers import GatherFromSpace, SpreadOverSpace, initializers
from tests.layers.checks import check_layer

RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((3, 5)).astype("float32")
MAPS = RNG.standard_normal((3, 4, 6, 5)).astype("float32")


def test_every_number_is_spread_by_the_map_of_its_channel(tmp_path):
    check_layer(lambda: SpreadOverSpace(4, 6), ROWS, (3, 4, 6, 5), tmp_path, trainable=1)
    layer = SpreadOverSpace(4, 6)
    made = ops.convert_to_numpy(layer(ROWS))
    basis = ops.convert_to_numpy(layer.basis)
    for n, y, x, channel in np.ndindex(made.shape):
        assert made[n, y, x, channel] == pytest.approx(ROWS[n, channel] * basis[y, x, channel])
    assert layer.compute_output_shape((None, 5)) == (None, 4, 6, 5)


def test_a_map_is_gathered_by_the_map_of_its_channel(tmp_path):
    check_layer(GatherFromSpace, MAPS, (3, 5), tmp_path, trainable=1)
    layer = GatherFromSpace()
    made = ops.convert_to_numpy(layer(MAPS))
    basis = ops.convert_to_numpy(layer.basis)
    for n, channel in np.ndindex(made.shape):
        expected = sum(
            MAPS[n, y, x, channel] * basis[y, x, channel] for y in range(4) for x in range(6)
        )
        assert made[n, channel] == pytest.approx(expected, abs=1e-5)
    assert layer.compute_output_shape((None, 4, 6, 5)) == (None, 5)


def test_maps_begin_as_the_authors_do():
    """Deviation 1 to spread; 1 / √(inputs of a channel) to gather."""
    with initializers.seeded(0):
        spread, gather = SpreadOverSpace(4, 4), GatherFromSpace()
        spread.build((None, 2_000))
        gather.build((None, 4, 4, 2_000))
    assert ops.convert_to_numpy(spread.basis).std() == pytest.approx(1.0, rel=0.02)
    assert ops.convert_to_numpy(gather.basis).std() == pytest.approx(0.25, rel=0.02)
