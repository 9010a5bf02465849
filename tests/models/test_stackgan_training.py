"""StackGAN in training: losses by hand, Stage II on a frozen Stage I, three backends."""

import math

import numpy as np
import pytest
from keras import ops

from models import recipes
from models.resizing import averaged
from models.systems.stackgan.turns import StackGAN, divergence
from tests.models import backends, tiny, tiny_stackgan

pytestmark = pytest.mark.usefixtures("eagerly")

RNG = np.random.default_rng(0)


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


# Runs that go on are tested quickly by tests/training/test_stackgan.py.
@pytest.mark.thorough
@pytest.mark.parametrize("backend", backends.EVERY)
def test_a_resume_changes_no_bit(backend, results):
    found = results(backend)
    tiny.assert_resumed_as_whole(found, 100)
    np.testing.assert_allclose(found["read"], found["kept"], atol=1e-6)
    assert len([name for name in found if name.startswith("logs/")]) == 4 * 4


@pytest.mark.parametrize("backend", backends.EVERY[1:])
def test_backends_agree(backend, results):
    ours, found = results("tensorflow"), results(backend)
    for name in (name for name in ours if name.startswith("logs/")):
        # Adam's first steps, and norms over four pictures, enlarge roundings.
        tolerance = 2e-3 if name < "logs/3" else 1e-2
        np.testing.assert_allclose(found[name], ours[name], tolerance, 1e-3, err_msg=name)
