"""g_smoothing in every generator of a GAN: after the picture, outside training, in grey levels."""

import dataclasses
import importlib

import numpy as np
import pytest
from keras import ops

from layers import EdgeAvoidingSmoothing
from models.systems.gan.turns import GAN
from tests.models import tiny
from tests.models.test_fields import small

WITH_PICTURES = ("biggan", "biggan_notes", "dense", "sagan", "sn_cnn", "sn_resnet", "sresnet")


def built(recipe):
    return importlib.import_module(f"models.networks.{recipe.architecture}").generator(recipe)


@pytest.mark.parametrize("architecture", WITH_PICTURES)
def test_only_finished_pictures_are_smoothed(architecture):
    recipe = small(architecture, g_smoothing=25.5)
    plain, smooth = built(dataclasses.replace(recipe, g_smoothing=0.0)), built(recipe)
    for one, other in zip(smooth.variables, plain.variables, strict=True):
        one.assign(other)
    inputs = tiny_inputs(recipe)
    raw, found = (np.asarray(each(inputs, training=False)) for each in (plain, smooth))
    wanted = EdgeAvoidingSmoothing(0.2, (1, 2, 4, 2, 1))(ops.convert_to_tensor(raw))
    np.testing.assert_allclose(found, np.asarray(wanted), atol=1e-5)
    assert np.abs(found - raw).max() > 1e-3
    trained, same = (np.asarray(each(inputs, training=True)) for each in (smooth, plain))
    np.testing.assert_allclose(trained, same, atol=1e-5)


def tiny_inputs(recipe):
    z = np.random.default_rng(0).normal(size=(2, recipe.latent_dim)).astype("float32")
    return [z, np.zeros(2, "int32")]


def test_it_works_in_float32_at_every_precision():
    gan = GAN(tiny.recipe(g_smoothing=20.0), "mixed_bfloat16")
    for network in (gan.generator, gan.ema_generator):
        layer = network.get_layer("smoothing")
        assert layer.compute_dtype == "float32"
        assert layer.width == pytest.approx(20 / 127.5)
