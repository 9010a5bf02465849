"""StackGAN's networks: the authors' counts, their sizes, what a text and a latent change."""

import dataclasses
import itertools

import keras
import numpy as np
import pytest
from keras import ops

from layers import BatchNorm, initializers
from layers.reparametrization import power_iterate
from models import recipes
from models.networks import trained_parameters
from models.systems.stackgan import networks
from tests.models import tiny_stackgan

pytestmark = pytest.mark.usefixtures("eagerly")

RNG = np.random.default_rng(0)


def conv(kernel, inputs, outputs, norm=True):
    """A convolution without bias, and a norm's gains and shifts."""
    return kernel * kernel * inputs * outputs + 2 * outputs * norm


def dense(inputs, outputs):
    return inputs * outputs + outputs


def bottleneck(channels, inner):
    return conv(1, channels, inner) + conv(3, inner, inner) + conv(3, inner, channels)


def test_the_authors_counts():
    """Added up from stageI/model.py and stageII/model.py, with texts of 1024 numbers."""
    text, ef, gf, df = 1024, 128, 128, 64
    stage_1 = dense(text, 2 * ef) + dense(ef + 100, 16 * 1024) + 2 * 16 * 1024
    stage_1 += bottleneck(1024, 256) + conv(3, 1024, 512) + bottleneck(512, 128)
    stage_1 += conv(3, 512, 256) + conv(3, 256, 128) + conv(3, 128, 3, norm=False)
    judged = dense(text, ef) + conv(1, 512 + ef, 512) + conv(4, 512, 1, norm=False)
    d_1 = conv(4, 3, df, norm=False) + conv(4, 64, 128) + conv(4, 128, 256) + conv(4, 256, 512)
    d_1 += bottleneck(512, 128) + judged
    stage_2 = dense(text, 2 * ef) + conv(3, 3, gf, norm=False) + conv(4, 128, 256)
    stage_2 += conv(4, 256, 512) + conv(3, 512 + ef, 512) + 4 * 2 * conv(3, 512, 512)
    stage_2 += conv(3, 512, 256) + conv(3, 256, 128) + conv(3, 128, 64) + conv(3, 64, 32)
    stage_2 += conv(3, 32, 3, norm=False)
    widths = (64, 128, 256, 512, 1024, 2048)
    d_2 = conv(4, 3, df, norm=False) + sum(conv(4, a, b) for a, b in itertools.pairwise(widths))
    d_2 += conv(1, 2048, 1024) + conv(1, 1024, 512) + bottleneck(512, 128) + judged
    expected = (14_264_192, 4_029_824, 26_290_080, 48_603_520)
    assert (stage_1, d_1, stage_2, d_2) == expected
    recipe = dataclasses.replace(recipes.load("stackgan"), text_dim=text)
    with initializers.blank():
        made = (
            networks.first_generator(recipe), networks.discriminator(recipe, 1),
            networks.second_generator(recipe), networks.discriminator(recipe, 2),
        )  # fmt: skip
    assert tuple(map(trained_parameters, made)) == expected
    shapes = [each.outputs[0].shape[1:] for each in made]
    assert shapes == [(64, 64, 3), (1,), (256, 256, 3), (1,)]


def activated(network):
    """The layers that an activation follows, by their names."""
    kinds = (keras.layers.ReLU, keras.layers.LeakyReLU)
    return [x.name.removesuffix("_activation") for x in network.layers if isinstance(x, kinds)]


def test_where_norms_and_activations_are():
    recipe = tiny_stackgan.recipe(resolution=64, ratio=2)
    first, second = networks.first_generator(recipe), networks.second_generator(recipe)
    assert activated(first) == [
        "text_1", "block_1_4_1", "block_1_4_2", "block_1_4", "block_1_8_1", "block_1_8_2",
        "up_1_8", "up_1_16",
    ]  # fmt: skip
    assert sorted(activated(second)) == sorted([
        "text_2", "in_2", "down_2_1", "down_2_2", "joint_2", "block_2_1_1", "block_2_1",
        "up_2_1", "up_2_2", "up_2_3",
    ])  # fmt: skip
    norms = lambda network: len([x for x in network.layers if isinstance(x, BatchNorm)])  # noqa: E731
    assert (norms(first), norms(second)) == (1 + 3 + 1 + 3 + 1, 2 + 1 + 2 + 3)
    # At 32 px a discriminator has three convolutions of stride 2, of which the last two are bare
    # in Stage I; at 64 px four, of which the last is.
    judges = [networks.discriminator(recipe, stage) for stage in (1, 2)]
    shared = {"block_1", "block_2", "block", "embedded", "joint"}
    assert [set(activated(each)) - shared for each in judges] == [
        {"down_0"}, {"down_0", "down_1", "down_2"},
    ]  # fmt: skip
    assert [norms(each) for each in judges] == [2 + 3 + 1, 3 + 3 + 1]
    assert {x.negative_slope for each in judges for x in each.layers
            if isinstance(x, keras.layers.LeakyReLU)} == {0.2}  # fmt: skip
    assert {(x.momentum, x.epsilon) for x in first.layers if isinstance(x, BatchNorm)} == {
        (0.9, 1e-5)
    }


@pytest.mark.parametrize("ratio", [2, 4])
def test_a_residual_stage_2_adds_to_the_pictures_of_stage_1(ratio):
    recipe = tiny_stackgan.recipe(resolution=64, ratio=ratio, residual=True)
    adds, draws = (
        networks.second_generator(dataclasses.replace(recipe, residual=each))
        for each in (True, False)
    )
    for variable, other in zip(adds.variables, draws.variables, strict=True):
        variable.assign(other)
    side = 64 // ratio
    small = RNG.uniform(-1, 1, (1, side, side, 3)).astype("float32")
    z, text = np.ones((1, recipe.latent_dim), "float32"), np.ones((1, 5), "float32")
    added, drawn = (each.predict_on_batch([z, text, small])[0] for each in (adds, draws))
    repeated = small.repeat(ratio, axis=1).repeat(ratio, axis=2)
    np.testing.assert_allclose(added, repeated + drawn, atol=1e-6)


@pytest.mark.parametrize("stage", [1, 2])
def test_spectral_norm_takes_the_place_of_batch_norm_in_the_discriminators(stage):
    judge = networks.discriminator(tiny_stackgan.recipe(d_weight_norm="spectral"), stage)
    assert not [x for x in judge.layers if isinstance(x, BatchNorm)]
    kernels = [x for x in judge.layers if hasattr(x, "normalized_kernel")]
    downs = [f"down_{n}" for n in range(1 + stage)]
    bare = {"down_0", "logit"}  # layers that have no norm in the paper's form
    named = {*downs, "block_1", "block_2", "block_3", "embedded", "joint", "logit"}
    assert {x.name for x in kernels} == named
    assert {x.name for x in kernels if not x.use_bias} == bare
    for _ in range(300):
        power_iterate(judge)
    for layer in kernels:
        kernel = ops.convert_to_numpy(layer.normalized_kernel())
        values = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)
        assert values[0] == pytest.approx(1, rel=2e-2), layer.name


@pytest.mark.parametrize(("resolution", "ratio"), [(32, 2), (64, 4), (128, 8), (128, 2)])
def test_every_size(resolution, ratio):
    recipe = tiny_stackgan.recipe(resolution=resolution, ratio=ratio)
    with initializers.blank():
        first, second = networks.first_generator(recipe), networks.second_generator(recipe)
        whole = networks.generator(recipe, first, second)
        alone = networks.generator(recipe, first, None)
        judges = [networks.discriminator(recipe, stage) for stage in (1, 2)]
    assert first.outputs[0].shape[1] == resolution // ratio
    assert whole.output_shape == alone.output_shape == (None, resolution, resolution, 3)
    for judge in judges:
        assert judge.get_layer("with_text").output.shape[1:] == (4, 4, 16 + 3)


def test_a_text_and_each_part_of_a_latent_change_what_they_should():
    recipe = tiny_stackgan.recipe()
    first, second = networks.first_generator(recipe), networks.second_generator(recipe)
    for variable in first.trainable_variables + second.trainable_variables:  # as if trained
        if len(variable.shape) > 1:
            variable.assign(0.3 * RNG.standard_normal(variable.shape))
    whole = networks.generator(recipe, first, second)
    z = RNG.standard_normal((1, recipe.latent_dim)).astype("float32")
    text = RNG.standard_normal((1, 5)).astype("float32")
    base = [first.predict_on_batch([z, text])[0], whole.predict_on_batch([z, text])]
    for part, which in ((slice(0, 4), (True, True)), (slice(4, 7), (True, True)),
                        (slice(7, 10), (False, True))):  # fmt: skip
        moved = z.copy()
        moved[:, part] += 1.0
        now = [first.predict_on_batch([moved, text])[0], whole.predict_on_batch([moved, text])]
        changed = tuple(bool(np.abs(a - b).max() > 1e-7) for a, b in zip(now, base, strict=True))
        assert changed == which, part
    other = [first.predict_on_batch([z, 2 * text])[0], whole.predict_on_batch([z, 2 * text])]
    assert all(np.abs(a - b).max() > 1e-7 for a, b in zip(other, base, strict=True))


def test_without_augmentation_the_noise_of_conditions_changes_nothing():
    recipe = tiny_stackgan.recipe(augmentation=False)
    first = networks.first_generator(recipe)
    z, text = RNG.standard_normal((2, recipe.latent_dim)), np.ones((2, 5))
    moved = z.copy()
    moved[:, 4:] += 1.0
    made = [first.predict_on_batch([each.astype("float32"), text])[0] for each in (z, moved)]
    np.testing.assert_array_equal(*made)
