"""Projected GAN's networks against the authors' own; what is frozen stays so; what is refused."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from layers import initializers
from metrics import lite0, pth, weights
from models import frozen, networks, recipes
from models.systems.gan.turns import GAN
from tests.models import tiny
from tests.models.golden import make_projected
from tests.models.golden.torch_weights import short, value

pytestmark = pytest.mark.usefixtures("eagerly")
STORED = np.load(Path(__file__).parent / "golden" / "projected.npz")
SMALL = {
    "resolution": 32, "g_filters": 4, "d_filters": 4, "latent_dim": 8, "batch_size": 2,
    "d_input": 128,
}  # fmt: skip
WITHOUT = {"g_weight_norm": "none", "d_weight_norm": "none"}


def recipe(**changes):
    return dataclasses.replace(recipes.load("projected"), **{**SMALL, **changes})


def filled(network):
    for variable in network.variables:
        if not variable.name.startswith("moving"):
            variable.assign(value(short(variable), tuple(variable.shape)))
    return network


def test_the_discriminators_judge_mixed_maps_as_theirs():
    _, whole = networks.build(recipe(d_filters=64, **WITHOUT), seed=0)
    filled(whole)
    _, maps = make_projected.inputs()
    inside = keras.Model(whole.get_layer("frozen").output, whole.outputs[0])
    logits = inside([ops.convert_to_tensor(each) for each in maps], training=True)
    np.testing.assert_allclose(ops.convert_to_numpy(logits), STORED["logits"], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("convolutions", "name"), [("one", "light"), ("two", "full")])
def test_the_generator_draws_what_theirs_draws(convolutions, name):
    small = recipe(
        resolution=128, g_filters=8, latent_dim=16, g_convolutions=convolutions, **WITHOUT
    )
    generator, _ = networks.build(small, seed=0)
    latents, _ = make_projected.inputs()
    images = filled(generator)([latents, np.zeros(3, "int32")], training=True)
    expected = np.tanh(STORED[name])  # they have none
    assert np.abs(expected).mean() > 0.1
    np.testing.assert_allclose(ops.convert_to_numpy(images)[:, ::16, ::16], expected, atol=2e-5)


def test_the_sources_counts():
    """Of their networks at 256 px, without the noise's factors; the frozen part does not count."""
    light, full, heads = (79_354_307, 105_684_163, 10_331_328)
    assert (light, full, heads) == tuple(STORED["counts"])
    whole = recipes.load("projected")
    one = dataclasses.replace(whole, g_convolutions="one", d_filters=4)
    with initializers.blank():
        generator, discriminator = networks.build(whole, seed=0)
        smaller, _ = networks.build(one, seed=0)
    assert networks.trained_parameters(generator) == full
    assert networks.trained_parameters(discriminator) == heads
    assert networks.trained_parameters(smaller) == light


def test_lite0_is_what_the_discriminator_sees_through():
    """Its maps are those of the whole network, at the size to which pictures are enlarged."""
    x = np.random.default_rng(0).uniform(-1, 1, (2, 16, 24, 3)).astype("float32")
    layer = frozen.FrozenLite0(128)
    found = layer(x)
    assert not layer.weights
    shapes = [(2, 32, 48, 24), (2, 16, 24, 40), (2, 8, 12, 112), (2, 4, 6, 320)]
    assert [tuple(each.shape) for each in found] == shapes
    assert [tuple(each) for each in layer.compute_output_shape(x.shape)] == shapes
    pictures = keras.Input((128, 192, 3))
    whole = keras.Model(pictures, lite0.maps(pictures)[1:])
    lite0.load(whole.layers, pth.load(weights.lite0_path()))
    enlarged = ops.image.resize(x, (128, 192), data_format="channels_last")
    for one, other in zip(found, whole((enlarged + 1) * 127.5), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
    again = frozen.FrozenLite0.from_config(layer.get_config())
    assert again.side == 128


def test_pictures_are_shrunk_without_smoothing():
    """Bilinear to a half: the mean of each 2×2 pixels, no wider."""
    x = np.random.default_rng(1).uniform(-1, 1, (1, 256, 256, 3)).astype("float32")
    halves = x.reshape(1, 128, 2, 128, 2, 3).mean((2, 4))
    layer = frozen.FrozenLite0(128)
    for one, other in zip(layer(x), layer(halves), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_only_the_discriminators_are_trained():
    gan = GAN(recipe(), seed=0)
    random = [each for each in gan.discriminator.layers if each.name.startswith(("ch", "sc"))]
    before = [ops.convert_to_numpy(v) for each in random for v in each.weights]
    trained = tiny.values(gan.discriminator.trainable_variables)
    tiny.fit(gan, [0, 1])
    assert len(before) == 16
    after = [ops.convert_to_numpy(v) for each in random for v in each.weights]
    for one, other in zip(before, after, strict=True):
        assert np.any(one)
        np.testing.assert_array_equal(one, other)
    moved = tiny.values(gan.discriminator.trainable_variables)
    assert all(np.any(a != b) for a, b in zip(trained, moved, strict=True))
    names = {variable.path for variable in gan.discriminator.variables}
    assert not any("blocks" in name or "frozen" in name for name in names)


def test_the_random_mixing_begins_as_torchs_convolutions():
    """Uniform in ± 1 / √inputs, kernels and biases."""
    _, discriminator = networks.build(recipe(d_filters=64), seed=0)
    for name, inputs in (("channels_0", 24), ("channels_3", 320), ("scales_3", 512)):
        layer = discriminator.get_layer(name)
        for numbers in map(ops.convert_to_numpy, (layer.kernel, layer.bias)):
            assert 0.9 < np.abs(numbers).max() * np.sqrt(inputs) <= 1, name
        assert layer.kernel.numpy().std() * np.sqrt(3 * inputs) == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channels": 4}, "channels must be 3, or 1 for grey, not 4"),
        ({"resolution": "64x80", "d_input": 224}, "pictures of 64x80 become 224x280, and 32"),
        ({"d_input": 96}, "d_input must be"),
        ({"minibatch": "standard_deviation"}, "minibatch is standard_deviation, not none"),
        (
            {"label_kind": "classes", "num_labels": 3, "d_conditioning": "concat"},
            "choose d_conditioning projection or none, not concat",
        ),
        ({"resolution": 16}, "projected is for 32 to 1024 pixels, not 16"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        networks.check(recipe(**changes))


def test_strided_depthwise_layers_compute_in_float32():
    """TensorFlow's gradient of these in bfloat16 takes tens of times as long."""
    layer = frozen.FrozenLite0(128, dtype="mixed_bfloat16")
    layer(np.zeros((1, 32, 32, 3), "float32"))
    seen = {
        (each.strides, each.compute_dtype)
        for each in layer._network((1, 32, 32, 3)).layers
        if isinstance(each, keras.layers.DepthwiseConv2D)
    }
    assert seen == {((1, 1), "bfloat16"), ((2, 2), "float32")}
