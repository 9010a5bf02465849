import keras
import numpy as np
import pytest
from keras import ops

from layers import GroupedConv2D
from models import networks, regularizers
from models.systems.gan.turns import GAN
from tests.models import tiny
from tests.models.test_biggan import ATTRIBUTES, notes, small


def overlap(matrix):
    """||W^T W ∘ (1 - I)||_F² by the definition."""
    products = matrix.T.astype("float64") @ matrix.astype("float64")
    return ((products * (1 - np.eye(len(products)))) ** 2).sum()


def test_equals_the_formula_in_numpy():
    """Over the variables by their names, with the transposed kernels' output axis put last."""
    generator, _ = networks.build(notes(**ATTRIBUTES), seed=0)
    total, seen = 0.0, 0
    for variable in generator.trainable_variables:
        values = ops.convert_to_numpy(variable)
        if values.ndim < 2:
            continue
        transposed = any(part in variable.path for part in ("stage_0", "conv_1", "skip"))
        if values.ndim == 4 and transposed:
            values = np.swapaxes(values, 2, 3)
        if "norm" in variable.path:  # not all zero, as they start
            rng = np.random.default_rng(seen)
            values = rng.normal(size=values.shape).astype("float32")
            variable.assign(values)
        total += overlap(values.reshape(-1, values.shape[-1]))
        seen += 1
    assert seen == len(regularizers.matrices(generator))
    assert float(regularizers.orthogonal(generator)) == pytest.approx(total, rel=1e-5)


def test_orthogonal_filters_of_any_length_cost_nothing():
    generator, _ = networks.build(small(), seed=0)
    layer = generator.get_layer("block_1_conv_2")
    layer.kernel.assign(3.0 * ops.convert_to_tensor(layer.kernel))
    kernel = ops.convert_to_numpy(layer.kernel).reshape(-1, 16)
    assert overlap(kernel) == pytest.approx(0, abs=1e-8)
    # Where a kernel has more outputs than inputs, its filters cannot all be at right angles.
    assert float(regularizers.orthogonal(generator)) > 1.0


def test_every_group_of_a_grouped_convolution_by_itself():
    """Filters of different groups see different channels: they are at right angles already."""
    inputs = keras.Input((4, 4, 6))
    layer = GroupedConv2D(8, 3, groups=2, kernel_initializer="ones")
    network = keras.Model(inputs, layer(inputs))
    # Two groups of four equal filters of 3 · 3 · 3 ones: 4 · 3 products of 27 each.
    assert float(regularizers.orthogonal(network)) == pytest.approx(2 * 12 * 27**2)


def test_label_embeddings_are_left_out():
    generator, _ = networks.build(small(**ATTRIBUTES), seed=0)
    before = float(regularizers.orthogonal(generator))
    table = generator.get_layer("shared_embedding").embeddings
    table.assign(table + 1.0)
    assert float(regularizers.orthogonal(generator)) == pytest.approx(before)


def test_is_logged_beside_the_adversarial_losses():
    def logs(**weights):
        still = {"g_learning_rate": 1e-12, "d_learning_rate": 1e-12, "d_steps": 1}
        gan = GAN(small(**{"g_orthogonal": 0.0, **still, **weights}), seed=1)
        gan.run_eagerly = True
        gan.learning_rate_factor.assign(0.0)
        return tiny.fit(gan, [0])[0]

    plain, both = logs(), logs(g_orthogonal=0.5, d_orthogonal=0.25)
    assert "g_overlap" not in plain
    # The logged losses stay the adversarial ones, so that they can be compared between recipes.
    assert both["g_loss"] == pytest.approx(plain["g_loss"], rel=1e-4)
    assert both["d_loss"] == pytest.approx(plain["d_loss"], rel=1e-4)
    for name, network in zip("gd", networks.build(small(), seed=1), strict=True):
        expected = float(regularizers.orthogonal(network))
        assert both[f"{name}_overlap"] == pytest.approx(expected, rel=1e-4)


def test_brings_filters_towards_right_angles():
    """With a weight that outdoes the adversarial loss, the overlap falls step by step."""
    gan = GAN(notes(g_orthogonal=1e6, g_learning_rate=1e-3), seed=1)
    gan.run_eagerly = True
    overlaps = [row["g_overlap"] for row in tiny.fit(gan, range(3))]
    assert overlaps[2] < 0.9 * overlaps[1] < 0.81 * overlaps[0]
