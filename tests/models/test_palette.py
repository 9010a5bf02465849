"""g_palette: a generator's pictures are painted with colours of latents and labels."""

import dataclasses

import numpy as np
import pytest

from models.networks import (
    biggan,
    biggan_notes,
    fastgan,
    projected,
    r3gan,
    sagan,
    sn_cnn,
    sn_resnet,
    sresnet,
)
from tests.models.test_fields import small

NETWORKS = {
    "biggan": biggan, "biggan_notes": biggan_notes, "fastgan": fastgan, "projected": projected,
    "r3gan": r3gan, "sagan": sagan, "sn_cnn": sn_cnn, "sn_resnet": sn_resnet, "sresnet": sresnet,
}  # fmt: skip
KINDS = {
    "none": {},
    "classes": {"label_kind": "classes", "num_labels": 3},
    "attributes": {"label_kind": "attributes", "num_labels": 3},
}


def built(architecture, kind, **changes):
    recipe = small(architecture, g_palette=6, **KINDS[kind], **changes)
    return recipe, NETWORKS[architecture].generator(recipe)


def inputs(recipe, seed=0):
    z = np.random.default_rng(seed).normal(size=(2, recipe.latent_dim)).astype("float32")
    if recipe.label_kind == "attributes":
        return z, np.eye(3, dtype="float32")[:2]
    return z, np.array([0, 1], "int32")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("architecture", NETWORKS)
def test_every_pixel_lies_between_the_pictures_colours(architecture, kind):
    by_norm = {} if architecture == "r3gan" else {"g_conditioning": "batch_norm"}
    recipe, network = built(architecture, kind, **by_norm)
    z, y = inputs(recipe)
    pictures = np.asarray(network([z, y]))
    assert pictures.shape == (2, 32, 32, 3)
    layer = network.get_layer("images_out")
    assert layer.sharpness == 5.0  # as the gallery's runs were trained
    logits, colours = layer.input
    assert logits.shape == (None, 32, 32, 6)
    found = np.asarray(type(network)(network.inputs, colours)([z, y])).reshape(2, 6, 3)
    assert np.abs(found).max() <= 1
    assert found.std() > 0.1  # of 8 latents; of 128 it is 0.5
    assert np.abs(found[0] - found[1]).max() > 0.1
    for picture, palette in zip(pictures, found, strict=True):
        assert (picture.min((0, 1)) >= palette.min(0) - 1e-5).all()
        assert (picture.max((0, 1)) <= palette.max(0) + 1e-5).all()


@pytest.mark.parametrize("kind", ["classes", "attributes"])
def test_the_colours_depend_on_the_labels(kind):
    recipe, network = built("sagan", kind)
    colours = type(network)(network.inputs, network.get_layer("palette_tanh").output)
    table = network.get_layer("palette_label_embedding")
    table.embeddings.assign(50 * table.embeddings)
    z, y = inputs(recipe)
    one, other = (np.asarray(colours([z[:1], y[i : i + 1]])) for i in (0, 1))
    assert np.abs(one - other).max() > 0.05


def test_parameters_of_a_palette():
    """128 latents → 256 → 16 colours of 3 channels; 16 logits, not 3 channels, of 48 features."""
    recipe = small("sagan", resolution=64, g_filters=384, latent_dim=128)
    without = sagan.generator(recipe).count_params()
    added = 128 * 256 + 256 + 256 * 48 + 48 + (16 - 3) * 16 * 48 + (16 - 3)
    painted = sagan.generator(dataclasses.replace(recipe, g_palette=16))
    assert painted.count_params() == without + added


@pytest.mark.parametrize("initializer", ["he_normal", "glorot_uniform", "orthogonal", "normal"])
def test_colours_begin_between_their_ends_with_every_initialiser(initializer):
    """Of 128 latents: where tanh is at ±1 it has no slope, and a colour would stay as it is."""
    changes = {"initializer": initializer, "latent_dim": 128, "g_palette": 16}
    network = sagan.generator(small("sagan", **changes))
    colours = type(network)(network.inputs, network.get_layer("palette_tanh").output)
    z = np.random.default_rng(0).normal(size=(64, 128)).astype("float32")
    found = np.abs(np.asarray(colours([z, np.zeros(64, "int32")])))
    assert (found > 0.99).mean() < 0.1
    assert found.mean() > 0.3
