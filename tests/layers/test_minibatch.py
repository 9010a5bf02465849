"""Layers that compare the pictures of a batch, against loops in NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

import layers
from layers.norm import mixes_batch
from tests.layers.checks import check_layer

RNG = np.random.default_rng(0)
MAPS = RNG.standard_normal((4, 3, 3, 5)).astype("float32")


def closeness(features, tensor, kernels, dim):
    """Section 3.2 of Salimans et al. 2016 as a mean, one picture and one kernel at a time."""
    rows = (features @ tensor).reshape(len(features), kernels, dim)
    out = np.zeros((len(features), kernels))
    for i in range(len(features)):
        for j in range(len(features)):
            if i != j:
                out[i] += np.exp(-np.abs(rows[i] - rows[j]).sum(-1))
    return out / (len(features) - 1)


def discrimination(gain):
    layer = layers.MinibatchDiscrimination(kernels=3, dim=2)
    layer.build((None, 5))
    layer.gain.assign(gain)
    return layer


@pytest.mark.parametrize("spatial", [True, False])
def test_discrimination(spatial):
    inputs = MAPS if spatial else MAPS[:, 0, 0]
    layer = discrimination([1.0, -2.0, 0.5])
    output = ops.convert_to_numpy(layer(inputs))
    features = inputs.mean((1, 2)) if spatial else inputs
    expected = closeness(features, ops.convert_to_numpy(layer.tensor), 3, 2) * [1.0, -2.0, 0.5]
    np.testing.assert_array_equal(output[..., :5], inputs)
    shown = output[:, 2, 1, 5:] if spatial else output[:, 5:]
    np.testing.assert_allclose(shown, expected, rtol=1e-5)


def test_discrimination_sees_collapse():
    layer = discrimination([1.0, 2.0, 3.0])
    same = ops.convert_to_numpy(layer(np.repeat(MAPS[:1], 4, axis=0)))
    expected = np.broadcast_to([1.0, 2.0, 3.0], same[..., 5:].shape)  # the others are all as close
    np.testing.assert_allclose(same[..., 5:], expected, rtol=1e-6)


def test_discrimination_starts_silent_and_can_learn():
    layer = layers.MinibatchDiscrimination(kernels=3, dim=2)
    output = ops.convert_to_numpy(layer(MAPS))
    np.testing.assert_array_equal(output[..., 5:], 0.0)
    assert any(weight is layer.gain for weight in layer.trainable_weights)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="its graphs alone")
@pytest.mark.parametrize("count", [2, 8])
def test_groups_in_a_graph_for_batches_of_any_size(count):
    import tensorflow as tf

    layer = layers.MinibatchStandardDeviation(group=4)
    inputs = np.repeat(MAPS, 2, axis=0)[:count] * np.arange(1, count + 1)[:, None, None, None]
    inputs = inputs.astype("float32")
    traced = tf.function(layer, input_signature=[tf.TensorSpec((None, 3, 3, 5))])
    np.testing.assert_allclose(traced(inputs), layer(inputs), rtol=1e-6)
    size = min(4, count)
    groups = inputs.reshape(size, -1, 3, 3, 5)
    expected = np.sqrt(groups.var(0) + 1e-8).mean((1, 2, 3))
    np.testing.assert_allclose(traced(inputs)[: count // size, 0, 0, 5], expected, rtol=1e-5)


def test_discrimination_of_a_single_picture_is_0():
    layer = discrimination([1.0, 1.0, 1.0])
    np.testing.assert_allclose(ops.convert_to_numpy(layer(MAPS[:1]))[..., 5:], 0.0, atol=1e-6)


@pytest.mark.parametrize("inputs", [MAPS, MAPS[:, 0, 0]], ids=["maps", "vectors"])
def test_standard_deviation(inputs):
    output = ops.convert_to_numpy(layers.MinibatchStandardDeviation()(inputs))
    np.testing.assert_array_equal(output[..., :5], inputs)
    np.testing.assert_allclose(output[..., 5], inputs.std(0).mean(), rtol=1e-5)


def test_standard_deviation_of_equal_pictures_is_0_with_a_finite_gradient():
    from models import autodiff

    layer = layers.MinibatchStandardDeviation()
    same = ops.convert_to_tensor(np.ones((4, 5), "float32"))
    assert float(ops.max(layer(same)[:, 5])) == pytest.approx(0.0, abs=2e-4)
    gradient = autodiff.input_gradient(lambda x: layer(x)[:, 5], same, [])
    assert np.isfinite(ops.convert_to_numpy(gradient)).all()


def test_maxout():
    inputs = np.array([[1, 5, 2, 7, 0, 3]], "float32")
    np.testing.assert_array_equal(layers.Maxout(3)(inputs), [[5, 7]])


@pytest.mark.parametrize(
    ("make", "channels", "trainable"),
    [
        (lambda: layers.MinibatchDiscrimination(3, 2), 8, 2),
        (layers.MinibatchStandardDeviation, 6, 0),
    ],
    ids=["discrimination", "standard_deviation"],
)
def test_contract(make, channels, trainable, tmp_path):
    check_layer(make, MAPS, (4, 3, 3, channels), tmp_path, trainable)


def test_maxout_contract(tmp_path):
    check_layer(lambda: layers.Maxout(5), MAPS[:, 0, 0], (4, 1), tmp_path, 0)


@pytest.mark.parametrize(
    "make", [layers.MinibatchDiscrimination, layers.MinibatchStandardDeviation]
)
def test_real_and_fake_must_not_share_a_call(make):
    x = keras.Input((4,))
    assert mixes_batch(keras.Model(x, make()(x)))


@pytest.mark.parametrize("group", [0, 2])
def test_squares_do_not_overflow_float16(group):
    layer = layers.MinibatchStandardDeviation(group, dtype="mixed_float16")
    output = ops.convert_to_numpy(layer(np.array([[-300.0], [300.0]], "float16")))
    np.testing.assert_array_equal(output[:, 1], 300)
