"""FastGAN's networks against the authors' own, its discriminator's losses, and what is refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from layers import initializers
from models import autodiff, networks, recipes, transfer
from models.systems.gan import layout
from models.systems.gan.turns import GAN, _by_margins
from tests.models import tiny
from tests.models.golden import make_fastgan
from tests.models.golden.torch_weights import short, value

pytestmark = pytest.mark.usefixtures("eagerly")
STORED = np.load(Path(__file__).parent / "golden" / "fastgan.npz")
SMALL = {"resolution": 32, "g_filters": 4, "d_filters": 8, "latent_dim": 8, "batch_size": 4}


def recipe(**changes):
    return dataclasses.replace(recipes.load("fastgan"), **{**SMALL, **changes})


def filled(network):
    for variable in network.trainable_variables:
        variable.assign(value(short(variable), tuple(variable.shape)))
    return network


@pytest.fixture(scope="module")
def theirs():
    """Both networks with the weights of the stored ones."""
    whole = recipe(
        resolution=256, g_filters=8, d_filters=64, latent_dim=16, g_weight_norm="none",
        d_weight_norm="none",
    )  # fmt: skip
    return tuple(map(filled, networks.build(whole, seed=0)))


def test_the_generator_draws_what_theirs_draws(theirs):
    latents, _ = make_fastgan.inputs()
    images = theirs[0]([latents, np.zeros(4, "int32")], training=True)
    expected = np.tanh(STORED["images"])  # theirs end in nothing at 256 px
    assert np.abs(expected).mean() > 0.1
    np.testing.assert_allclose(ops.convert_to_numpy(images)[:, ::16, ::16], expected, atol=1e-4)


def test_the_discriminator_answers_and_draws_as_theirs(theirs):
    _, pictures = make_fastgan.inputs()
    labels = ops.zeros((4,), "int32")

    def answers(x):
        return theirs[1]([x, labels], training=True)

    x = ops.convert_to_tensor(pictures)
    logits, closeness = (ops.convert_to_numpy(each) for each in answers(x))
    np.testing.assert_allclose(logits, STORED["logits"], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(closeness, STORED["closeness"], rtol=1e-4)
    slope = autodiff.input_gradient(lambda x: answers(x)[0], x, theirs[1].variables)
    found = ops.convert_to_numpy(slope)[:, ::16, ::16]
    # Where a LeakyReLU's input is nearly 0, rounding decides on which side: some slopes jump.
    far = np.linalg.norm(found - STORED["slope"]) / np.linalg.norm(STORED["slope"])
    assert far < 0.01, far
    assert (np.abs(found - STORED["slope"]) > 1e-3).mean() < 0.01


def test_the_sources_counts():
    """Of their networks at 256 px; without the noise's factors and the second, small picture."""
    with initializers.blank():
        pair = networks.build(recipes.load("fastgan"), seed=0)
    counts = tuple(map(networks.trained_parameters, pair))
    assert counts == (29_127_648, 11_526_160) == tuple(STORED["counts"])


def test_each_convolution_count():
    """At 64 px two convolutions at each of four sizes, or one, or two and one in turns."""
    for name, at_sizes in (("one", 4), ("two", 8), ("alternating", 6)):
        network, _ = networks.build(recipe(resolution=64, g_convolutions=name), seed=0)
        found = [each for each in network.layers if each.name.endswith("_gated")]
        assert len(found) == 1 + at_sizes, name


def test_large_maps_have_the_sources_channels_and_no_gate():
    """theirs: nfc[512] = g_filters / 4 and nfc[1024] = g_filters / 8, a gate at 64 to 512 px.

    Their D for 1024 px begins with ndf / 8 channels at 512 px; at 1024 px it has no maps.
    """
    with initializers.blank():
        generator, discriminator = networks.build(
            recipe(resolution=1024, g_filters=16, d_filters=16), seed=0
        )
    gates = [each.name for each in generator.layers if each.name.endswith("_excitation")]
    assert gates == [f"g_stage_{stage}_excitation" for stage in (3, 4, 5, 6)]
    shapes = {
        "g_stage_6_excitation": (generator, (512, 512, 4)),
        "g_stage_7_1_gated": (generator, (1024, 1024, 2)),
        "d_first": (discriminator, (1024, 1024, 1)),
        "d_stage_0_mean": (discriminator, (512, 512, 2)),
    }
    for name, (network, shape) in shapes.items():
        assert tuple(network.get_layer(name).output.shape[1:]) == shape, name


def test_blocks_are_frozen_along_the_first_look_alone():
    """By their depth in the graph, layers of the second look stand between those of the blocks."""
    with initializers.blank():
        network = networks.build(recipe(resolution=256), seed=0)[1]
    transfer.freeze(network, 4)
    layers = [each for each in network.layers if each.weights]
    kept = {each.name for each in layers if not each.trainable}
    blocks = tuple(f"d_stage_{stage}_" for stage in range(4))
    assert kept == {"d_first"} | {n.name for n in layers if n.name.startswith(blocks)}
    assert {"d_stage_3_short_norm", "d_stage_3_excitation_2"} <= kept


def test_margins_move_the_hinge_and_nothing_else():
    """max(0, m - real) and max(0, m + fake), each picture with its own m."""
    real, fake = np.array([[0.5, 0.95], [2.0, -1.0]]), np.array([[-0.7, -0.99], [0.0, 0.1]])
    part = {"margins": np.array([[0.8, 0.9], [1.0, 0.85]], "float32")}
    of_real, of_fake = (ops.convert_to_numpy(each) for each in layout.margins(part))
    np.testing.assert_allclose(of_real[:, 0], [0.8, 1.0])
    np.testing.assert_allclose(of_fake[:, 0], [0.9, 0.85])
    moved, moved_fake = _by_margins(real, fake, (of_real, of_fake))
    np.testing.assert_allclose(np.maximum(0, 1 - moved), [[0.3, 0], [0, 2.0]], atol=1e-6)
    np.testing.assert_allclose(np.maximum(0, 1 + moved_fake), [[0.2, 0], [0.85, 0.95]], atol=1e-6)
    assert _by_margins(real, fake, None) == (real, fake)
    assert layout.margins({}) is None


def test_margins_are_drawn_for_every_picture():
    wide = recipe(batch_size=64, d_steps=2, fakes_per_real=3, hinge_margin=0.8)
    labels = np.zeros((64, 2), "int32")
    batch = wide.draw(np.random.default_rng(0), labels, lambda n: np.zeros(n, "int32"))
    assert batch["margins"].shape == (64, 2, 4)
    assert 0.8 <= batch["margins"].min() < 0.82
    assert 0.98 < batch["margins"].max() < 1
    part = layout.discriminator_part(batch, wide, 1)
    of_fakes = ops.convert_to_numpy(layout.margins(part)[1]).reshape(64, 3)
    np.testing.assert_array_equal(of_fakes, batch["margins"][:, 1, 1:])
    for changes in ({"hinge_margin": 1.0}, {"loss": "wasserstein"}):
        plain = dataclasses.replace(wide, **changes)
        rest = plain.draw(np.random.default_rng(0), labels, lambda n: np.zeros(n, "int32"))
        assert "margins" not in rest
        np.testing.assert_array_equal(rest["latents"], batch["latents"])


def test_decoders_learn_from_reals_and_weigh_as_the_recipe_says():
    """d_loss is bare; the decoders' gradient grows with the weight, and is 0 without."""
    rows = {}
    for weight in (0.0, 1.0):
        gan = GAN(recipe(reconstruction_weight=weight, hinge_margin=1.0), seed=0)
        before = {v.path: ops.convert_to_numpy(v) for v in gan.discriminator.trainable_variables}
        rows[weight] = tiny.fit(gan, [0, 1])[0]
        decoders = [v for v in gan.discriminator.trainable_variables if "decoder" in v.path]
        assert bool(decoders) == bool(weight)
        assert all(np.any(ops.convert_to_numpy(v) != before[v.path]) for v in decoders)
    assert "d_reconstruction" not in rows[0.0]
    assert 0.2 < rows[1.0]["d_reconstruction"] < 3
    assert rows[0.0]["d_loss"] == pytest.approx(rows[1.0]["d_loss"], rel=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resolution": 16}, "fastgan is for 32 to 1024 pixels, not 16"),
        ({"resolution": 2048}, "fastgan is for 32 to 1024 pixels, not 2048"),
        ({"hinge_margin": 0.0}, "hinge_margin must be above 0"),
        ({"g_convolutions": "three"}, "g_convolutions"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        networks.check(recipe(**changes))


def test_the_decoders_descend_by_the_weight_of_their_error():
    """Plain descent: the weight times the slope, downwards."""
    still = {"g_weight_norm": "none", "d_weight_norm": "none"}
    half = recipe(
        reconstruction_weight=0.5, optimizer="sgd", beta_1=0.0, d_learning_rate=0.1, **still
    )
    gan, twin, batch = GAN(half, seed=0), GAN(half, seed=0), tiny.batch(half, 0)

    def decoders(each):
        return [v for v in each.discriminator.trainable_variables if "decoder" in v.path]

    real = ops.convert_to_tensor(batch["images"][:, 0].astype("float32") / 127.5 - 1)
    numbers = ops.convert_to_tensor(batch["augment_real"][:, 0])

    def error():
        labels = ops.convert_to_tensor(batch["labels"][:, 0])
        found = twin.answers.to(real, labels, numbers, drawn=True)
        return -ops.mean(found.closeness), {}

    _, slopes = autodiff.value_and_grad(error, decoders(twin), twin.discriminator.variables)
    slopes = [ops.convert_to_numpy(each) for each in slopes]
    assert max(np.abs(each).max() for each in slopes) > 1e-3
    before = tiny.values(decoders(gan))
    tiny.fit(gan, [0])
    for start, end, slope in zip(before, tiny.values(decoders(gan)), slopes, strict=True):
        np.testing.assert_allclose(end - start, -0.1 * 0.5 * slope, rtol=1e-3, atol=1e-6)
