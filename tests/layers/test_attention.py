import keras
import numpy as np
import pytest
from keras import ops

from layers import SelfAttention
from tests.layers.checks import check_layer


def images(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


def attention(shape, **options):
    layer = SelfAttention(weight_norm="none", **options)
    layer.build(shape)
    layer.gamma.assign(0.7)
    return layer


def affine(conv):
    """x → x W + b in float64, for a 1×1 convolution."""
    kernel = np.array(conv.kernel)[0, 0].astype("float64")
    bias = np.array(conv.bias).astype("float64") if conv.use_bias else 0.0
    return lambda x: x @ kernel + bias


def by_hand(layer, x, pool):
    """Equations 1 to 3 with loops over pictures, in float64."""
    out = np.empty_like(x, dtype="float64")
    f, g, h = (affine(conv) for conv in (layer.f, layer.g, layer.h))
    for n, picture in enumerate(x.astype("float64")):
        height, width, _ = picture.shape
        keys, values = f(picture), h(picture)
        if pool:
            shape = (height // 2, 2, width // 2, 2, -1)
            keys, values = (a.reshape(shape).max(axis=(1, 3)) for a in (keys, values))
        keys, values = keys.reshape(-1, keys.shape[-1]), values.reshape(-1, values.shape[-1])
        scores = g(picture).reshape(height * width, -1) @ keys.T
        weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        mixed = (weights @ values).reshape(height, width, -1)
        if layer.value_ratio != 1:
            mixed = affine(layer.o)(mixed)
        out[n] = picture + 0.7 * mixed
    return out


@pytest.mark.parametrize("use_bias", [False, True])
@pytest.mark.parametrize(("pool", "value_ratio"), [(False, 1), (True, 1), (True, 2)])
def test_equals_the_equations(pool, value_ratio, use_bias):
    x = images(2, 4, 6, 16)
    layer = attention(x.shape, pool=pool, value_ratio=value_ratio, use_bias=use_bias)
    rng = np.random.default_rng(1)
    for variable in layer.trainable_variables:
        if variable.name == "bias":
            variable.assign(rng.standard_normal(variable.shape))
    np.testing.assert_allclose(layer(x), by_hand(layer, x, pool), atol=2e-6)


def test_starts_as_the_identity():
    x = images(2, 4, 4, 16)
    np.testing.assert_array_equal(SelfAttention()(x), x)


def test_maps_are_distributions_over_keys():
    layer = attention((None, 4, 4, 16), pool=True)
    rows = ops.convert_to_numpy(layer.attention_map(images(2, 4, 4, 16)))
    assert rows.shape == (2, 16, 4)
    np.testing.assert_allclose(rows.sum(axis=-1), 1, atol=1e-6)
    assert rows.std() > 1e-4


def test_softmax_is_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        layer = SelfAttention()
        layer.build((None, 4, 4, 16))
        maps = layer.attention_map(ops.cast(images(1, 4, 4, 16), "bfloat16"))
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(maps.dtype) == "float32"


def test_pooling_refuses_odd_sizes():
    with pytest.raises(ValueError, match="even"):
        SelfAttention(pool=True).build((None, 5, 4, 16))


@pytest.mark.parametrize(
    ("options", "trainable", "vectors"),
    [
        ({}, 4, 3),
        ({"use_bias": True}, 7, 3),
        ({"pool": True, "value_ratio": 2}, 5, 4),
        ({"weight_norm": "none"}, 4, 0),
    ],
)
def test_contract(options, trainable, vectors, tmp_path):
    x = images(2, 4, 4, 16)
    check_layer(lambda: SelfAttention(**options), x, x.shape, tmp_path, trainable, vectors)


def test_configurations_of_before_have_no_biases():
    config = SelfAttention().get_config()
    del config["use_bias"]  # as files of before version 0.2.0
    layer = SelfAttention.from_config(config)
    layer.build((None, 4, 4, 16))
    assert not [variable for variable in layer.variables if variable.name == "bias"]


def test_widths_initial_kernels_and_the_name_that_files_know():
    layer = SelfAttention(4, value_ratio=2, weight_norm="none", kernel_initializer="zeros")
    layer.build((None, 4, 4, 16))
    kernels = [np.array(conv.kernel)[0, 0] for conv in (layer.f, layer.g, layer.h, layer.o)]
    assert [kernel.shape for kernel in kernels] == [(16, 4), (16, 4), (16, 8), (8, 16)]
    assert not any(kernel.any() for kernel in kernels)
    assert keras.saving.get_registered_name(SelfAttention) == "gan>SelfAttention"
