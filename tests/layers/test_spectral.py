from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import layers
from layers import reparametrization
from models import autodiff
from tests.layers.checks import check_layer

GOLDEN = np.load(Path(__file__).parent / "golden" / "spectral.npz")
LAYERS = {
    "conv": lambda: layers.SpectralConv2D(5, 4, use_bias=False),
    "conv_transpose": lambda: layers.SpectralConv2DTranspose(5, 4, use_bias=False),
    "conv_transpose_inputs": lambda: layers.SpectralConv2DTranspose(
        5, 4, use_bias=False, row_axis=-1
    ),
    "dense": lambda: layers.SpectralDense(5, use_bias=False),
    "embedding": lambda: layers.SpectralEmbedding(6, 4),
}
INPUTS = {
    "conv": (1, 8, 8, 3),
    "conv_transpose": (1, 8, 8, 3),
    "conv_transpose_inputs": (1, 8, 8, 3),
    "dense": (1, 7),
    "embedding": (1,),
}
# torch's axis order → Keras's
AXES = {"conv": (2, 3, 1, 0), "conv_transpose": (2, 3, 1, 0), "dense": (1, 0), "embedding": (0, 1)}


def built(name, seed=0):
    with layers.initializers.seeded(seed):
        layer = LAYERS[name]()
        layer.build(INPUTS[name])
    rng = np.random.default_rng(seed)
    layer.raw_kernel.assign(rng.standard_normal(layer.raw_kernel.shape) * 0.3)
    return layer


def inputs(name):
    if name == "embedding":
        return np.array([1, 4], "int32")
    return np.random.default_rng(1).standard_normal((2, *INPUTS[name][1:])).astype("float32")


def matrix(layer, kernel):
    kernel = ops.convert_to_numpy(kernel)
    return np.moveaxis(kernel, layer.row_axis, -1).reshape(-1, kernel.shape[layer.row_axis])


# torch keeps u on the other side of an embedding's table, so its steps cannot be compared one by
# one; test_converges_to_the_svd covers it.
ONE_BY_ONE = ["conv", "conv_transpose", "dense"]


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_equals_torch_after_three_iterations(name):
    layer = built(name)
    kernel, u = GOLDEN[f"{name}_kernel"], GOLDEN[f"{name}_u"]
    layer.raw_kernel.assign(np.transpose(kernel, AXES[name]))
    layer.singular_vector.u.assign(u)
    for _ in range(3):
        layer.power_iterate()
    np.testing.assert_allclose(layer.singular_vector.u, GOLDEN[f"{name}_u_after"], atol=2e-6)
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer.normalized_kernel()),
        np.transpose(GOLDEN[f"{name}_normalized"], AXES[name]),
        atol=1e-6,
    )


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_gradient_equals_torch(name):
    layer = built(name)
    layer.raw_kernel.assign(np.transpose(GOLDEN[f"{name}_kernel"], AXES[name]))
    layer.singular_vector.u.assign(GOLDEN[f"{name}_u_after"])
    target = np.transpose(GOLDEN[f"{name}_target"], AXES[name]).astype("float32")
    # torch holds both u and v constant at their stored values; v of u_after is the same v.
    _, (gradient,) = autodiff.value_and_grad(
        lambda: (ops.sum(layer.normalized_kernel() * target), {}),
        [layer.raw_kernel],
        layer.variables,
    )
    expected = np.transpose(GOLDEN[f"{name}_gradient"], AXES[name])
    np.testing.assert_allclose(ops.convert_to_numpy(gradient), expected, atol=3e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_converges_to_the_svd(name):
    layer = built(name)
    for _ in range(200):
        layer.power_iterate()
    top = np.linalg.svd(matrix(layer, layer.raw_kernel), compute_uv=False)[0]
    assert float(layer.sigma()) == pytest.approx(top, rel=1e-5)
    normalized = np.linalg.svd(matrix(layer, layer.normalized_kernel()), compute_uv=False)[0]
    assert normalized == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("make", [layers.SpectralConv2DTranspose, layers.StableRankConv2DTranspose])
def test_transposed_kernels_are_normalised_over_either_axis(make):
    """Over outputs the matrix is (5, 4 · 4 · 3), over inputs (3, 4 · 4 · 5), by NumPy's SVD."""
    kernel = np.random.default_rng(0).standard_normal((4, 4, 5, 3)).astype("float32")
    over_outputs = np.concatenate([kernel[i, j] for i in range(4) for j in range(4)], axis=1)
    over_inputs = np.concatenate([kernel[i, j] for i in range(4) for j in range(4)], axis=0)
    tops = {-2: np.linalg.norm(over_outputs, 2), -1: np.linalg.norm(over_inputs, 2)}
    assert tops[-2] != pytest.approx(tops[-1], rel=0.05)
    for row_axis, top in tops.items():
        layer = make(5, 4, row_axis=row_axis)
        layer.build((None, 8, 8, 3))
        layer.kernel.assign(kernel)
        for _ in range(200):
            layer.power_iterate()
        assert layer.singular_vector.u.shape == ({-2: 5, -1: 3}[row_axis],)
        assert float(layer.sigma()) == pytest.approx(top, rel=1e-5)
        assert type(layer).from_config(layer.get_config()).row_axis == row_axis


def test_transposed_kernels_have_two_axes_to_choose_from():
    config = layers.SpectralConv2DTranspose(5, 4).get_config()
    del config["row_axis"]  # as files of before version 0.2.0
    assert layers.SpectralConv2DTranspose.from_config(config).row_axis == -2
    with pytest.raises(ValueError, match=r"-2 \(outputs\) or -1 \(inputs\), not 0"):
        layers.SpectralConv2DTranspose(5, 4, row_axis=0)


def test_gradient_is_orthogonal_to_the_kernel():
    # W/sigma does not change when W is scaled, so <gradient, W> must be 0 (Miyato, equation 11).
    layer = built("conv")
    target = np.random.default_rng(2).standard_normal(layer.raw_kernel.shape).astype("float32")
    _, (gradient,) = autodiff.value_and_grad(
        lambda: (ops.sum(layer.normalized_kernel() * target), {}),
        [layer.raw_kernel],
        layer.variables,
    )
    gradient, kernel = ops.convert_to_numpy(gradient), np.array(layer.raw_kernel)
    inner = np.sum(gradient * kernel)
    assert abs(inner) < 1e-5 * np.linalg.norm(gradient) * np.linalg.norm(kernel)


@pytest.mark.parametrize("name", LAYERS)
def test_u_moves_in_training_only(name):
    layer = built(name)
    before = np.array(layer.singular_vector.u)
    layer(inputs(name))
    np.testing.assert_array_equal(layer.singular_vector.u, before)
    layer(inputs(name), training=True)
    assert np.abs(np.array(layer.singular_vector.u) - before).max() > 1e-4
    assert np.linalg.norm(layer.singular_vector.u) == pytest.approx(1, abs=1e-5)


def test_shared_kernels_normalise_once_and_hold_u():
    layer = built("dense")
    before = np.array(layer.singular_vector.u)
    with reparametrization.shared_kernels():
        first = layer.normalized_kernel(training=True)
        layer.raw_kernel.assign(layer.raw_kernel * 5)
        assert layer.normalized_kernel(training=True) is first
    np.testing.assert_array_equal(layer.singular_vector.u, before)
    assert layer.normalized_kernel() is not first


def test_power_iterate_reaches_nested_layers():
    attention = layers.SelfAttention()
    attention.build((None, 4, 4, 16))
    before = [np.array(v) for v in attention.non_trainable_variables]
    reparametrization.power_iterate(attention)
    moved = [
        np.abs(np.array(v) - b).max()
        for v, b in zip(attention.non_trainable_variables, before, strict=True)
    ]
    # f and g have two outputs here, h sixteen; all three must have been found.
    assert len(moved) == 3
    assert all(m > 1e-6 for m in moved)


def test_call_is_the_plain_operation_on_the_normalised_kernel():
    layer = built("conv")
    plain = keras.layers.Conv2D(5, 4, use_bias=False)
    plain.build(INPUTS["conv"])
    plain.kernel.assign(layer.normalized_kernel())
    np.testing.assert_allclose(layer(inputs("conv")), plain(inputs("conv")), atol=1e-6)


def test_embedding_of_multi_hot_is_the_sum_of_rows():
    layer = built("embedding")
    rows = ops.convert_to_numpy(layer(np.array([1, 4], "int32")))
    both = layer(np.array([[0, 1, 0, 0, 1, 0]], "float32"))
    np.testing.assert_allclose(ops.convert_to_numpy(both)[0], rows.sum(0), atol=1e-6)


def test_sigma_is_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        layer = built("dense")
    finally:
        keras.config.set_dtype_policy("float32")
    for _ in range(100):
        layer(inputs("dense"), training=True)
    top = np.linalg.svd(matrix(layer, layer.raw_kernel), compute_uv=False)[0]
    assert float(layer.sigma()) == pytest.approx(top, rel=1e-5)  # bfloat16 would be off by 1e-3


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("conv", (2, 5, 5, 5)),
        ("conv_transpose", (2, 11, 11, 5)),
        ("conv_transpose_inputs", (2, 11, 11, 5)),
        ("dense", (2, 5)),
        ("embedding", (2, 4)),
    ],
)
def test_contract(name, output, tmp_path):
    check_layer(LAYERS[name], inputs(name), output, tmp_path, trainable=1, non_trainable=1)


@pytest.mark.parametrize("strides", [1, 2])
def test_a_convolution_of_the_whole_map_is_a_matrix_product(strides):
    rng = np.random.default_rng(0)
    layer = layers.SpectralConv2D(5, (4, 3), strides=strides, activation="relu")
    x = rng.standard_normal((6, 4, 3, 7)).astype("float32")
    layer(x)
    layer.bias.assign(rng.standard_normal(5))
    assert layer._takes_all(x)
    assert not layer._takes_all(np.zeros((6, 5, 3, 7)))
    expected = ops.relu(ops.conv(x, layer.normalized_kernel(False), strides) + layer.bias)
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


def test_a_transposed_convolution_of_one_pixel_is_a_matrix_product():
    rng = np.random.default_rng(0)
    layer = layers.SpectralConv2DTranspose(5, (4, 3))
    x = rng.standard_normal((6, 1, 1, 7)).astype("float32")
    layer(x)
    layer.bias.assign(rng.standard_normal(5))
    assert layer._takes_one_pixel(x)
    assert not layer._takes_one_pixel(np.zeros((6, 2, 1, 7)))
    assert not layers.SpectralConv2DTranspose(5, 4, strides=2)._takes_one_pixel(x)
    expected = ops.conv_transpose(x, layer.normalized_kernel(False)) + layer.bias
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)
