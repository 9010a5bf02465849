"""The VAE's networks: the authors' counts, shapes, activations, mixed precision."""

import keras
import numpy as np
import pytest
from keras import ops

from models import recipes, sampling
from models.networks import trained_parameters
from models.systems.vae import networks
from models.systems.vae.turns import VAE
from tests.models import tiny, tiny_vae

pytestmark = pytest.mark.usefixtures("eagerly")


def test_the_authors_networks():
    """Added up from CVAE.lua, layer by layer, at 128 px, 32 filters, 100 numbers."""
    conv = lambda size, i, o: size * size * i * o + o  # noqa: E731
    norm = lambda *channels: 2 * sum(channels)  # noqa: E731
    encoder = sum(
        conv(4, i, o) for i, o in ((3, 32), (32, 64), (64, 128), (128, 256), (256, 256))
    ) + norm(32, 64, 128, 256, 256) + 2 * (4096 * 100 + 100)  # fmt: skip
    decoder = sum(
        conv(3, i, o) for i, o in ((512, 256), (256, 128), (128, 64), (64, 32), (32, 3))
    ) + norm(256, 128, 64, 32) + 100 * 8192 + 8192  # fmt: skip
    assert (encoder, decoder) == (2_559_848, 2_396_419)
    recipe = recipes.load("vae")
    assert trained_parameters(networks.encoder(recipe)) == encoder
    assert trained_parameters(networks.decoder(recipe)) == decoder


@pytest.mark.parametrize("resolution", [8, 16, 64, 256])
def test_shapes_at_other_sizes(resolution):
    recipe = tiny_vae.recipe(resolution=resolution, filters=2)
    encoder, decoder = networks.encoder(recipe), networks.decoder(recipe)
    mean, log_variance = encoder(np.zeros((2, resolution, resolution, 3), "float32"))
    assert mean.shape == log_variance.shape == (2, 6)
    assert decoder([mean, ops.zeros(2, "int32")]).shape == (2, resolution, resolution, 3)


def test_which_stages_have_an_activation():
    """CVAE.lua: none after the encoder's last norm; ReLU after the dense layer; a bare end."""
    recipe = tiny_vae.recipe(resolution=32)
    names = [layer.name for layer in networks.encoder(recipe).layers]
    assert [n for n in names if "activation" in n] == ["down_0_activation", "down_1_activation"]
    assert [n for n in names if "norm" in n] == ["down_0_norm", "down_1_norm", "down_2_norm"]
    decoder = networks.decoder(recipe)
    norms = [layer for layer in decoder.layers if "norm" in layer.name]
    assert [(each.name, each.epsilon) for each in norms] == [("up_2_norm", 1e-3),
                                                            ("up_1_norm", 1e-3)]  # fmt: skip
    leaks = [each for each in decoder.layers if isinstance(each, keras.layers.LeakyReLU)]
    assert [each.negative_slope for each in leaks] == [0.2, 0.2]
    assert isinstance(decoder.get_layer("start_activation"), keras.layers.ReLU)


def test_the_decoder_ignores_labels_and_draws_from_minus_1_to_1():
    decoder = VAE(tiny_vae.recipe()).decoder
    z = 30 * np.random.default_rng(0).standard_normal((5, 6), dtype="float32")
    made = sampling.generate(decoder, z)
    np.testing.assert_array_equal(made, sampling.generate(decoder, z, np.arange(5, dtype="int32")))
    assert made.min() >= -1
    assert made.max() <= 1
    assert made.std() > 0


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_ends_and_losses_are_float32_in_mixed_precision(precision):
    vae = VAE(tiny_vae.recipe(), precision)
    ends = [*vae.encoder.outputs, *vae.decoder.outputs]
    assert {keras.backend.standardize_dtype(end.dtype) for end in ends} == {"float32"}
    loss, _ = vae._negative_bound(tiny.part(vae.recipe), ())
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    logs = tiny_vae.fit(vae, range(2))
    assert np.isfinite([list(row.values()) for row in logs]).all()
