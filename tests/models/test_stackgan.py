"""StackGAN: the authors' networks, losses by hand, Stage II on a frozen Stage I, three backends."""

import dataclasses
import itertools
import math

import keras
import numpy as np
import pytest
from keras import ops

from layers import BatchNorm, initializers
from layers.reparametrization import power_iterate
from models import recipes
from models.networks import trained_parameters
from models.resizing import averaged
from models.systems.stackgan import networks
from models.systems.stackgan.turns import StackGAN, divergence
from tests.models import backends, tiny, tiny_stackgan

pytestmark = pytest.mark.usefixtures("eagerly")

RNG = np.random.default_rng(0)


# === Networks ===


def conv(kernel, inputs, outputs, norm=True):
    """A convolution without bias, and a norm's gains and shifts."""
    return kernel * kernel * inputs * outputs + 2 * outputs * norm


def dense(inputs, outputs):
    return inputs * outputs + outputs


def bottleneck(channels, inner):
    return conv(1, channels, inner) + conv(3, inner, inner) + conv(3, inner, channels)


def test_the_authors_counts():
    """Added up from stageI/model.py and stageII/model.py, with texts of 1024 numbers."""
    text, ef, gf, df = 1024, 128, 128, 64
    stage_1 = dense(text, 2 * ef) + dense(ef + 100, 16 * 1024) + 2 * 16 * 1024
    stage_1 += bottleneck(1024, 256) + conv(3, 1024, 512) + bottleneck(512, 128)
    stage_1 += conv(3, 512, 256) + conv(3, 256, 128) + conv(3, 128, 3, norm=False)
    judged = dense(text, ef) + conv(1, 512 + ef, 512) + conv(4, 512, 1, norm=False)
    d_1 = conv(4, 3, df, norm=False) + conv(4, 64, 128) + conv(4, 128, 256) + conv(4, 256, 512)
    d_1 += bottleneck(512, 128) + judged
    stage_2 = dense(text, 2 * ef) + conv(3, 3, gf, norm=False) + conv(4, 128, 256)
    stage_2 += conv(4, 256, 512) + conv(3, 512 + ef, 512) + 4 * 2 * conv(3, 512, 512)
    stage_2 += conv(3, 512, 256) + conv(3, 256, 128) + conv(3, 128, 64) + conv(3, 64, 32)
    stage_2 += conv(3, 32, 3, norm=False)
    widths = (64, 128, 256, 512, 1024, 2048)
    d_2 = conv(4, 3, df, norm=False) + sum(conv(4, a, b) for a, b in itertools.pairwise(widths))
    d_2 += conv(1, 2048, 1024) + conv(1, 1024, 512) + bottleneck(512, 128) + judged
    expected = (14_264_192, 4_029_824, 26_290_080, 48_603_520)
    assert (stage_1, d_1, stage_2, d_2) == expected
    recipe = dataclasses.replace(recipes.load("stackgan"), text_dim=text)
    with initializers.blank():
        made = (
            networks.first_generator(recipe), networks.discriminator(recipe, 1),
            networks.second_generator(recipe), networks.discriminator(recipe, 2),
        )  # fmt: skip
    assert tuple(map(trained_parameters, made)) == expected
    shapes = [each.outputs[0].shape[1:] for each in made]
    assert shapes == [(64, 64, 3), (1,), (256, 256, 3), (1,)]


def activated(network):
    """The layers that an activation follows, by their names."""
    kinds = (keras.layers.ReLU, keras.layers.LeakyReLU)
    return [x.name.removesuffix("_activation") for x in network.layers if isinstance(x, kinds)]


def test_where_norms_and_activations_are():
    recipe = tiny_stackgan.recipe(resolution=64, ratio=2)
    first, second = networks.first_generator(recipe), networks.second_generator(recipe)
    assert activated(first) == [
        "text_1", "block_1_4_1", "block_1_4_2", "block_1_4", "block_1_8_1", "block_1_8_2",
        "up_1_8", "up_1_16",
    ]  # fmt: skip
    assert sorted(activated(second)) == sorted([
        "text_2", "in_2", "down_2_1", "down_2_2", "joint_2", "block_2_1_1", "block_2_1",
        "up_2_1", "up_2_2", "up_2_3",
    ])  # fmt: skip
    norms = lambda network: len([x for x in network.layers if isinstance(x, BatchNorm)])  # noqa: E731
    assert (norms(first), norms(second)) == (1 + 3 + 1 + 3 + 1, 2 + 1 + 2 + 3)
    # At 32 px a discriminator has three convolutions of stride 2, of which the last two are bare
    # in Stage I; at 64 px four, of which the last is.
    judges = [networks.discriminator(recipe, stage) for stage in (1, 2)]
    shared = {"block_1", "block_2", "block", "embedded", "joint"}
    assert [set(activated(each)) - shared for each in judges] == [
        {"down_0"}, {"down_0", "down_1", "down_2"},
    ]  # fmt: skip
    assert [norms(each) for each in judges] == [2 + 3 + 1, 3 + 3 + 1]
    assert {x.negative_slope for each in judges for x in each.layers
            if isinstance(x, keras.layers.LeakyReLU)} == {0.2}  # fmt: skip
    assert {(x.momentum, x.epsilon) for x in first.layers if isinstance(x, BatchNorm)} == {
        (0.9, 1e-5)
    }


@pytest.mark.parametrize("ratio", [2, 4])
def test_a_residual_stage_2_adds_to_the_pictures_of_stage_1(ratio):
    recipe = tiny_stackgan.recipe(resolution=64, ratio=ratio, residual=True)
    adds, draws = (
        networks.second_generator(dataclasses.replace(recipe, residual=each))
        for each in (True, False)
    )
    for variable, other in zip(adds.variables, draws.variables, strict=True):
        variable.assign(other)
    side = 64 // ratio
    small = RNG.uniform(-1, 1, (1, side, side, 3)).astype("float32")
    z, text = np.ones((1, recipe.latent_dim), "float32"), np.ones((1, 5), "float32")
    added, drawn = (each.predict_on_batch([z, text, small])[0] for each in (adds, draws))
    repeated = small.repeat(ratio, axis=1).repeat(ratio, axis=2)
    np.testing.assert_allclose(added, repeated + drawn, atol=1e-6)


@pytest.mark.parametrize("stage", [1, 2])
def test_spectral_norm_takes_the_place_of_batch_norm_in_the_discriminators(stage):
    judge = networks.discriminator(tiny_stackgan.recipe(d_weight_norm="spectral"), stage)
    assert not [x for x in judge.layers if isinstance(x, BatchNorm)]
    kernels = [x for x in judge.layers if hasattr(x, "normalized_kernel")]
    downs = [f"down_{n}" for n in range(1 + stage)]
    bare = {"down_0", "logit"}  # layers that have no norm in the paper's form
    named = {*downs, "block_1", "block_2", "block_3", "embedded", "joint", "logit"}
    assert {x.name for x in kernels} == named
    assert {x.name for x in kernels if not x.use_bias} == bare
    for _ in range(300):
        power_iterate(judge)
    for layer in kernels:
        kernel = ops.convert_to_numpy(layer.normalized_kernel())
        values = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)
        assert values[0] == pytest.approx(1, rel=2e-2), layer.name


@pytest.mark.parametrize(("resolution", "ratio"), [(32, 2), (64, 4), (128, 8), (128, 2)])
def test_every_size(resolution, ratio):
    recipe = tiny_stackgan.recipe(resolution=resolution, ratio=ratio)
    with initializers.blank():
        first, second = networks.first_generator(recipe), networks.second_generator(recipe)
        whole = networks.generator(recipe, first, second)
        alone = networks.generator(recipe, first, None)
        judges = [networks.discriminator(recipe, stage) for stage in (1, 2)]
    assert first.outputs[0].shape[1] == resolution // ratio
    assert whole.output_shape == alone.output_shape == (None, resolution, resolution, 3)
    for judge in judges:
        assert judge.get_layer("with_text").output.shape[1:] == (4, 4, 16 + 3)


def test_a_text_and_each_part_of_a_latent_change_what_they_should():
    recipe = tiny_stackgan.recipe()
    first, second = networks.first_generator(recipe), networks.second_generator(recipe)
    for variable in first.trainable_variables + second.trainable_variables:  # as if trained
        if len(variable.shape) > 1:
            variable.assign(0.3 * RNG.standard_normal(variable.shape))
    whole = networks.generator(recipe, first, second)
    z = RNG.standard_normal((1, recipe.latent_dim)).astype("float32")
    text = RNG.standard_normal((1, 5)).astype("float32")
    base = [first.predict_on_batch([z, text])[0], whole.predict_on_batch([z, text])]
    for part, which in ((slice(0, 4), (True, True)), (slice(4, 7), (True, True)),
                        (slice(7, 10), (False, True))):  # fmt: skip
        moved = z.copy()
        moved[:, part] += 1.0
        now = [first.predict_on_batch([moved, text])[0], whole.predict_on_batch([moved, text])]
        changed = tuple(bool(np.abs(a - b).max() > 1e-7) for a, b in zip(now, base, strict=True))
        assert changed == which, part
    other = [first.predict_on_batch([z, 2 * text])[0], whole.predict_on_batch([z, 2 * text])]
    assert all(np.abs(a - b).max() > 1e-7 for a, b in zip(other, base, strict=True))


def test_without_augmentation_the_noise_of_conditions_changes_nothing():
    recipe = tiny_stackgan.recipe(augmentation=False)
    first = networks.first_generator(recipe)
    z, text = RNG.standard_normal((2, recipe.latent_dim)), np.ones((2, 5))
    moved = z.copy()
    moved[:, 4:] += 1.0
    made = [first.predict_on_batch([each.astype("float32"), text])[0] for each in (z, moved)]
    np.testing.assert_array_equal(*made)


# === The recipe ===


def test_the_authors_settings():
    recipe = recipes.load("stackgan")
    assert [(p.name, p.steps) for p in recipe.phases()] == [
        ("stage_1", 82_800),
        ("stage_2", 82_800),
    ]
    # 600 epochs of 8 855 // 64 steps, rates halved every 50 epochs and then every 100.
    assert 600 * (8_855 // 64) == 82_800
    assert [recipe.in_phase(n).decay_every for n in (0, 1)] == [50 * 138, 100 * 138]
    assert (recipe.decay_rate, recipe.learning_rate, recipe.beta_1) == (0.5, 2e-4, 0.5)
    assert (recipe.small, recipe.latent_dim, recipe.captions_together) == (64, 100 + 2 * 128, 4)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ratio": 4}, "ratio 4 of resolution 32 leaves Stage I 8 px; it needs 16 or more"),
        ({"ratio": 3}, "unknown ratio 3, known: 2, 4, 8"),
        ({"resolution": 16}, "resolution must be a whole number of at least 32, not 16"),
        ({"first_steps": 4}, "first_steps 4 leave none of 4 steps for Stage II"),
        ({"kl_form": "odd"}, "unknown kl_form 'odd', known: sum, mean"),
        ({"together": 0}, "together must be a whole number of at least 1"),
    ],
)
def test_recipes_that_do_not_work_out(changes, words):
    with pytest.raises(ValueError, match=words):
        tiny_stackgan.recipe(**changes)


# === Turns ===


def softplus(x):
    return np.log1p(np.exp(x.astype("float64")))


@pytest.mark.parametrize("phase", [0, 1])
def test_the_discriminators_loss_by_hand(monkeypatch, phase):
    """-log D(x, t) - ½ log(1 - D(x, wrong)) - ½ log(1 - D(fake, t))."""
    system = StackGAN(tiny_stackgan.recipe(), seed=3, phase=phase)
    given = tiny_stackgan.part(system.recipe)
    fake = system._fakes(given)
    first, seen = system.discriminator.get_layer("down_0"), []
    monkeypatch.setattr(first, "call", lambda x, call=first.call: seen.append(x) or call(x))
    loss, logs = system._discriminator_loss(given, fake)
    assert len(seen) == 2  # reals once for both texts, and fakes
    real = np.array(given["images"]) / 127.5 - 1
    if not phase:
        real = real.reshape(4, 16, 2, 16, 2, 3).mean((2, 4))
    score = lambda x, t: np.array(  # noqa: E731
        system.discriminator([ops.convert_to_tensor(x, "float32"), t], training=True)
    )
    right = score(real, given["text"])
    wrong = score(real, given["wrong"])
    made = score(np.array(fake), given["text"])
    expected = softplus(-right).mean() + 0.5 * (softplus(wrong).mean() + softplus(made).mean())
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert float(logs["d_wrong"]) == pytest.approx(softplus(wrong).mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "factor"),
    [({}, 1.0), ({"kl_weight": 3.0, "kl_form": "mean"}, 1.0), ({"augmentation": False}, 0.0)],
)
def test_the_generators_loss_by_hand(changes, factor):
    recipe = tiny_stackgan.recipe(**changes)
    system = StackGAN(recipe, seed=3)
    batch = tiny_stackgan.drawn(recipe)
    given = system._for_generator({n: ops.convert_to_tensor(a) for n, a in batch.items()}, 0)
    np.testing.assert_array_equal(given["latents"], batch["latents"][:, 1])
    np.testing.assert_array_equal(given["text"], batch["text"][:, 0])
    loss, logs = system._generator_loss(given, ())
    made, moments = system.stage_1([given["latents"], given["text"]], training=True)
    score = np.array(system.discriminator([made, given["text"]], training=True))
    found = float(divergence(moments, recipe.kl_form))
    assert float(logs["divergence"]) == pytest.approx(found, rel=1e-5)
    expected = softplus(-score).mean() + factor * recipe.kl_weight * found
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_the_divergence_by_hand():
    """KL of N(μ, σ²) from N(0, 1) is ½ (μ² + σ² - 1 - log σ²) for each number."""
    moments = np.array([[0.0, 2.0, 0.0, math.log(3)], [1.0, 0.0, math.log(0.5), 0.0]])
    rows = [0 + 0.5 * (4 + 9 - 1 - math.log(9)), 0.5 * (1 + 0.25 - 1 - math.log(0.25)) + 0]
    assert float(divergence(moments, "sum")) == pytest.approx(np.mean(rows), rel=1e-6)
    assert float(divergence(moments, "mean")) == pytest.approx(np.mean(rows) / 2, rel=1e-6)


def test_stage_2_begins_on_the_average_of_stage_1_and_leaves_it_alone():
    recipe = tiny_stackgan.recipe(ema_decay=0.9)
    first = StackGAN(recipe, seed=1)
    tiny_stackgan.fit(first, [0, 1])
    second = StackGAN(recipe, seed=2, phase=1)
    second.take_over(first)
    kept = tiny.values(first.ema_stage_1.variables)
    assert any((a != b).any() for a, b in
               zip(kept, tiny.values(first.stage_1.variables), strict=True))  # fmt: skip
    tiny_stackgan.fit(second, [2, 3])
    for name, value, now in zip(
        first.stage_1.variables, kept, tiny.values(second.stage_1.variables), strict=True
    ):
        np.testing.assert_array_equal(value, now, err_msg=name.path)
    assert second.step == 4
    norm = second.stage_2.get_layer("joint_2_norm")
    assert np.abs(np.array(norm.moving_mean)).min() > 0  # it trains with its batches' statistics
    assert set(second.networks) == {"stage_1", "stage_2", "discriminator", "ema_stage_2"}
    z = RNG.standard_normal((2, recipe.latent_dim)).astype("float32")
    text = RNG.standard_normal((2, 5)).astype("float32")
    small = np.array(second.stage_1([z, text], training=False)[0])
    enlarged = second.sample(z, text, network="stage_1")
    np.testing.assert_allclose(enlarged, small.repeat(2, axis=1).repeat(2, axis=2), atol=1e-6)
    large = np.array(second.ema_stage_2([z, text, small], training=False)[0])
    np.testing.assert_allclose(second.sample(z, text), large, atol=1e-5)
    assert second.output("generator") is second.output("generator")  # built once
    assert second.output("generator", averaged=False) is not second.output("generator")


def test_the_work_of_a_step_counted_by_hand():
    """A forward pass is 1, a backward pass 2, or 1 for the discriminator in the generator's turn.

    D sees two batches, each once; in Stage II the first generator runs in both turns.
    """
    for phase, trained, frozen in ((0, "stage_1", {}), (1, "stage_2", {"stage_1": 1})):
        d, g = StackGAN(tiny_stackgan.recipe(), seed=1, phase=phase).work()
        assert d.kept == {"discriminator": 2}
        assert d.passes == {**frozen, trained: 1, "discriminator": 2 * 3}
        assert g.kept == {trained: 1, "discriminator": 1}
        assert g.passes == {**frozen, trained: 3, "discriminator": 2}


def test_before_stage_2_both_outputs_are_stage_1():
    system = StackGAN(tiny_stackgan.recipe(), seed=1)
    z = RNG.standard_normal((2, system.recipe.latent_dim)).astype("float32")
    text = np.ones((2, 5), "float32")
    np.testing.assert_array_equal(
        system.sample(z, text), system.sample(z, text, network="stage_1")
    )  # fmt: skip
    assert system.sample(z, text).shape == (2, 32, 32, 3)


def test_reals_of_stage_1_are_means_of_squares():
    x = RNG.integers(0, 256, (1, 4, 4, 3)).astype("float32")
    expected = x.reshape(1, 2, 2, 2, 2, 3).mean((2, 4))
    np.testing.assert_allclose(ops.convert_to_numpy(averaged(x, 2)), expected, rtol=1e-6)


# === Backends ===


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What `tests.models.tiny_stackgan` finds: by backend."""
    return backends.results("tests.models.tiny_stackgan", tmp_path_factory)


@pytest.mark.parametrize("backend", backends.EVERY)
def test_a_resume_changes_no_bit(backend, results):
    found = results(backend)
    whole = {name[6:]: value for name, value in found.items() if name.startswith("whole/")}
    assert len(whole) > 100
    for name, value in whole.items():
        np.testing.assert_array_equal(value, found[f"parts/{name}"], err_msg=name)
    np.testing.assert_allclose(found["read"], found["kept"], atol=1e-6)
    assert len([name for name in found if name.startswith("logs/")]) == 4 * 4


@pytest.mark.parametrize("backend", backends.EVERY[1:])
def test_backends_agree(backend, results):
    ours, found = results("tensorflow"), results(backend)
    for name in (name for name in ours if name.startswith("logs/")):
        # Adam's first steps, and norms over four pictures, enlarge roundings.
        tolerance = 2e-3 if name < "logs/3" else 1e-2
        np.testing.assert_allclose(found[name], ours[name], tolerance, 1e-3, err_msg=name)
