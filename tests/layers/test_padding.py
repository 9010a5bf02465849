import numpy as np
import pytest
from keras import ops

from layers import ReflectionPadding2D
from tests.layers.checks import check_layer


def test_the_picture_is_mirrored_without_its_border():
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype("float32")
    padded = ops.convert_to_numpy(ReflectionPadding2D(3)(x))
    expected = np.pad(x, ((0, 0), (3, 3), (3, 3), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(padded, expected)
    assert padded[0, :, 3, 0].tolist() == [*x[0, [3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1], 0, 0]]


def test_contract(tmp_path):
    x = np.random.default_rng(0).normal(size=(2, 6, 5, 3)).astype("float32")
    check_layer(lambda: ReflectionPadding2D(2), x, (2, 10, 9, 3), tmp_path, trainable=0)


def test_a_picture_must_be_larger_than_its_border():
    with pytest.raises(ValueError, match="3 × 9 cannot be mirrored by 3 pixels"):
        ReflectionPadding2D(3)(np.zeros((1, 3, 9, 1), "float32"))
