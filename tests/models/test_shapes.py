"""GANs for grey, RGBA and non-square pictures: fields, sizes of the maps, steps."""

import dataclasses
import json

import numpy as np
import pytest
from keras import ops

from layers import SelfAttention
from models import networks, recipes
from models.systems import recipe_of, system_class
from models.systems.gan import shape
from tests.models import tiny

pytestmark = pytest.mark.usefixtures("eagerly")

# One recipe per architecture, with the fields that make it small at 16 px or more.
ARCHITECTURES = {
    "sagan": ("SAGAN_V6", {}),
    "biggan": ("biggan", {"g_filters": 4, "d_filters": 4, "latent_dim": 8}),
    "biggan_notes": ("BIGGAN_V0", {}),
    "began": ("began", {"attention_resolution": 16}),
    "dense": ("gan", {"attention_resolution": 16}),
    "fastgan": ("fastgan", {"attention_resolution": 16}),
    "projected": ("projected", {"attention_resolution": 16, "channels": 3, "d_input": 128}),
    "r3gan": ("r3gan", {"attention_resolution": 16, "d_filters": 16, "stage_blocks": 1}),
    "sn_cnn": ("sngan_cnn", {"attention_resolution": 16}),
    "sn_resnet": ("sngan", {}),
    "sresnet": ("SResNetGAN_V0", {"attention_resolution": 16}),
}
# Places of a 4×4 window: FastGAN's in two maps of 8 pixels, projected's in four of 4.
PATCHES = {
    "fastgan": {"32x48": 2 * 5 * 9, "40x32": 2 * 5 * 7, "32x32": 2 * 5 * 5},
    "projected": {"32x48": 4 * 1 * 3, "40x32": 4 * 1 * 2, "32x32": 4},
}


def recipe(architecture, **changes):
    """A recipe of that architecture at 32 × 48 px RGBA, if `changes` do not say otherwise."""
    name, own = ARCHITECTURES[architecture]
    return tiny.recipe(name, **{"resolution": "32x48", "channels": 4, **own, **changes})


# === Fields ===


@pytest.mark.parametrize(
    ("text", "resolution", "aspect", "sides"),
    [
        ("64x96", 64, "2:3", (96, 64)),
        ("96×64", 64, "3:2", (64, 96)),
        ("64x80", 64, "4:5", (80, 64)),
        ("32x32", 32, "1:1", (32, 32)),
        ("32x128", 32, "1:4", (128, 32)),
    ],
)
def test_width_times_height(text, resolution, aspect, sides):
    made = tiny.recipe(resolution=text)
    assert (made.resolution, made.aspect) == (resolution, aspect)
    assert made.data_shape == (*sides, 3)
    assert made == tiny.recipe(resolution=resolution, aspect=aspect)
    assert recipe_of(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("72x128", "64x112"),  # 128 / 72 is 1.78, near 7/4
        ("128x72", "112x64"),
        ("64x90", "64x96"),
        ("100x100", "128x128"),
        ("64x300", "64x256"),
    ],
)
def test_sizes_that_no_network_makes_are_refused_with_the_nearest(text, nearest):
    with pytest.raises(ValueError, match=rf"resolution {text}: .* nearest: {nearest}$"):
        tiny.recipe(resolution=text)
    tiny.recipe(resolution=nearest)


@pytest.mark.parametrize("text", ["64x", "x", "64x96x3", "0x64", "-64", "tall"])
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match=f"such as 64x96, not '{text}'"):
        tiny.recipe(resolution=text)


@pytest.mark.parametrize("aspect", ["2", "2/3", "0:1", "a:b", "2:3:4", ""])
def test_aspects_are_width_to_height(aspect):
    with pytest.raises(ValueError, match=f"aspect is width to height, such as 2:3, not '{aspect}'"):
        tiny.recipe(aspect=aspect)


@pytest.mark.parametrize(("aspect", "nearest"), [("9:16", "16x28"), ("5:1", "64x16")])
def test_aspects_that_no_network_makes(aspect, nearest):
    with pytest.raises(ValueError, match=f"aspect {aspect}: .* nearest: {nearest}"):
        tiny.recipe(aspect=aspect)


def test_an_aspect_need_not_be_in_lowest_terms():
    assert tiny.recipe(aspect="4:6").data_shape == (24, 16, 3)


@pytest.mark.parametrize("channels", [0, 2, 5, "4", True])
def test_channels_are_grey_rgb_or_rgba(channels):
    if channels is True:
        assert tiny.recipe(channels=1).channels == 1
        return
    with pytest.raises(ValueError, match=f"unknown channels {channels!r}, known: 1, 3, 4"):
        tiny.recipe(channels=channels)


@pytest.mark.parametrize("name", ["vae_cpu", "cyclegan_cpu", "srgan_cpu"])
def test_other_systems_make_square_pictures(name):
    with pytest.raises(ValueError, match="are square; resolution must be one number"):
        dataclasses.replace(recipes.load(name), resolution="64x96")
    fields = {field.name for field in dataclasses.fields(recipes.load(name))}
    assert not fields & {"aspect", "channels"}


def test_recipes_saved_before_there_were_shapes():
    values = tiny.recipe().to_dict()
    del values["aspect"], values["channels"]
    assert recipe_of(values).data_shape == (16, 16, 3)


def test_points_have_no_shape():
    made = tiny.recipe("gan", attention_resolution=16, point_dim=2, channels=4)
    assert made.data_shape == (2,)


# === Networks ===


@pytest.mark.parametrize(
    ("size", "channels", "shape", "labels"),
    [
        ("32x48", 4, (48, 32, 4), "attributes"),
        ("40x32", 1, (32, 40, 1), "classes"),
        ("32x32", 4, (32, 32, 4), "none"),
    ],
)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_makes_and_judges_the_shape(architecture, size, channels, shape, labels):
    if architecture == "began" and labels != "none":  # tests/models/test_began.py: it refuses them
        return
    how = {"label_kind": labels, "num_labels": 0 if labels == "none" else 3}
    if labels == "attributes":  # labels also as a plane beside the pictures
        how["d_conditioning"] = "concat"
    if architecture == "dense":
        how["g_conditioning"] = "concat"
    if architecture == "projected" and channels == 4:  # tests/models/test_projected.py
        channels, shape, how["d_conditioning"] = 3, (*shape[:2], 3), "projection"
    made = recipe(architecture, resolution=size, channels=channels, **how)
    generator, discriminator = networks.build(made, seed=0)
    assert generator.output_shape == (None, *shape)
    assert discriminator.input_shape[0] == (None, *shape)
    z = np.zeros((2, made.latent_dim), "float32")
    y = np.zeros((2, 3), "float32") if labels == "attributes" else np.zeros(2, "int32")
    images = ops.convert_to_numpy(generator([z, y]))
    assert images.shape == (2, *shape)
    assert np.abs(images).max() <= 1
    said = discriminator([images, y])
    said = said[0] if isinstance(said, list) else said
    assert tuple(said.shape) == (2, PATCHES.get(architecture, {}).get(size, 1))


@pytest.mark.parametrize("architecture", ["sagan", "biggan", "biggan_notes", "sn_resnet"])
@pytest.mark.parametrize("size", ["32x48", "48x32"])
def test_attention_is_at_the_shorter_side(architecture, size):
    made = recipe(architecture, resolution=size, attention_resolution=16)
    for network in networks.build(made, seed=0):
        (layer,) = (each for each in network.layers if isinstance(each, SelfAttention))
        wanted = (16, 24) if size == "48x32" else (24, 16)
        assert tuple(layer.input.shape[1:3]) == wanted


def test_parameters_of_a_tall_sagan():
    """Added up by hand, at 16 × 24 with 16 and 8 filters: the first and the last kernels grow."""
    square, tall = (
        [networks.trained_parameters(each) for each in networks.build(each, seed=0)]
        for each in (recipe("sagan", resolution=16), recipe("sagan", resolution="16x24"))
    )
    assert tall[0] - square[0] == 8 * 16 * (4 * 6 - 4 * 4)  # the latent to 4×6×16
    assert tall[1] - square[1] == 16 * (4 * 6 - 4 * 4)  # 4×6×16 to the logit
    rgb = networks.build(recipe("sagan", resolution=16, channels=3), seed=0)
    assert square[0] - networks.trained_parameters(rgb[0]) == 4 * 4 * 8  # one more colour


def test_maps_whose_longer_side_would_not_be_whole():
    made = recipe("sn_resnet", resolution="8x10", attention_resolution=0)
    with pytest.raises(ValueError, match="halves 8x10 to maps of 2 pixels"):
        networks.check(made)
    networks.check(recipe("sn_resnet", resolution="8x12", attention_resolution=0))
    networks.check(recipe("sn_resnet", resolution="16x20", attention_resolution=0))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_step_changes_both_networks(architecture):
    made = recipe(architecture, dequantize=True, batch_size=2)
    gan = system_class(made)(made, seed=1)
    names = ("generator", "discriminator")
    before = {name: tiny.values(gan.networks[name].trainable_variables) for name in names}
    (logs,) = tiny.fit(gan, [0])
    assert np.isfinite(list(logs.values())).all()
    for name, values in before.items():
        after = tiny.values(gan.networks[name].trainable_variables)
        assert any((old != new).any() for old, new in zip(values, after, strict=True)), name


def test_noise_is_drawn_for_every_channel():
    made = recipe("sagan", dequantize=True)
    labels = np.zeros((made.batch_size, 1), "int32")
    drawn = made.draw(np.random.default_rng(0), labels, lambda n: np.zeros(n, "int32"))
    assert drawn["noise"].shape == (made.batch_size, 1, 48, 32, 4)


def test_sides_by_hand():
    assert shape.sides(64, "2:3") == (96, 64)
    assert shape.sides(64, "7:4") == (64, 112)
    assert shape.problem(64, "4:1") is None
    assert "at most 4 times" in shape.problem(64, "17:4")
