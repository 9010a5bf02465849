"""4×4 convolutions of stride 2 against Keras's own operations, with their derivatives."""

import keras
import numpy as np
import pytest
from keras import ops

from layers import (
    Downsample2D,
    SpectralConv2D,
    SpectralConv2DTranspose,
    Upsample2D,
    reparametrization,
    strided,
)
from models import autodiff

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only TensorFlow computes in this way"
)
tf = pytest.importorskip("tensorflow")


@pytest.fixture(autouse=True)
def once():
    with strided.differentiated_once():
        yield


# Side of the larger map, its channels, features of the smaller one: few and many channels, and
# maps on both sides of the limit for the kernel's gradient.
CASES = [(8, 3, 5), (8, 6, 4), (4, 2, 3), (36, 3, 2)]


def _numbers(*shape, dtype="float32", seed=0):
    found = np.random.default_rng(seed).normal(size=shape).astype("float32")
    return ops.cast(ops.convert_to_tensor(found), dtype)


def _same(found, wanted, tolerance=2e-5):
    np.testing.assert_allclose(
        ops.convert_to_numpy(found), ops.convert_to_numpy(wanted), atol=tolerance, rtol=tolerance
    )


def _derivatives(function, x, kernel, upstream):
    """The result, both gradients, and the gradient of the first one's square by both."""
    with tf.GradientTape() as outer:
        outer.watch([x, kernel])
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, kernel])
            result = function(x, kernel)
            total = tf.reduce_sum(tf.sin(result) * upstream)
        by_x, by_kernel = tape.gradient(total, [x, kernel])
        slope = tf.reduce_sum(tf.square(by_x))
    return [result, by_x, by_kernel, *outer.gradient(slope, [x, kernel])]


@pytest.mark.parametrize(("side", "channels", "features"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_convolution(side, channels, features, dtype):
    x = _numbers(2, side, side + 4, channels, dtype=dtype)
    kernel = _numbers(4, 4, channels, features, dtype=dtype, seed=1) / 4
    upstream = _numbers(2, side // 2, side // 2 + 2, features, dtype=dtype, seed=2)
    found = _derivatives(strided.conv, x, kernel, upstream)
    x, kernel, upstream = (ops.cast(each, "float32") for each in (x, kernel, upstream))
    wanted = _derivatives(
        lambda x, k: ops.conv(x, k, strides=2, padding="same"), x, kernel, upstream
    )
    _compare(found, wanted, dtype)


@pytest.mark.parametrize(("side", "channels", "features"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_transposed_convolution(side, channels, features, dtype):
    x = _numbers(2, side // 2, side // 2 + 2, features, dtype=dtype)
    kernel = _numbers(4, 4, channels, features, dtype=dtype, seed=1) / 4
    upstream = _numbers(2, side, side + 4, channels, dtype=dtype, seed=2)
    found = _derivatives(strided.conv_transpose, x, kernel, upstream)
    x, kernel, upstream = (ops.cast(each, "float32") for each in (x, kernel, upstream))
    wanted = _derivatives(
        lambda x, k: ops.conv_transpose(x, k, strides=2, padding="same"), x, kernel, upstream
    )
    _compare(found, wanted, dtype)


def _compare(found, wanted, dtype):
    for one, other in zip(found, wanted, strict=True):
        one, other = (np.asarray(ops.cast(each, "float32")) for each in (one, other))
        size = np.sqrt(np.mean(other**2))
        gap = np.sqrt(np.mean((one - other) ** 2)) / size
        assert size > 0.1
        assert gap < (1e-5 if dtype == "float32" else 0.05)


@pytest.mark.parametrize("side", [4, 8])
def test_the_kernels_gradient_of_small_maps_is_a_matrix_product(side):
    large = _numbers(3, 2 * side, 2 * side, 5)
    small = _numbers(3, side, side, 7, seed=1)
    wanted = np.zeros((4, 4, 5, 7), "float32")
    padded = np.pad(np.asarray(large), ((0, 0), (1, 1), (1, 1), (0, 0)))
    for row in range(4):
        for column in range(4):
            part = padded[:, row : row + 2 * side : 2, column : column + 2 * side : 2]
            wanted[row, column] = np.einsum("nhwc,nhwf->cf", part, np.asarray(small))
    _same(strided.kernel_gradient(large, small), wanted, 1e-4)
    halves = [ops.cast(each, "bfloat16") for each in (large, small)]
    rounded = ops.cast(strided.kernel_gradient(*halves), "float32")
    assert np.abs(np.asarray(rounded) - wanted).max() < 0.02 * np.abs(wanted).max()


def _operations(layer, x):
    """The kinds of operations in the layer's training step by its kernel."""

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(tf.square(layer(x, training=True)))
        return tape.gradient(total, layer.trainable_variables)

    graph = step.get_concrete_function(tf.TensorSpec(x, "bfloat16")).graph
    return {operation.type for operation in graph.get_operations()}


def test_the_layers_compute_in_this_way_on_a_cpu(monkeypatch):
    monkeypatch.setattr(strided, "_only_cpus", lambda: True)
    options = {"kernel_size": 4, "strides": 2, "padding": "same", "dtype": "mixed_bfloat16"}
    down, up = SpectralConv2D(6, **options), SpectralConv2DTranspose(3, **options)
    assert "Conv2DBackpropFilter" not in _operations(down, (2, 8, 8, 5))
    assert "Conv2DBackpropFilter" in _operations(down, (2, 32, 32, 5))
    assert "DepthToSpace" in _operations(up, (2, 8, 8, 5))
    monkeypatch.setattr(strided, "_only_cpus", lambda: False)
    down, up = SpectralConv2D(6, **options), SpectralConv2DTranspose(3, **options)
    assert "Conv2DBackpropFilter" in _operations(down, (2, 8, 8, 5))
    assert "DepthToSpace" not in _operations(up, (2, 8, 8, 5))


@pytest.mark.parametrize(
    "changed",
    [
        {"strides": 1},
        {"padding": "valid"},
        {"dilation_rate": 2, "strides": 1},
        {"groups": 2},
        {"data_format": "channels_first"},
    ],
)
def test_other_convolutions_stay_as_they_are(changed, monkeypatch):
    monkeypatch.setattr(strided, "_only_cpus", lambda: True)
    options = {"kernel_size": 4, "strides": 2, "padding": "same"}
    assert strided.applies(keras.layers.Conv2D(4, **options))
    assert not strided.applies(keras.layers.Conv2D(4, **options | changed))


@pytest.mark.parametrize("large", [(7, 8), (8, 5), (None, 8)])
@pytest.mark.parametrize("kernel", [(4, 4), (3, 3)])
def test_odd_or_unknown_sides_and_other_kernels_stay_as_they_are(large, kernel, monkeypatch):
    monkeypatch.setattr(strided, "_only_cpus", lambda: True)
    assert strided._suits(np.zeros((4, 4, 3, 5)), (8, 6))
    assert not strided._suits(np.zeros((*kernel, 3, 5)), large)
    assert not strided._suits(np.zeros((3, 3, 3, 5)), (8, 6))


def test_other_kernels_are_those_of_keras(monkeypatch):
    monkeypatch.setattr(strided, "_only_cpus", lambda: True)
    x, small, kernel = _numbers(1, 7, 8, 3), _numbers(1, 7, 8, 5), _numbers(3, 3, 3, 5)
    found, wanted = strided.conv(x, kernel), ops.conv(x, kernel, strides=2, padding="same")
    _same(found, wanted)
    wanted = ops.conv_transpose(small, kernel, strides=2, padding="same")
    _same(strided.conv_transpose(small, kernel), wanted)


def test_gradients_of_gradients_and_networks_in_use_stay_as_they_are(monkeypatch):
    monkeypatch.setattr(strided, "_only_cpus", lambda: True)
    kernel = np.zeros((4, 4, 3, 5))
    assert strided._suits(kernel, (8, 8))
    with strided.differentiated_twice():
        assert not strided._suits(kernel, (8, 8))
    assert strided._suits(kernel, (8, 8))
    seen = []

    def score(x):
        seen.append(strided._suits(kernel, (8, 8)))
        return ops.sum(x * x, axis=1)

    slope = autodiff.input_gradient(score, _numbers(2, 3), [])
    assert seen == [False]
    _same(slope, 2 * _numbers(2, 3))
    strided._scope.once = False
    assert not strided._suits(kernel, (8, 8))
    with reparametrization.shared_kernels():
        assert strided._suits(kernel, (8, 8))
    assert not strided._suits(kernel, (8, 8))


@pytest.mark.parametrize("kind", ["down", "up"])
def test_the_resamplers_compute_in_this_way(kind, monkeypatch):
    monkeypatch.setattr(strided, "_only_cpus", lambda: True)
    if kind == "down":
        layer, shape = Downsample2D(6, dtype="mixed_bfloat16"), (2, 8, 8, 5)
    else:
        layer, shape = Upsample2D(6, "nearest", dtype="mixed_bfloat16"), (2, 4, 4, 5)
    assert "Conv2DBackpropFilter" not in _operations(layer, shape)


def test_a_gpu_or_another_backend_needs_none_of_this(monkeypatch):
    strided._only_cpus.cache_clear()
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    assert not strided._only_cpus()
    strided._only_cpus.cache_clear()
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    assert strided._only_cpus()
    strided._only_cpus.cache_clear()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert not strided._only_cpus()
    strided._only_cpus.cache_clear()
