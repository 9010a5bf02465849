"""R3GAN's networks against the authors' own, and what they refuse."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from layers import initializers
from models import autodiff, networks, recipes
from models.systems.gan.turns import GAN
from tests.models import tiny
from tests.models.golden import make_r3gan
from tests.models.golden.torch_weights import short, value

pytestmark = pytest.mark.usefixtures("eagerly")
STORED = np.load(Path(__file__).parent / "golden" / "r3gan.npz")
SMALL = {"g_filters": 16, "d_filters": 16, "stage_blocks": 1, "latent_dim": 8, "resolution": 64}


def recipe(**changes):
    return dataclasses.replace(recipes.load("r3gan"), **{**SMALL, **changes})


@pytest.mark.parametrize(("resolution", "g", "d"), [(64, 22_429_824, 22_381_440),
                                                    (32, 20_732_160, 20_683_776)])  # fmt: skip
def test_the_sources_counts(resolution, g, d):
    """Of the authors' presets FFHQ-64 and CIFAR-10, counted in their networks."""
    whole = dataclasses.replace(recipes.load("r3gan"), resolution=resolution)
    with initializers.blank():
        pair = networks.build(whole, seed=0)
    assert tuple(map(networks.trained_parameters, pair)) == (g, d)


def test_channels_halve_above_the_largest_wide_maps():
    """Sides of 4 to 64 px and the channels there, of the generator; D's come the other way."""
    with initializers.blank():
        pair = networks.build(
            recipe(g_filters=128, d_filters=64, resolution=64, wide_up_to=8), seed=0
        )
    for network, widths in zip(pair, ([128, 128, 64, 32, 16], [8, 16, 32, 64, 64]), strict=True):
        found = [
            layer.output.shape[-1] for layer in network.layers if layer.name.endswith("block_1_out")
        ]
        assert found == widths


@pytest.fixture(scope="module")
def filled():
    """Both networks with the weights of the stored ones."""
    pair = networks.build(recipe(), seed=0)
    for network in pair:
        for variable in network.trainable_variables:
            variable.assign(value(short(variable), tuple(variable.shape)))
    return pair


def test_the_generator_draws_what_theirs_draws(filled):
    latents, _ = make_r3gan.inputs()
    images = filled[0]([latents, np.zeros(2, "int32")])
    expected = np.tanh(STORED["images"])  # they have none
    assert np.abs(expected).mean() > 0.1
    np.testing.assert_allclose(ops.convert_to_numpy(images)[:, ::8, ::8], expected, atol=2e-5)


def test_the_discriminator_answers_as_theirs(filled):
    _, pictures = make_r3gan.inputs()
    labels = ops.zeros((2,), "int32")

    def logits(x):
        return filled[1]([x, labels])[:, 0]

    x = ops.convert_to_tensor(pictures)
    np.testing.assert_allclose(ops.convert_to_numpy(logits(x)), STORED["logits"], rtol=1e-4)
    slope = autodiff.input_gradient(logits, x, filled[1].variables)
    np.testing.assert_allclose(ops.convert_to_numpy(slope)[:, ::8, ::8], STORED["slope"], atol=1e-5)


def test_initial_weights_are_theirs():
    """Blocks begin as the identity; other kernels have the variance gain² / inputs."""
    wide = recipe(g_filters=128, d_filters=128, resolution=16, stage_blocks=2)
    deviations = {}
    for network in networks.build(wide, seed=0):
        for layer in network.layers:
            if "block" in layer.name and layer.name.endswith("_out"):
                assert not np.any(ops.convert_to_numpy(layer.kernel))
            elif layer.name.endswith(("_in", "_grouped", "_image", "g_first")):
                inputs = np.prod(layer.kernel.shape[:-1])
                deviations[layer.name] = float(ops.std(layer.kernel)) * np.sqrt(inputs)
    gain = 1.3867504905630728 * 6 ** (-1 / 4)  # √(2 / 1.04); six blocks
    for name, found in deviations.items():
        few = name in ("g_first", "g_image")  # hundreds of numbers, the others tens of thousands
        assert found == pytest.approx(1.0 if few else gain, rel=0.15 if few else 0.02), name
    assert len(deviations) == 2 * 2 * 6 + 2


def test_r1_and_r2_have_a_gradient():
    gan = GAN(recipe(batch_size=2, resolution=16, augment="none", augment_p_end=0.0), seed=0)
    before = tiny.values(gan.discriminator.trainable_variables)
    logs = tiny.fit(gan, [0, 1])
    assert all(row["penalty"] > 0 for row in logs)
    after = tiny.values(gan.discriminator.trainable_variables)
    assert any(np.abs(a - b).max() > 0 for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"g_filters": 20}, "g_filters 20: r3gan at 64 px needs a multiple of 16"),
        ({"d_filters": 4, "resolution": 32}, "d_filters 4: r3gan at 32 px needs a multiple of 8"),
        (
            {"g_filters": 96, "wide_up_to": 4},
            "g_filters 96: r3gan at 64 px needs a multiple of 128",
        ),
        ({"wide_up_to": 12}, "wide_up_to"),
        ({"d_norm": "batch"}, "R3GAN's networks have no normalisation; d_norm is batch"),
        ({"g_weight_norm": "spectral"}, "no normalisation; g_weight_norm is spectral"),
        ({"stage_blocks": 0}, "stage_blocks must be"),
        (
            {"label_kind": "classes", "num_labels": 3, "g_conditioning": "batch_norm"},
            "by g_conditioning concat, not batch_norm",
        ),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        networks.check(recipe(**changes))


def test_the_network_can_be_saved(filled, tmp_path):
    latents, _ = make_r3gan.inputs()
    filled[0].save(tmp_path / "g.keras")
    again = keras.saving.load_model(tmp_path / "g.keras")
    labels = np.zeros(2, "int32")
    np.testing.assert_array_equal(filled[0]([latents, labels]), again([latents, labels]))
