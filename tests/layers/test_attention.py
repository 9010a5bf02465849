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


def by_hand(layer, x, pool):
    """Equations 1 to 3 with loops over pictures, in float64."""
    out = np.empty_like(x, dtype="float64")
    kernels = (np.array(conv.kernel)[0, 0] for conv in (layer.f, layer.g, layer.h))
    f, g, h = (kernel.astype("float64") for kernel in kernels)
    for n, picture in enumerate(x.astype("float64")):
        height, width, _ = picture.shape
        keys, values = picture @ f, picture @ h
        if pool:
            shape = (height // 2, 2, width // 2, 2, -1)
            keys, values = (a.reshape(shape).max(axis=(1, 3)) for a in (keys, values))
        keys, values = keys.reshape(-1, keys.shape[-1]), values.reshape(-1, values.shape[-1])
        scores = (picture @ g).reshape(height * width, -1) @ keys.T
        weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        mixed = (weights @ values).reshape(height, width, -1)
        if layer.value_ratio != 1:
            mixed = mixed @ np.array(layer.o.kernel)[0, 0]
        out[n] = picture + 0.7 * mixed
    return out


@pytest.mark.parametrize(("pool", "value_ratio"), [(False, 1), (True, 1), (True, 2)])
def test_equals_the_equations(pool, value_ratio):
    x = images(2, 4, 6, 16)
    layer = attention(x.shape, pool=pool, value_ratio=value_ratio)
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
    [({}, 4, 3), ({"pool": True, "value_ratio": 2}, 5, 4), ({"weight_norm": "none"}, 4, 0)],
)
def test_contract(options, trainable, vectors, tmp_path):
    x = images(2, 4, 4, 16)
    check_layer(lambda: SelfAttention(**options), x, x.shape, tmp_path, trainable, vectors)
