"""Sums over space, by numbers worked out by hand."""

import keras
import numpy as np
from keras import ops

from layers import SumOverSpace
from tests.layers.checks import check_layer


def test_each_channel_is_summed_over_all_positions(tmp_path):
    maps = np.arange(2 * 2 * 3 * 2, dtype="float32").reshape(2, 2, 3, 2)
    check_layer(SumOverSpace, maps, (2, 2), tmp_path, trainable=0)
    # 0 + 2 + … + 10, and each number one more; the second picture's are 12 more.
    np.testing.assert_array_equal(
        ops.convert_to_numpy(SumOverSpace()(maps)), [[30, 36], [102, 108]]
    )


def test_files_know_it_by_its_old_name():
    name = keras.saving.get_registered_name(SumOverSpace)
    assert name == "gan>SumOverSpace"
