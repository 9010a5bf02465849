import keras
import numpy as np
import pytest
from keras import ops

from layers import InstanceNorm
from tests.layers.checks import check_layer


def pictures(seed=0):
    rng = np.random.default_rng(seed)
    return (3.0 + 2.0 * rng.normal(size=(3, 6, 5, 4))).astype("float32")


def test_every_channel_of_every_picture_is_normalised_by_itself():
    """On positions of one channel: (x - mean) / sqrt(mean square deviation + ε)."""
    x = pictures()
    made = ops.convert_to_numpy(InstanceNorm(epsilon=0.1)(x))
    for n, c in ((0, 0), (2, 3)):
        channel = x[n, :, :, c].astype("float64")
        expected = (channel - channel.mean()) / np.sqrt(channel.var() + 0.1)
        np.testing.assert_allclose(made[n, :, :, c], expected, atol=1e-5)


def test_a_constant_channel_becomes_zero():
    assert not ops.convert_to_numpy(InstanceNorm()(np.full((1, 4, 4, 2), 7.0, "float32"))).any()


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_statistics_are_float32(precision):
    """A large mean with a small deviation: 8 or 11 binary digits would leave nothing of it."""
    wide = ops.cast(1.0 + 0.125 * np.sign(pictures() - 3.0), precision.removeprefix("mixed_"))
    x = ops.convert_to_numpy(ops.cast(wide, "float32")).astype("float64")
    layer = InstanceNorm(dtype=precision)
    made = ops.convert_to_numpy(ops.cast(layer(wide), "float32"))
    expected = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-5)
    np.testing.assert_allclose(made, expected, rtol=2**-8)  # of rounding the result


def test_many_positions_do_not_overflow_float16():
    x = np.full((1, 64, 64, 1), 200.0, "float32")
    x[:, ::2] = -200.0
    made = ops.convert_to_numpy(ops.cast(InstanceNorm(dtype="mixed_float16")(x), "float32"))
    np.testing.assert_allclose(np.abs(made), 1.0, atol=1e-3)


def test_contract(tmp_path):
    check_layer(InstanceNorm, pictures(), (3, 6, 5, 4), tmp_path, trainable=0)
    assert keras.layers.deserialize(keras.layers.serialize(InstanceNorm(1e-3))).epsilon == 1e-3
