"""Equalised learning rates: the factor by hand, the start, plain copies."""

import keras
import numpy as np
import pytest
from keras import ops

from layers import EqualizedConv2D, EqualizedDense, initializers
from models import portable
from tests.layers.checks import check_layer

RNG = np.random.default_rng(0)
MAPS = RNG.standard_normal((2, 5, 6, 4)).astype("float32")
ROWS = RNG.standard_normal((3, 10)).astype("float32")


def test_a_convolution_uses_he_times_its_kernel(tmp_path):
    make = lambda: EqualizedConv2D(7, 3, padding="same")  # noqa: E731
    check_layer(make, MAPS, (2, 5, 6, 7), tmp_path, trainable=2)
    layer = make()
    made = layer(MAPS)
    kernel = ops.convert_to_numpy(layer.kernel)
    plain = keras.layers.Conv2D(7, 3, padding="same")
    plain.build(MAPS.shape)
    plain.set_weights([kernel * np.sqrt(2 / (3 * 3 * 4)), np.zeros(7, "float32")])
    np.testing.assert_allclose(made, plain(MAPS), atol=1e-5)


@pytest.mark.parametrize(("gain", "rate"), [(1.0, 1.0), (2.0**0.5, 0.01)])
def test_a_dense_layer_with_another_rate(gain, rate, tmp_path):
    """StyleGAN's mapping: N(0, 1) / rate at first, times rate at run time; the bias too."""
    make = lambda: EqualizedDense(8, gain=gain, rate=rate)  # noqa: E731
    check_layer(make, ROWS, (3, 8), tmp_path, trainable=2)
    layer = make()
    layer.build(ROWS.shape)
    bias = RNG.standard_normal(8).astype("float32") / rate
    layer.bias.assign(bias)
    kernel = ops.convert_to_numpy(layer.kernel)
    expected = ROWS @ kernel * (rate * gain / np.sqrt(10)) + rate * bias
    np.testing.assert_allclose(layer(ROWS), expected, rtol=1e-4, atol=1e-5)


def test_kernels_start_at_a_normal_distribution_of_width_one_over_the_rate():
    for rate in (1.0, 0.1):
        with initializers.seeded(3):
            layer = EqualizedDense(400, rate=rate)
            layer.build((None, 100))
        kernel = ops.convert_to_numpy(layer.kernel)
        assert kernel.std() == pytest.approx(1.0 / rate, rel=0.02)
        assert abs(kernel.mean()) < 0.02 / rate


def test_plain_copies_compute_the_same():
    x = keras.Input((5, 6, 4))
    y = EqualizedConv2D(3, 3, name="a")(x)
    y = EqualizedDense(2, gain=1.0, rate=0.01, name="b")(keras.layers.Flatten()(y))
    model = keras.Model(x, y)
    model.get_layer("b").bias.assign([30.0, -20.0])
    plain = portable.plain(model)
    assert type(plain.get_layer("a")) is keras.layers.Conv2D
    assert type(plain.get_layer("b")) is keras.layers.Dense
    np.testing.assert_allclose(plain(MAPS), model(MAPS), rtol=1e-4, atol=1e-5)
