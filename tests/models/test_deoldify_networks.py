"""DeOldify's networks: the source's counts, the encoders, pictures of any size."""

import math

import keras
import numpy as np
import pytest
from PIL import Image

from layers import PixelShuffle, initializers
from metrics import colour_space, lite0, pth, weights
from models import pretrained, recipes
from models.networks import trained_parameters
from models.systems.deoldify import networks, rendering
from models.systems.deoldify.turns import DeOldify
from tests.models import tiny_deoldify
from tests.models.tiny_deoldify import FLOATS, PICTURES, RNG

pytestmark = pytest.mark.usefixtures("eagerly")
RESNET101 = 42_658_176  # as keras.io counts it, without its last layer


@pytest.fixture(scope="module")
def system():
    """Of the last phase, with both networks."""
    return DeOldify(tiny_deoldify.recipe(), seed=3, phase=4)


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """A cache of Keras with drawn weights of ResNet101; () → that network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    network = keras.applications.ResNet101(include_top=False, weights=None)
    network.save_weights(tmp_path / "models" / "resnet.weights.h5")
    monkeypatch.setitem(pretrained._FILES, "ResNet101", "models/resnet.weights.h5")
    return network


# === Networks ===


def test_the_sources_networks():
    """Added up by hand from DynamicUnetWide (factor 2, ResNet101) and custom_gan_critic (256)."""
    conv = lambda size, i, o, bias=1: size * size * i * o + bias * o  # noqa: E731
    attention = lambda c: 2 * c * (c // 8) + c * c + 1  # noqa: E731
    bare = lambda size, i, o: conv(size, i, o, 0) + 2 * o  # noqa: E731 - with batch norm

    def block(below, skip, filters):
        return bare(1, below, 4 * filters) + 2 * skip + bare(3, filters + skip, filters)

    decoder = (
        2 * 2048 + bare(3, 2048, 4096) + bare(3, 4096, 2048)
        + block(2048, 1024, 512) + block(512, 512, 512) + attention(512)
        + block(512, 256, 512) + block(512, 64, 256)
        + conv(1, 256, 1024) + 2 * conv(3, 257, 257) + conv(1, 257, 2)
    )  # fmt: skip
    critic = conv(4, 3, 256) + attention(512) + conv(3, 2048, 2048) + conv(4, 2048, 1, 0)
    for c in (256, 512, 1024):
        critic += conv(3, c, c) + conv(4, c, 2 * c)
    assert (decoder, critic) == (175_702_169, 94_555_649)
    recipe = recipes.load("deoldify").in_phase(0)
    with initializers.blank():
        generator = networks.generator(recipe, trained=False)
        trained = sum(math.prod(each.shape) for each in generator.trainable_variables)
        assert trained == decoder  # the encoder is frozen
        encoder = pretrained.encoder_layers("resnet101", generator)
        assert sum(layer.count_params() for layer in encoder) == RESNET101
        assert trained_parameters(networks.discriminator(recipes.load("deoldify"))) == critic


def test_the_luma_is_kept_and_colours_are_not_read(system):
    made = system.generator.predict_on_batch(FLOATS)
    np.testing.assert_allclose(colour_space.luma(made), colour_space.luma(FLOATS), atol=1e-5)
    grey = np.repeat(colour_space.luma(FLOATS)[..., None], 3, axis=-1)
    np.testing.assert_allclose(system.generator.predict_on_batch(grey), made, atol=1e-4)
    assert np.abs(colour_space.chroma(made)).max() > 1e-3


@pytest.mark.parametrize("side", [32, 96])
def test_a_network_of_another_size_has_the_same_weights(system, side):
    with initializers.blank():
        other = networks.generator(system.recipe, side, trained=False)
    assert other.output_shape == (None, side, side, 3)
    shapes = [v.shape for v in other.variables]
    assert shapes == [v.shape for v in system.generator.variables]


def test_where_norms_attention_and_blurs_are(system):
    found = system.generator.get_layer
    sides = [found(f"block_{number}").output.shape[1] for number in range(4)]
    assert sides == [4, 8, 16, 32]
    assert found("attention").output.shape[1] == 8  # an eighth
    assert found("block_3").output.shape[-1] == 4  # the last has half the channels
    names = [layer.name for layer in system.generator.layers]
    assert [n for n in names if n.endswith("_blur")] == [f"block_{n}_blur" for n in range(4)]
    discriminator = tiny_deoldify.recipe(d_blocks=2, d_filters=8, d_dropout=0.2)
    discriminator = networks.discriminator(discriminator)
    rates = [x.rate for x in discriminator.layers if type(x).__name__ == "ChannelDropout"]
    assert rates == [0.1, 0.2, 0.2]
    assert discriminator.get_layer("attention").output.shape[1:] == (16, 16, 16)
    assert discriminator.output_shape == (None, 5, 5, 1)
    assert discriminator.inputs[1].shape == (None, 8 + 8 + 16)


def test_a_new_decoder_has_no_checkerboard(system):
    """ICNR: the four pixels of a block are equal before the last kernels."""
    fresh = networks.generator(tiny_deoldify.recipe())
    inner = keras.Model(fresh.inputs, fresh.get_layer("last_up_shuffle").output)
    made = inner.predict_on_batch(FLOATS)
    for dy, dx in ((0, 1), (1, 0), (1, 1)):
        np.testing.assert_allclose(made[:, dy::2, dx::2], made[:, ::2, ::2], atol=1e-5)


# === Encoders ===


def test_every_shuffle_begins_with_four_equal_pixels():
    """ICNR: what becomes the four pixels of a square has the same kernel."""
    fresh = networks.generator(tiny_deoldify.recipe())
    kernels = [np.array(layer.kernel) for layer in fresh.layers
               if layer.name.endswith("_up") and hasattr(layer, "kernel")]  # fmt: skip
    assert len(kernels) >= 4
    for kernel in kernels:  # (1, 1, inputs, outputs), as pictures of one row
        made = np.array(PixelShuffle(2)(kernel))
        for dy, dx in ((0, 1), (1, 0), (1, 1)):
            np.testing.assert_array_equal(made[:, dy::2, dx::2], made[:, ::2, ::2])


def test_lite0_reads_as_the_network_that_measures(system):
    whole = lite0.build(pth.load(weights.lite0_path()), side=64)
    names = ["_blocks-1-expand_relu", "_blocks-11-expand_relu"]
    expected = keras.Model(whole.inputs, [whole.get_layer(n).output for n in names])
    ours = networks.generator(tiny_deoldify.recipe())
    ours = keras.Model(ours.inputs, [ours.get_layer(f"lite0{n}").output for n in names])
    levels = np.repeat((colour_space.luma(FLOATS)[..., None] + 1) * 127.5, 3, axis=-1)
    pairs = zip(ours.predict_on_batch(FLOATS), expected.predict_on_batch(levels), strict=True)
    for found, wanted in pairs:
        np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_lite0s_maps_are_its_last_of_each_size():
    maps = lite0.maps(keras.Input((64, 64, 3)))
    shapes = [each.shape[1:] for each in maps]
    assert shapes == [(32, 32, 16), (16, 16, 24), (8, 8, 40), (4, 4, 112), (2, 2, 320)]


@pytest.mark.thorough
def test_resnet101_takes_the_weights_that_keras_keeps(keras_home):
    recipe = tiny_deoldify.recipe(encoder="resnet101")
    network = networks.generator(recipe, 32)
    names = ["conv1_relu", "conv5_block3_out"]
    ours = keras.Model(network.inputs, [network.get_layer(n).output for n in names])
    theirs = keras.Model(keras_home.inputs, [keras_home.get_layer(n).output for n in names])
    x = FLOATS[:, :32, :32]
    levels = np.repeat((colour_space.luma(x)[..., None] + 1) * 127.5, 3, axis=-1)
    expected = theirs.predict_on_batch(keras.applications.resnet.preprocess_input(levels))
    for found, wanted in zip(ours.predict_on_batch(x), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3)
    sides = [each.shape[1] for each in pretrained.encode("resnet101", keras.Input((64, 64, 3)))]
    assert sides == [32, 16, 8, 4, 2]


def test_missing_weights_are_told_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    words = (
        r"resnet101 needs the weights of ResNet101 at .*applications.ResNet101.*; or choose lite0"
    )
    with pytest.raises(ValueError, match=words):
        DeOldify.check(recipes.load("deoldify"))


def test_the_encoder_learns_only_where_the_recipe_says():
    recipe = tiny_deoldify.recipe(train_encoder=True)
    learning = []
    for phase in range(len(recipe.phases())):
        generator = networks.generator(recipe.in_phase(phase))
        own = {id(v) for x in pretrained.encoder_layers("lite0", generator) for v in x.weights}
        trained = [v for v in generator.trainable_variables if id(v) in own]
        learning.append(len(trained) == len(own))
        assert len(trained) in (0, len(own))
    names = [phase.name for phase in recipe.phases()]
    assert names == ["decoder", "medium", "large", "medium_discriminator", "adversarial"]
    assert learning == [False, True, True, False, False]
    recipe = tiny_deoldify.recipe()
    assert [recipe.in_phase(n).frozen for n in range(5)] == [True] * 5


# === Any size ===


def test_a_picture_of_the_networks_size_is_its_output(system):
    made = system.colour(PICTURES)
    direct = system.ema_generator.predict_on_batch(FLOATS)
    assert np.abs(made - (direct + 1) * 127.5).max() <= 1


def test_larger_pictures_keep_their_luma_and_get_smooth_chroma(system, monkeypatch):
    picture = np.repeat(RNG.integers(60, 190, (150, 230, 1), dtype=np.uint8), 3, axis=-1)
    (made,) = rendering.rendered(system.ema_generator, [picture])
    assert made.shape == picture.shape
    assert np.abs(colour_space.luma(made) - picture[..., 0]).max() <= 1
    small = np.asarray(Image.fromarray(picture).resize((64, 64), Image.Resampling.BILINEAR))
    chroma = colour_space.chroma(
        0.5 * (system.ema_generator.predict_on_batch(small[None] / np.float32(127.5) - 1) + 1)
    )[0]
    parts = [Image.fromarray(np.ascontiguousarray(chroma[..., index])) for index in range(2)]
    large = [each.resize((230, 150), Image.Resampling.BILINEAR) for each in parts]
    y = picture[..., 0] / np.float32(255)
    expected = colour_space.coloured(y, np.stack([np.asarray(x) for x in large], axis=-1))
    assert np.abs(made - 255 * expected).max() <= 0.6
    monkeypatch.setattr(rendering, "_ROWS", 7)  # in parts it is the same
    (again,) = rendering.rendered(system.ema_generator, [picture])
    assert np.abs(again.astype(int) - made).max() <= 1
    assert rendering.rendered(system.ema_generator, []) == []


def test_the_average_colours_unless_the_network_in_training_is_asked_for():
    system = DeOldify(tiny_deoldify.recipe(), seed=1, phase=2)
    for variable in system.generator.trainable_variables:
        variable.assign(np.array(variable) * 1.5)
    averaged, raw = (system.colour(PICTURES, ema=ema) for ema in (True, False))
    assert (averaged != raw).any()
    expected = (system.generator.predict_on_batch(FLOATS) + 1) * 127.5
    assert np.abs(raw - expected).max() <= 1
