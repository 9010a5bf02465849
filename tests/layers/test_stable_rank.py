"""Stable-rank normalisation against exact singular values."""

import numpy as np
import pytest
from keras import ops

import layers
from models import autodiff
from tests.layers.checks import check_layer

LAYERS = {
    "conv": (lambda **o: layers.StableRankConv2D(5, 4, **o), (2, 8, 8, 3), (2, 5, 5, 5)),
    "conv_transpose": (
        lambda **o: layers.StableRankConv2DTranspose(5, 4, **o), (2, 8, 8, 3), (2, 11, 11, 5)
    ),
    "dense": (lambda **o: layers.StableRankDense(9, **o), (2, 7), (2, 9)),
    "embedding": (lambda **o: layers.StableRankEmbedding(6, 4, **o), (2,), (2, 4)),
}  # fmt: skip


def exact(name, rank_share, seed=0):
    make, shape, _ = LAYERS[name]
    layer = make(rank_share=rank_share)
    layer.build((None, *shape[1:]))
    rng = np.random.default_rng(seed)
    layer.raw_kernel.assign(rng.standard_normal(layer.raw_kernel.shape))
    layer.singular_vector.u.assign(np.linalg.svd(matrix(layer, layer.raw_kernel))[2][0])
    return layer


def matrix(layer, kernel):
    """The kernel as float64 (inputs, outputs)."""
    kernel = np.moveaxis(np.asarray(ops.convert_to_numpy(kernel)), layer.row_axis, -1)
    return kernel.reshape(-1, kernel.shape[-1]).astype("float64")


def singular_values(layer, kernel):
    return np.linalg.svd(matrix(layer, kernel), compute_uv=False)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("rank_share", [0.25, 0.33])
def test_the_stable_rank_is_the_target(name, rank_share):
    layer = exact(name, rank_share)
    raw = singular_values(layer, layer.raw_kernel)
    made = singular_values(layer, layer.normalized_kernel())
    target = max(1.0, rank_share * len(raw))
    assert (raw**2).sum() / raw[0] ** 2 > target  # otherwise there would be nothing to do
    assert made[0] == pytest.approx(1.0, abs=1e-4)
    assert (made**2).sum() == pytest.approx(target, rel=1e-3)
    # All but the first singular value shrink by one factor.
    shrunk = made[1:] / (raw[1:] / raw[0])
    np.testing.assert_allclose(shrunk, shrunk[0], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_kernels_of_low_stable_rank_are_only_divided_by_sigma(name):
    layer = exact(name, 1.0)
    raw = singular_values(layer, layer.raw_kernel)
    made = singular_values(layer, layer.normalized_kernel())
    np.testing.assert_allclose(made, raw / raw[0], atol=2e-4)


def test_the_gradient_feels_the_division():
    """The normalised kernel does not depend on W's length: no gradient along W itself."""
    layer = exact("dense", 0.3)
    weight = np.random.default_rng(1).standard_normal((7, 9)).astype("float32")
    kernel = np.array(ops.convert_to_numpy(layer.raw_kernel))
    loss = lambda: (ops.sum(layer.normalize(ops.convert_to_tensor(layer.raw_kernel)) * weight), {})  # noqa: E731
    _, (gradient,) = autodiff.value_and_grad(loss, [layer.raw_kernel], layer.variables)
    assert abs(float((ops.convert_to_numpy(gradient) * kernel).sum())) < 1e-3
    assert np.abs(ops.convert_to_numpy(gradient)).max() > 1e-3


def test_a_kernel_with_one_output_learns_as_under_spectral_norm():
    kernel = np.random.default_rng(0).standard_normal((7, 1)).astype("float32")
    weight = np.random.default_rng(1).standard_normal((7, 1)).astype("float32")
    gradients = []
    for make in (layers.StableRankDense, layers.SpectralDense):
        layer = make(1)
        layer.build((None, 7))
        layer.raw_kernel.assign(kernel)
        loss = lambda layer=layer: (  # noqa: E731
            ops.sum(layer.normalize(ops.convert_to_tensor(layer.raw_kernel)) * weight), {}
        )  # fmt: skip
        _, (gradient,) = autodiff.value_and_grad(loss, [layer.raw_kernel], layer.variables)
        gradients.append(ops.convert_to_numpy(gradient))
    assert np.abs(gradients[0]).max() > 0.01
    np.testing.assert_allclose(*gradients, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_contract(name, tmp_path):
    make, shape, output = LAYERS[name]
    inputs = np.zeros(shape, "int32") if name == "embedding" else np.ones(shape, "float32")
    trainable = 1 if name == "embedding" else 2
    check_layer(lambda: make(rank_share=0.4), inputs, output, tmp_path, trainable, 1)


def test_a_share_outside_its_range_is_refused():
    with pytest.raises(ValueError, match=r"rank_share must be above 0 and at most 1, not 1\.5"):
        layers.StableRankDense(3, rank_share=1.5)
