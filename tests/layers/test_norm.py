import keras
import numpy as np
import pytest
from keras import ops

from layers import BatchNorm, ConditionalBatchNorm, SpectralConv2D, norm
from models import autodiff
from tests.layers.checks import check_layer

RNG = np.random.default_rng(0)
X = (RNG.standard_normal((6, 4, 4, 3)) * 2 + 5).astype("float32")


def moments(x):
    return x.mean(axis=(0, 1, 2), dtype="float64"), x.var(axis=(0, 1, 2), dtype="float64")


def test_training_normalises_with_the_biased_batch_statistics():
    layer = BatchNorm(momentum=0.9, epsilon=1e-5)
    layer.build(X.shape)
    layer.gamma.assign([1.0, 2.0, 3.0])
    layer.beta.assign([0.0, -1.0, 1.0])
    mean, variance = moments(X)
    expected = (X - mean) / np.sqrt(variance + 1e-5) * [1, 2, 3] + [0, -1, 1]
    np.testing.assert_allclose(layer(X, training=True), expected, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean, 0.1 * mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, 0.9 + 0.1 * variance, rtol=1e-5)


def test_the_variance_is_that_of_the_distances_to_the_mean():
    """Not E x² - (E x)², which rounds numbers around 300 to the size of this variance."""
    far = (X * 0.05 + 300).astype("float32")
    mean, variance = moments(far)
    found = [ops.convert_to_numpy(each) for each in norm._moments(ops.convert_to_tensor(far))]
    np.testing.assert_allclose(found[0], mean, rtol=1e-6)
    np.testing.assert_allclose(found[1], variance, rtol=0.02)


def test_inference_uses_and_keeps_the_running_statistics():
    layer = BatchNorm(epsilon=1e-5)
    layer.build(X.shape)
    layer.moving_mean.assign([1.0, 2.0, 3.0])
    layer.moving_variance.assign([4.0, 9.0, 16.0])
    expected = (X - [1, 2, 3]) / np.sqrt(np.array([4, 9, 16]) + 1e-5)
    np.testing.assert_allclose(layer(X), expected, atol=1e-5)
    np.testing.assert_array_equal(layer.moving_mean, [1, 2, 3])


def test_gradient_passes_through_the_statistics():
    # Finite differences in float64 of the same formula.
    target = RNG.standard_normal(X.shape)
    layer = BatchNorm()
    layer.build(X.shape)
    x = ops.convert_to_tensor(X)
    gradient = ops.convert_to_numpy(
        autodiff.input_gradient(
            lambda x: layer(x, training=True) * target.astype("float32"), x, layer.variables
        )
    )

    def value(x):
        mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
        return ((x - mean) / np.sqrt(variance + 1e-5) * target).sum()

    for index in [(0, 0, 0, 0), (3, 1, 2, 1), (5, 3, 3, 2)]:
        step = np.zeros(X.shape)
        step[index] = 1e-4
        slope = (value(X.astype("float64") + step) - value(X.astype("float64") - step)) / 2e-4
        assert gradient[index] == pytest.approx(slope, abs=1e-4)


def test_flat_features():
    x = RNG.standard_normal((8, 5)).astype("float32")
    expected = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)
    np.testing.assert_allclose(BatchNorm()(x, training=True), expected, atol=1e-5)


def test_bfloat16_keeps_statistics_in_float32():
    layer = BatchNorm(dtype="mixed_bfloat16", momentum=0.0)
    layer(ops.cast(X, "bfloat16"), training=True)
    mean, _ = moments(ops.convert_to_numpy(ops.cast(ops.cast(X, "bfloat16"), "float32")))
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-5)


def test_a_small_gain_is_felt_in_bfloat16():
    """1.003 is 1 in bfloat16; the slope of the outputs over those without gain must not be."""
    layer = ConditionalBatchNorm(num_classes=2, dtype="mixed_bfloat16")
    x = ops.cast(RNG.standard_normal((64, 8, 8, 4)).astype("float32"), "bfloat16")
    labels = np.zeros(64, "int32")
    plain = ops.convert_to_numpy(ops.cast(layer([x, labels], training=True), "float32"))
    layer.gain.embeddings.assign(np.full((2, 4), 0.003, "float32"))
    y = layer([x, labels], training=True)
    assert keras.backend.standardize_dtype(y.dtype) == "bfloat16"
    moved = ops.convert_to_numpy(ops.cast(y, "float32")) - plain
    assert (moved * plain).sum() / (plain * plain).sum() == pytest.approx(0.003, rel=0.1)


@pytest.mark.parametrize("kind", ["classes", "attributes"])
def test_conditional_gain_and_shift_follow_the_label(kind):
    layer = ConditionalBatchNorm(num_classes=4, kernel_initializer="ones")
    rows = np.arange(12, dtype="float32").reshape(4, 3)
    if kind == "classes":
        y, chosen = np.array([2, 0, 1, 1, 3, 2], "int32"), rows[[2, 0, 1, 1, 3, 2]]
    else:
        y = (RNG.random((6, 4)) < 0.5).astype("float32")
        chosen = y @ rows
    layer([X, y])
    layer.gain.embeddings.assign(rows)
    layer.shift.embeddings.assign(rows * 10)
    mean, variance = moments(X)
    plain = (X - mean) / np.sqrt(variance + 1e-5)
    expected = plain * (1 + chosen[:, None, None]) + 10 * chosen[:, None, None]
    np.testing.assert_allclose(layer([X, y], training=True), expected, rtol=1e-4, atol=1e-4)


def test_conditional_starts_as_plain_batch_norm():
    y = np.array([0, 1, 2, 3, 0, 1], "int32")
    conditional = ConditionalBatchNorm(num_classes=4)([X, y], training=True)
    np.testing.assert_allclose(conditional, BatchNorm()(X, training=True), atol=1e-6)


def test_class_indices_need_the_number_of_classes():
    with pytest.raises(ValueError, match="num_classes"):
        ConditionalBatchNorm()([X, np.zeros(6, "int32")])


def test_standing_statistics_are_the_mean_over_the_batches():
    inputs = keras.Input((4, 4, 3))
    model = keras.Model(inputs, BatchNorm()(SpectralConv2D(2, 3, name="conv")(inputs)))
    batches = [RNG.standard_normal((5, 4, 4, 3)).astype("float32") for _ in range(4)]
    u = np.array(model.get_layer("conv").singular_vector.u)
    layer = norm.batch_norms(model)[0]
    assert norm.standing_statistics(model, batches) == 4
    seen = [moments(ops.convert_to_numpy(model.get_layer("conv")(batch))) for batch in batches]
    np.testing.assert_allclose(layer.moving_mean, np.mean([m for m, _ in seen], 0), atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, np.mean([v for _, v in seen], 0), rtol=1e-5)
    assert layer.momentum == 0.9
    np.testing.assert_array_equal(model.get_layer("conv").singular_vector.u, u)


def test_standing_statistics_need_a_batch():
    with pytest.raises(ValueError, match="at least one"):
        norm.standing_statistics(BatchNorm(), [])


def test_mixes_batch():
    inputs = keras.Input((4, 4, 3))
    assert norm.mixes_batch(keras.Model(inputs, BatchNorm()(inputs)))
    assert not norm.mixes_batch(keras.Model(inputs, SpectralConv2D(2, 3)(inputs)))


def test_contract(tmp_path):
    check_layer(BatchNorm, X, X.shape, tmp_path, trainable=2, non_trainable=2)


@pytest.mark.parametrize("weight_norm", ["none", "spectral"])
def test_conditional_contract(weight_norm, tmp_path):
    y = RNG.random((6, 4)).astype("float32")
    check_layer(
        lambda: ConditionalBatchNorm(weight_norm=weight_norm, kernel_initializer="ones"),
        [X, y],
        X.shape,
        tmp_path,
        trainable=2,
        non_trainable=2 if weight_norm == "none" else 4,
    )
