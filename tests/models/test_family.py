"""The recipes beside the anime notes': their networks against tables, and one step of each."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from layers import ConditionalBatchNorm, initializers, norm
from models import networks, recipes
from models.systems.gan.points import on_points
from models.systems.gan.turns import GAN
from tests.models import tiny

pytestmark = pytest.mark.usefixtures("eagerly")
FAMILY = (
    "gan", "cgan", "dcgan", "dcgan_64", "lsgan", "wgan", "wgan_gp", "sngan", "sngan_cnn", "srngan",
    "projection", "ragan", "msgan", "sagan_paper", "dragan",
)  # fmt: skip


def shapes(network, *kinds):
    """Output shapes without the batch of the layers whose class names one of `kinds`."""
    named = [layer for layer in network.layers if any(k in type(layer).__name__ for k in kinds)]
    return [tuple(layer.output.shape[1:]) for layer in named]


def blank(name):
    """Both networks of a recipe, with weights of zeros: full-sized ones take seconds to draw."""
    with initializers.blank():
        return networks.build(recipes.load(name), 0)


def count(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def test_dcgan_is_the_cifar_table():
    g, d = blank("dcgan")
    assert g.inputs[0].shape == (None, 100)
    sizes = [(4, 4, 512), (8, 8, 256), (16, 16, 128), (32, 32, 3)]
    assert shapes(g, "Conv2DTranspose", "Upsample2D") == sizes
    # 100→512→256→128→3 by 4×4 kernels, with gain and shift of three batch norms; no biases.
    kernels = 16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 3)
    assert count(g) == kernels + 2 * (512 + 256 + 128)
    sizes = [(16, 16, 64), (8, 8, 128), (4, 4, 256), (1, 1, 1)]
    assert shapes(d, "Conv2D") == sizes
    assert count(d) == 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256) + 2 * (128 + 256)
    assert shapes(g, "ReLU") == [(4, 4, 512), (8, 8, 256), (16, 16, 128)]
    assert not shapes(g, "LeakyReLU")
    assert len(shapes(d, "LeakyReLU")) == 3


def test_dcgan_64_begins_at_1024():
    """dcgan_code's faces: ngf and ndf 128."""
    g, d = blank("dcgan_64")
    sizes = [(4, 4, 1024), (8, 8, 512), (16, 16, 256), (32, 32, 128), (64, 64, 3)]
    assert shapes(g, "Conv2DTranspose", "Upsample2D") == sizes
    sizes = [(32, 32, 128), (16, 16, 256), (8, 8, 512), (4, 4, 1024), (1, 1, 1)]
    assert shapes(d, "Conv2D") == sizes


def test_sngan_has_the_tables_parameters():
    """Counted from table 4 of arXiv:1802.05957 (biases everywhere, 1×1 shortcuts)."""
    g, d = blank("sngan")
    conv = lambda size, a, b: size * size * a * b + b  # noqa: E731
    block = 2 * conv(3, 256, 256) + conv(1, 256, 256) + 2 * 2 * 256
    dense = 128 * 16 * 256 + 16 * 256
    assert count(g) == dense + 3 * block + 2 * 256 + conv(3, 256, 3) == 4_276_739
    first = conv(3, 3, 128) + conv(3, 128, 128) + conv(1, 3, 128)
    plain = 2 * conv(3, 128, 128)
    assert count(d) == first + plain + conv(1, 128, 128) + 2 * plain + 129 == 1_053_825


def test_projection_has_the_authors_parameters():
    """resnet_32.py and snresnet_32.py: gammas and betas per class in the blocks, b5 without."""
    g, d = blank("projection")
    assert count(g) == 4_276_739 - 6 * 2 * 256 + 6 * 2 * 10 * 256 == 4_304_387
    assert count(d) == 1_053_825 + 10 * 128
    conditional = [n for n in norm.batch_norms(g) if isinstance(n, ConditionalBatchNorm)]
    assert len(conditional) == 6
    assert not isinstance(g.get_layer("to_image_norm"), ConditionalBatchNorm)


def test_wgan_gp_has_the_authors_networks():
    """gan_cifar_resnet.py with CONDITIONAL False: 128 channels in both, the critic averages."""
    recipe = recipes.load("wgan_gp")
    g, d = networks.build(recipe, 0)
    block = 2 * (9 * 128 * 128 + 128) + 128 * 128 + 128 + 2 * 2 * 128
    ends = 128 * 2048 + 2048 + 2 * 128 + 9 * 128 * 3 + 3
    assert count(g) == 3 * block + ends == 1_204_483
    assert count(d) == 1_053_825
    summing = networks.build(dataclasses.replace(recipe, d_pooling="sum"), 0)[1]
    pictures, labels = np.ones((1, 32, 32, 3), "float32"), np.zeros(1, "int32")
    features = [
        ops.convert_to_numpy(keras.Model(each.inputs, each.get_layer("features").output)(
            [pictures, labels])) for each in (d, summing)
    ]  # fmt: skip
    np.testing.assert_allclose(64 * features[0], features[1], rtol=1e-4)  # 8 × 8 positions


@pytest.mark.parametrize("name", ["wgan_gp", "sngan"])
def test_residual_kernels_begin_larger_by_the_root_of_two(name):
    """GlorotUniform(math.sqrt(2)) in sngan_projection, he_init=True in improved_wgan_training."""
    recipe = recipes.load(name)
    g, d = networks.build(recipe, 0)
    for network, wide, first in ((g, recipe.g_filters, 128), (d, 128, 3)):
        glorot = lambda size, a, b: np.sqrt(6 / (size * size * (a + b)))  # noqa: E731
        expected = {"to_image": glorot(3, wide, 3), "stage_0": np.sqrt(6 / (128 + 16 * wide))}
        expected["to_logit"] = np.sqrt(6 / (wide + 1))
        expected["block_2_skip"] = glorot(1, wide, wide)
        expected["block_2_conv_1"] = expected["block_2_conv_2"] = glorot(3, wide, wide) * 2**0.5
        if network is d:
            expected["block_1_conv_1"] = glorot(3, first, wide) * 2**0.5
            expected["block_1_skip"] = glorot(1, first, wide)
            expected["block_4_conv_2"] = expected["block_2_conv_2"]
        seen = 0
        for layer in network.layers:
            if layer.name in expected:
                kernel = getattr(layer, "conv", layer).kernel
                largest = np.abs(ops.convert_to_numpy(kernel)).max()
                assert largest == pytest.approx(expected[layer.name], rel=0.03), layer.name
                seen += 1
        assert seen == (5 if network is g else 7)


def test_sngan_cnn_is_table_3():
    g, d = blank("sngan_cnn")
    sizes = [(8, 8, 256), (16, 16, 128), (32, 32, 64), (32, 32, 3)]
    assert shapes(g, "Conv2D") == sizes
    sizes = [(32, 32, 64), (16, 16, 64), (16, 16, 128), (8, 8, 128), (8, 8, 256), (4, 4, 256)]
    assert shapes(d, "Conv2D") == [*sizes, (4, 4, 512)]


def test_sagan_paper_attends_at_32_and_follows_the_imagenet_tables():
    g, d = blank("sagan_paper")
    sizes = [(8, 8, 1024), (16, 16, 512), (32, 32, 256), (64, 64, 128), (128, 128, 64)]
    assert shapes(g, "Add") == sizes
    assert shapes(g, "SelfAttention") == [(32, 32, 256)]
    assert count(g) == 42_078_852
    assert count(d) == 39_463_618
    sizes = [(64, 64, 64), (32, 32, 128), (16, 16, 256), (8, 8, 512), (4, 4, 1024), (4, 4, 1024)]
    assert shapes(d, "Add")[:6] == sizes
    assert shapes(d, "SelfAttention") == [(32, 32, 128)]


def test_gan_has_the_papers_widths():
    g, d = blank("gan")
    assert shapes(g, "Dense") == [(1200,), (1200,), (3072,)]
    assert shapes(d, "Maxout") == [(240,), (240,)]
    assert shapes(d, "Dense") == [(1200,), (1200,), (1,)]


def test_wgan_is_algorithm_1():
    recipe = recipes.load("wgan")
    assert (recipe.loss, recipe.weight_clip, recipe.d_steps) == ("wasserstein", 0.01, 5)
    assert (recipe.optimizer, recipe.g_learning_rate, recipe.beta_1) == ("rmsprop", 5e-5, 0.0)
    assert recipe.batch_size == 64
    # The networks of main.py with ngf and ndf 64, which are PyTorch's DCGAN example's.
    g, d = blank("wgan")
    assert count(g) == 3_576_704
    assert count(d) == 2_765_568


# What the authors' settings say: gan_cifar_resnet.py, and sngan_projection's two CIFAR-10 configs.
SOURCES = {
    "wgan_gp": {"steps": 100_000, "penalty_weight": 10.0},
    "sngan": {"steps": 50_000, "loss": "hinge"},
    "projection": {"steps": 50_000, "loss": "hinge", "num_labels": 10},
    "srngan": {"steps": 50_000, "loss": "hinge"},
}


@pytest.mark.parametrize("name", SOURCES)
def test_residual_recipes_are_the_authors(name):
    recipe = recipes.load(name)
    both = {
        "batch_size": 64, "d_steps": 5, "g_learning_rate": 2e-4, "d_learning_rate": 2e-4,
        "beta_1": 0.0, "beta_2": 0.9, "decay": "linear", "decay_start": 0, "dequantize": True,
        "latent": "normal", "latent_dim": 128,
    }  # fmt: skip
    for field, value in {**both, **SOURCES[name]}.items():
        assert getattr(recipe, field) == value, field
    assert recipe.batch_size * recipe.g_batch_factor == 128
    assert recipe.d_pooling == ("mean" if name == "wgan_gp" else "sum")


def test_msgan_is_half_of_the_authors_losses():
    """loss_D and loss_G are sums over two halves of 32; the term's weight 1, weight_decay 1e-4."""
    recipe = recipes.load("msgan")
    assert (recipe.batch_size, recipe.fakes_per_real, recipe.g_batch_factor) == (32, 2, 2)
    assert (2 * recipe.g_term_weight, 2 * recipe.weight_decay) == (1.0, 1e-4)
    assert (recipe.latent, recipe.latent_dim) == ("normal", 100)
    assert recipe.steps == 200 * (50_000 // 32)
    _, d = networks.build(recipe, 0)
    assert shapes(d, "Conv2D") == [(16, 16, 128), (8, 8, 256), (4, 4, 512), (1, 1, 1)]


def small(name):
    recipe = recipes.load(name)
    labels = {"num_labels": 3} if recipe.conditional else {}
    return dataclasses.replace(
        recipe, resolution=16, g_filters=16, d_filters=8, batch_size=4, latent_dim=8,
        attention_resolution=8 if recipe.attention_resolution else 0, **labels,
    )  # fmt: skip


@pytest.mark.parametrize("name", FAMILY)
def test_takes_a_step_and_draws(name):
    gan = GAN(small(name))
    batch = {k: ops.convert_to_tensor(v) for k, v in tiny.batch(gan.recipe).items()}
    before = tiny.values(gan.trainable_variables)
    logs = gan._step(batch)
    assert all(np.isfinite(float(value)) for value in logs.values())
    moved = [
        np.abs(new - old).max() > 0
        for new, old, variable in zip(
            tiny.values(gan.trainable_variables), before, gan.trainable_variables, strict=True
        )
        if variable.name == "kernel" and "attention" not in variable.path
    ]
    assert all(moved)
    labels = np.zeros(3, "int32")
    pictures = gan.sample(gan.draw_latents(3), labels)
    assert pictures.shape == (3, 16, 16, 3)
    assert np.abs(pictures).max() <= 1


@pytest.mark.parametrize("name", FAMILY)
def test_says_where_it_comes_from(name):
    text = recipes.describe(name)
    for word in ("Source: ", f"Command: python train.py {name} --data", "Expect", "Departures: "):
        assert word in text
    assert "arXiv:" in text


@pytest.mark.parametrize("name", [*FAMILY, "r3gan", "fastgan", "began"])
def test_any_objective_goes_on_points(name):
    if recipes.load(name).loss == "boundary_equilibrium":
        pytest.skip("it is of an autoencoder that judges pictures")
    recipe = on_points(recipes.load(name), 2, width=4)
    assert (recipe.augment, recipe.ema_half_life, recipe.ema_decay) == ("none", 0, 0.0)
    assert recipe.loss == recipes.load(name).loss
    g, d = networks.build(recipe, 0)
    assert g.output_shape == (None, 2)
    assert d.inputs[0].shape == (None, 2)


def test_points_need_dense_networks():
    with pytest.raises(ValueError, match="points \\(point_dim\\) need dense"):
        dataclasses.replace(recipes.load("sngan"), point_dim=2)


def test_points_are_not_bounded_by_tanh():
    g, _ = networks.build(on_points(recipes.load("gan"), 2, width=4), 0)
    made = ops.convert_to_numpy(g([100 * np.ones((1, 16), "float32"), np.zeros(1, "int32")]))
    assert np.abs(made).max() > 1
