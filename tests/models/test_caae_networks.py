"""CAAE's networks: the authors' counts, where the labels join, what the ager is made of."""

import dataclasses
import itertools

import keras
import numpy as np
import pytest

from layers import JoinLabel, initializers
from models import recipes
from models.networks import trained_parameters
from models.systems.caae import networks
from models.systems.caae.turns import CAAE
from tests.models import tiny_caae

pytestmark = pytest.mark.usefixtures("eagerly")


def of_utkface(name):
    """The recipe with the ten ages, and the two sexes, of the authors' data."""
    recipe = recipes.load(name)
    labels = {"label_kind": "attributes", "num_labels": 12 if recipe.second_label else 10}
    return dataclasses.replace(recipe, ages=10, **labels)


def by_hand(second):
    """Added up from the authors' FaceAging.py, layer for layer."""
    conv = lambda i, o: 25 * i * o + o  # noqa: E731
    dense = lambda i, o: i * o + o  # noqa: E731
    encoder = sum(conv(i, o) for i, o in ((3, 64), (64, 128), (128, 256), (256, 512), (512, 1024)))
    encoder += dense(4 * 4 * 1024, 50)
    codes = 50 + 5 * 10 + (25 * 2 if second else 0)
    widths = (1024, 512, 256, 128, 64, 32, 16, 3)
    generator = dense(codes, 4 * 4 * 1024)
    generator += sum(conv(i, o) for i, o in itertools.pairwise(widths))
    d_code = dense(50, 64) + 64 + dense(64, 32) + 32 + dense(32, 16) + 16 + dense(16, 1)
    joined = 16 + 10 + (5 * 2 if second else 0)
    d_image = conv(3, 16) + 16 + conv(joined, 32) + 32 + conv(32, 64) + 64 + conv(64, 128) + 128
    d_image += dense(8 * 8 * 128, 1024) + dense(1024, 1)
    return encoder, generator, d_code, d_image


@pytest.mark.parametrize(("name", "counts"), [
    ("caae", (18_234_034, 19_128_995, 6_001, 8_669_137)),
    ("caae_g", (18_234_034, 19_948_195, 6_001, 8_677_137)),
    ("caae_gv", (18_234_034, 19_948_195, 6_001, 8_677_137)),
])  # fmt: skip
def test_the_authors_networks(name, counts):
    recipe = of_utkface(name)
    assert by_hand(bool(recipe.second_label)) == counts
    built = (networks.encoder, networks.generator, networks.code_discriminator,
             networks.image_discriminator)  # fmt: skip
    with initializers.blank():
        assert tuple(trained_parameters(build(recipe)) for build in built) == counts


def test_the_recipes_are_the_sources():
    """Ten epochs without discriminators, fifty with them, of 23 708 pictures in batches of 100."""
    for name in ("caae", "caae_g", "caae_gv"):
        recipe = recipes.load(name)
        assert [(each.name, each.steps) for each in recipe.phases()] == [
            ("warm-up", 10 * 237), ("adversarial", 50 * 237),
        ]  # fmt: skip
        assert (recipe.batch_size, recipe.learning_rate, recipe.beta_1) == (100, 2e-4, 0.5)
        assert (recipe.form, recipe.image_weight, recipe.code_weight) == ("released", 1e-4, 0.0)
        assert recipe.second_label == ("" if name == "caae" else "sex")
        assert bool(recipe.identity_weight) == (name == "caae_gv")


def test_where_norms_and_activations_are():
    recipe = tiny_caae.recipe()
    for build in (networks.encoder, networks.generator):
        network = build(recipe)
        assert not [each for each in network.layers if "norm" in each.name]
        assert network.layers[-1].activation is keras.activations.tanh
    for build, norms in ((networks.code_discriminator, 3), (networks.image_discriminator, 4)):
        found = [each for each in build(recipe).layers if each.name.endswith("norm")]
        assert len(found) == norms
        settings = {(each.scale, each.center, each.momentum, each.epsilon) for each in found}
        assert settings == {(False, True, 0.999, 1e-3)}


def test_the_label_is_repeated_to_about_the_length_of_the_code():
    """int(50 · 1 / 10) = 5 and int(50 / 2) = 25 times in the generator; once and 5 times in D."""
    recipe = of_utkface("caae_g")
    with initializers.blank():
        generator, judge = networks.generator(recipe), networks.image_discriminator(recipe)
    copies = lambda network: [  # noqa: E731
        (each.name, each.classes, each.copies)
        for each in network.layers if isinstance(each, JoinLabel)
    ]  # fmt: skip
    assert copies(generator) == [("join_age", 10, 5), ("join_sex", 2, 25)]
    assert copies(judge) == [("join_age", 10, 1), ("join_sex", 2, 5)]
    assert generator.get_layer("join_sex").output.shape[1] == 150
    half = networks.generator(tiny_caae.recipe(tile_ratio=0.6, latent_dim=10))
    assert copies(half) == [("join_age", 3, 2), ("join_sex", 2, 3)]
    few = networks.generator(tiny_caae.recipe(latent_dim=2))
    assert copies(few) == [("join_age", 3, 1), ("join_sex", 2, 1)]


def test_the_condition_joins_the_discriminator_after_its_first_convolution():
    network = networks.image_discriminator(tiny_caae.recipe())
    before = network.get_layer("conv_0_activation").output
    joined = network.get_layer("join_sex").output
    assert joined.shape[1:3] == before.shape[1:3]
    assert joined.shape[-1] == before.shape[-1] + 3 + 2
    inner = keras.Model(network.inputs, [before, joined])
    rng = np.random.default_rng(0)
    pictures = rng.uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
    maps, found = inner.predict_on_batch([pictures, np.array([2, 0]), np.array([1, 0])])
    np.testing.assert_array_equal(found[..., : maps.shape[-1]], maps)
    for row, signs in enumerate(([-1, -1, 1, -1, 1], [1, -1, -1, 1, -1])):
        everywhere = np.broadcast_to(signs, (8, 8, 5))
        np.testing.assert_array_equal(found[row, ..., maps.shape[-1] :], everywhere)


def test_the_ager_is_the_encoder_and_the_generator_in_one():
    system = CAAE(tiny_caae.recipe(initializer="he_normal"), seed=1)
    pictures = np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 3)).astype("float32")
    classes = [np.array([0, 2, 1], "int32"), np.array([1, 0, 1], "int32")]
    codes = system.encoder.predict_on_batch(pictures)
    assert codes.shape == (3, 6)
    expected = system.generator.predict_on_batch([codes, *classes])
    ager = networks.ager(system.encoder, system.generator)
    assert [each.name for each in ager.inputs] == ["images", "age", "sex"]
    np.testing.assert_allclose(ager.predict_on_batch([pictures, *classes]), expected, atol=1e-6)
    other = ager.predict_on_batch([pictures, classes[0][[1, 0, 2]], classes[1]])
    different = np.abs(other - expected).max(axis=(1, 2, 3))
    assert (different > 1e-3).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("initializer", "low", "high"), [("he_normal", 0.2, 3.0), ("normal", 0, 0.05)]
)
def test_he_kernels_keep_the_size_of_activations(initializer, low, high):
    """Which kernels of deviation 0.02 do not; the generator's strides and halved widths count."""
    recipe = tiny_caae.recipe(
        initializer=initializer, resolution=64, filters=8, g_filters=64, latent_dim=32
    )
    system = CAAE(recipe, seed=1)
    codes = np.random.default_rng(0).uniform(-1, 1, (8, 32)).astype("float32")
    classes = [np.arange(8) % 3, np.arange(8) % 2]
    x = system.generator
    inner = keras.Model(x.inputs, [x.get_layer("up_1").output, x.get_layer("to_image").output])
    first, last = (part.std() for part in inner.predict_on_batch([codes, *classes]))
    assert low < last / max(first, 1e-9) < high or initializer == "normal"
    assert low < last < high
