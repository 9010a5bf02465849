"""The anime notes' recipes against the notes' own code (ANIME305/Anime-GAN-tensorflow).

Parameters are the trained ones, reckoned from that code variable by variable at 128 px, without
labels; they are numbers from outside, not formulas.
"""

import dataclasses

import keras
import pytest

from layers import initializers
from models import networks, recipes
from tests.models import tiny

PARAMETERS = {  # recipe: (generator, discriminator)
    "SAGAN_V2": (13_327_553, 11_246_657),
    "SAGAN_V3": (13_327_553, 11_246_657),
    "SAGAN_V4": (8_452_932, 11_246_657),
    "SAGAN_V5": (13_327_553, 11_246_657),
    "SAGAN_V6": (13_327_553, 11_246_657),
    "sagan": (13_327_553, 11_246_657),
    "BIGGAN_V0": (12_072_737, 25_156_711),
    "BIGGAN_V1": (46_175_809, 25_156_711),
    "SResNetGAN_V0": (3_783_572, 15_387_265),
    # Its code is not published: V0's, with 64 · 64 · 16 + 64 in the place of each of the three
    # 64 · 256 · 9 + 256.
    "SResNetGAN_V1": (3_537_236, 15_387_265),
}


@pytest.fixture(scope="module", params=PARAMETERS)
def pair(request):
    """(recipe, generator, discriminator) of full size, with blank weights."""
    recipe = recipes.load(request.param)
    with initializers.blank():
        return recipe, *networks.build(recipe, seed=0)


def test_parameters(pair):
    recipe, *both = pair
    assert tuple(map(networks.trained_parameters, both)) == PARAMETERS[recipe.name]


def with_biases(network):
    """The names of the layers that have a bias, in the attention too."""
    paths = [v.path for v in network.trainable_variables if v.path.endswith("/bias")]
    return {path.rsplit("/", 1)[0] for path in paths}


ATTENTION = {"attention/f", "attention/g", "attention/h"}


def blocks(count):
    return {
        f"block_{n}_{part}" for n in range(1, count + 1) for part in ("conv_1", "conv_2", "skip")
    }


def test_where_biases_are(pair):
    recipe, generator, discriminator = pair
    in_g, in_d = (with_biases(each) - ATTENTION for each in (generator, discriminator))
    assert with_biases(generator) >= ATTENTION <= with_biases(discriminator)
    if recipe.name.startswith("BIGGAN"):
        assert (in_g, in_d) == (blocks(5), blocks(5))
    elif recipe.name.startswith("SResNetGAN"):
        assert in_g == {"stage_1/conv", "stage_2/conv", "stage_3/conv", "to_image"}
        assert in_d == {f"stage_{stage}" for stage in range(5)}
    else:
        ups = {f"stage_{stage}/conv" for stage in range(1, 5)} | {"to_image/conv"}
        assert in_g == (ups if recipe.name == "SAGAN_V4" else set())
        assert in_d == set()


def test_layers(pair):
    recipe, generator, discriminator = pair
    assert generator.output_shape == (None, 128, 128, 3)
    assert discriminator.output_shape == (None, 1)
    if recipe.name.startswith("BIGGAN"):
        first = {"BIGGAN_V0": 512, "BIGGAN_V1": 1024}[recipe.name]
        assert generator.get_layer("stage_0").output.shape[1:] == (4, 4, first)
        assert sums(generator) == [
            (8, 8, first), (16, 16, first // 2), (32, 32, first // 4), (64, 64, first // 8),
            (128, 128, first // 16),
        ]  # fmt: skip
        assert sums(discriminator) == [
            (64, 64, 64), (32, 32, 128), (16, 16, 256), (8, 8, 512), (4, 4, 1024)
        ]  # fmt: skip
        assert attention(generator) == (32, 32, first // 4)
        assert attention(discriminator) == (32, 32, 128)
    elif recipe.name.startswith("SResNetGAN"):
        assert (attention(generator), attention(discriminator)) == ((16, 16, 64), (16, 16, 128))
        prelus = [layer for layer in generator.layers if isinstance(layer, keras.layers.PReLU)]
        assert [layer.alpha.shape for layer in prelus] == [(1, 1, 64)] * 20
    else:
        shapes = [layer.output.shape[1:] for layer in generator.layers if "norm" in layer.name]
        assert shapes == [(4, 4, 1024), (8, 8, 512), (16, 16, 256), (32, 32, 128), (64, 64, 64)]
        names = [f"stage_{stage}" for stage in range(5)]
        shapes = [discriminator.get_layer(name).output.shape[1:] for name in names]
        assert shapes == [(64, 64, 64), (32, 32, 128), (16, 16, 256), (8, 8, 512), (4, 4, 1024)]
        assert "stage_0_norm" not in [layer.name for layer in discriminator.layers]
        assert attention(generator) == attention(discriminator) == (16, 16, 256)


def attention(network):
    return network.get_layer("attention").output.shape[1:]


def sums(network):
    """Shapes after the residual blocks."""
    found = [layer for layer in network.layers if isinstance(layer, keras.layers.Add)]
    return [layer.output.shape[1:] for layer in found if layer.name.startswith("block_")]


def test_norms_and_initial_weights_are_theirs():
    small = {"resolution": 32, "g_filters": 16, "d_filters": 4, "attention_resolution": 16}
    recipe = dataclasses.replace(recipes.load("BIGGAN_V1"), **small, latent_dim=8)
    for network in networks.build(recipe, seed=0):
        for layer in network.layers:
            if "norm" in layer.name:
                assert (layer.momentum, layer.epsilon) == (0.9, 1e-5)
    kernel = tiny.values([network.get_layer("block_3_conv_1").kernel])[0]
    # Normal numbers of deviation 0.02 cut at two deviations have deviation 0.0176.
    assert abs(kernel).max() <= 0.04
    assert kernel.std() == pytest.approx(0.0176, rel=0.05)


def test_trained_parameters_leave_out_statistics_and_count_what_is_frozen():
    generator, _ = networks.build(tiny.recipe(attention_resolution=0), seed=0)
    trained = networks.trained_parameters(generator)
    # Kernels of 16 taps: 8 → 16, 16 → 8, 8 → 3; gain and shift of norms of 16 and 8 channels.
    assert trained == 16 * 128 + 16 * 128 + 16 * 24 + 32 + 16 == 4528
    # As many running statistics; a singular vector for each kernel.
    assert generator.count_params() == 4528 + 48 + 16 + 8 + 3
    generator.trainable = False
    assert networks.trained_parameters(generator) == trained


@pytest.mark.parametrize("name", PARAMETERS)
def test_says_what_departs_from_the_notes(name):
    assert "\nDepartures: " in recipes.describe(name)
