"""SRGAN's networks: the paper's counts, how pictures grow, the maps that compare contents."""

import keras
import numpy as np
import pytest
from keras import ops

from layers import BatchNorm, initializers
from layers.reparametrization import power_iterate
from models import perceptual, pretrained, recipes
from models.networks import trained_parameters
from models.systems.srgan import networks
from models.systems.srgan.turns import SRGAN
from tests.models import tiny, tiny_srgan

# === Networks ===


def test_the_papers_networks():
    """Added up from figure 4 by hand: k9n64, 16 blocks, k3n64, two times k3n256, k9n3; D at 96."""
    conv = lambda size, i, o: size * size * i * o + o  # noqa: E731
    block = 2 * conv(3, 64, 64) + 2 * 2 * 64 + 64
    generator = (
        conv(9, 3, 64) + 64 + 16 * block + conv(3, 64, 64) + 2 * 64
        + 2 * (conv(3, 64, 256) + 64) + conv(9, 64, 3)
    )  # fmt: skip
    widths = (64, 64, 128, 128, 256, 256, 512, 512)
    discriminator = sum(conv(3, i, o) for i, o in zip((3, *widths), widths, strict=False))
    discriminator += 2 * sum(widths[1:]) + 6 * 6 * 512 * 1024 + 1024 + 1024 + 1
    assert (generator, discriminator) == (1_550_659, 23_565_505)
    recipe = recipes.load("srgan")
    with initializers.blank():
        assert trained_parameters(networks.generator(recipe)) == generator
        assert trained_parameters(networks.discriminator(recipe)) == discriminator


@pytest.mark.parametrize("scale", [2, 4])
def test_pictures_of_any_size_grow(scale):
    network = networks.generator(tiny_srgan.recipe(scale=scale))
    made = network.predict_on_batch(np.zeros((2, 5, 9, 3), "float32"))
    assert made.shape == (2, 5 * scale, 9 * scale, 3)
    sized = networks.generator(tiny_srgan.recipe(scale=scale), 8)
    assert sized.output_shape == (None, 8 * scale, 8 * scale, 3)
    assert sized.count_params() == network.count_params()


def test_where_norms_and_activations_are():
    recipe = tiny_srgan.recipe(blocks=2)
    generator = networks.generator(recipe)
    slopes = [each for each in generator.layers if isinstance(each, keras.layers.PReLU)]
    names = [each.name.removesuffix("_activation") for each in slopes]
    assert names == ["first", "block_1_1", "block_2_1", "up_1", "up_2"]
    assert {float(v) for each in slopes for v in np.ravel(tiny.values([each.alpha])[0])} == {0.25}
    norms = [each.name for each in generator.layers if each.name.endswith("norm")]
    assert norms == [
        "block_1_1_norm", "block_1_2_norm", "block_2_1_norm", "block_2_2_norm", "trunk_norm",
    ]  # fmt: skip
    discriminator = networks.discriminator(recipe)
    norms = [each.name for each in discriminator.layers if each.name.endswith("norm")]
    assert norms == [f"conv_{number}_norm" for number in range(1, 8)]
    strides = [discriminator.get_layer(f"conv_{n}").strides[0] for n in range(8)]
    assert strides == [1, 2] * 4
    leaks = [each for each in discriminator.layers if isinstance(each, keras.layers.LeakyReLU)]
    assert {each.negative_slope for each in leaks} == {0.2}


def test_a_new_generator_repeats_pixels_without_a_checkerboard():
    """ICNR: before the last convolution the four pixels of a block are equal, so twice over."""
    network = networks.generator(tiny_srgan.recipe(scale=2))
    inner = keras.Model(network.inputs, network.get_layer("up_1_shuffle").output)
    made = inner.predict_on_batch(np.random.default_rng(0).uniform(-1, 1, (1, 6, 6, 3)))
    for dy, dx in ((0, 1), (1, 0), (1, 1)):
        np.testing.assert_allclose(made[:, dy::2, dx::2], made[:, ::2, ::2], atol=1e-6)


def test_a_residual_generator_starts_at_repeated_pixels_and_adds_to_them():
    recipe = tiny_srgan.recipe(residual=True)
    network = networks.generator(recipe)
    plain = networks.generator(tiny_srgan.recipe(residual=False))
    assert network.count_params() == plain.count_params()
    x = np.random.default_rng(0).uniform(-1, 1, (1, 3, 5, 3)).astype("float32")
    repeated = x.repeat(4, axis=1).repeat(4, axis=2)
    made = network.predict_on_batch(x)
    assert 0 < np.abs(made - repeated).max() < 0.2
    for variable, value in zip(plain.variables, tiny.values(network.variables), strict=True):
        variable.assign(value)
    np.testing.assert_allclose(made, repeated + plain.predict_on_batch(x), atol=1e-5)


@pytest.mark.parametrize("blur", [True, False])
def test_blurs_keep_flat_areas_flat(blur):
    """With kernels that differ within a block, a flat picture gets a grid, or with blurs none."""
    network = networks.generator(tiny_srgan.recipe(blur=blur))
    rng = np.random.default_rng(0)
    for number in (1, 2):
        kernel = network.get_layer(f"up_{number}").kernel
        kernel.assign(0.2 * rng.standard_normal(kernel.shape))
    made = network.predict_on_batch(np.full((1, 24, 24, 3), 0.3, "float32"))
    inside = made[0, 44:52, 44:52]  # far enough from the edge for every kernel
    spread = np.ptp(inside, axis=(0, 1)).max()
    assert (spread < 1e-4) == blur
    blurs = [each.name for each in network.layers if "blur" in each.name]
    assert blurs == (["up_1_blur", "up_2_blur"] if blur else [])


def test_spectral_norm_takes_the_place_of_batch_norm_in_the_discriminator():
    recipe = tiny_srgan.recipe(d_weight_norm="spectral")
    discriminator = networks.discriminator(recipe)
    assert not [each for each in discriminator.layers if isinstance(each, BatchNorm)]
    kernels = [each for each in discriminator.layers if hasattr(each, "normalized_kernel")]
    assert [each.name for each in kernels] == [*(f"conv_{n}" for n in range(8)), "hidden", "logit"]
    for _ in range(300):
        power_iterate(discriminator)
    for layer in kernels:
        kernel = ops.convert_to_numpy(layer.normalized_kernel())
        values = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)
        assert values[0] == pytest.approx(1, rel=1e-2), layer.name


# === Contents ===


@pytest.mark.parametrize(("content", "stride", "channels"), [
    ("lite0_block1", 2, 96), ("lite0_block11", 16, 672),
])  # fmt: skip
def test_lite0s_maps_have_about_vggs_strides(content, stride, channels):
    maps = perceptual.content_map(content, 64)(np.zeros((1, 64, 64, 3), "float32"))
    assert maps.shape == (1, 64 // stride, 64 // stride, channels)


def test_vgg_says_where_its_weights_belong(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(ValueError, match=r"vgg54 needs the weights of VGG19 at .*; or choose lite"):
        SRGAN.check(tiny_srgan.recipe(content="vgg54"))


@pytest.mark.parametrize(("content", "stride", "channels"), [("vgg22", 2, 128), ("vgg54", 16, 512)])
def test_vgg_takes_the_weights_that_keras_keeps(content, stride, channels, monkeypatch, tmp_path):
    """VGG19 with drawn weights; its input is blue first, with the data's means taken away."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    network = keras.applications.VGG19(include_top=False, weights=None, input_shape=(32, 32, 3))
    (tmp_path / "models").mkdir()
    network.save_weights(tmp_path / "models" / "vgg.weights.h5")
    monkeypatch.setitem(pretrained._FILES, "VGG19", "models/vgg.weights.h5")
    perceptual._vgg.cache_clear()
    x = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3)).astype("float32")
    found = perceptual.content_map(content, 32)(ops.convert_to_tensor(x))  # as a step gives it
    perceptual._vgg.cache_clear()
    assert found.shape == (1, 32 // stride, 32 // stride, channels)
    layer = network.get_layer({"vgg22": "block2_conv2", "vgg54": "block5_conv4"}[content])
    levels = keras.applications.vgg19.preprocess_input((x + 1.0) * 127.5)
    expected = keras.Model(network.inputs, layer.output).predict_on_batch(levels)
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-3, atol=1e-3)
