"""Penalties, LeCam and pairs within a GAN's training step: what they add, when, and how much."""

import dataclasses

import numpy as np
import pytest

from models import penalties
from models.systems.gan.recipe import GANRecipe
from models.systems.gan.turns import GAN
from tests.models import tiny

pytestmark = pytest.mark.usefixtures("eagerly")
# On points, without what normalises weights; plain gradient descent, so that a step is linear in
# the gradient.
POINTS = {
    "architecture": "dense", "point_dim": 2, "g_filters": 8, "d_filters": 4, "latent_dim": 3,
    "g_norm": "none", "d_norm": "none", "g_weight_norm": "none", "d_weight_norm": "none",
    "batch_size": 8, "loss": "non_saturating", "initializer": "glorot_uniform",
    "optimizer": "sgd", "d_learning_rate": 0.01, "g_learning_rate": 1e-30,
}  # fmt: skip


def moved(step=0, **changes):
    """How far step number `step` moves the discriminator's weights from where they began."""
    gan = GAN(GANRecipe(name="points", **POINTS, **changes), seed=0)
    gan.steps_done.assign(step)
    before = flat(gan)
    tiny.fit(gan, [0])
    return flat(gan) - before


def flat(gan):
    return np.concatenate([w.ravel() for w in tiny.values(gan.discriminator.trainable_variables)])


def test_a_lazy_penalty_weighs_as_many_times_as_much():
    plain, with_r1 = moved(), moved(penalty="r1", penalty_weight=1.0)
    by_the_penalty = with_r1 - plain
    assert np.abs(by_the_penalty).max() > 1e-5
    lazy = {"penalty": "r1", "penalty_weight": 1.0, "penalty_every": 3}
    np.testing.assert_allclose(moved(0, **lazy) - plain, 3 * by_the_penalty, atol=4e-7)
    np.testing.assert_array_equal(moved(1, **lazy), plain)
    np.testing.assert_array_equal(moved(2, **lazy), plain)
    np.testing.assert_allclose(moved(3, **lazy) - plain, 3 * by_the_penalty, atol=4e-7)


def test_the_penalty_follows_the_curve_of_the_rates():
    """From 4 to 2 in four steps: 3 after two of them, 2 after all."""
    plain = moved()
    unit = moved(penalty="r1_r2", penalty_weight=1.0) - plain
    falling = {
        "penalty": "r1_r2", "penalty_weight": 4.0, "penalty_weight_end": 2.0,
        "decay": "linear", "decay_end": 4, "decay_to": 1.0,  # the rates themselves stay
    }  # fmt: skip
    for step, weight in ((0, 4), (2, 3), (9, 2)):
        np.testing.assert_allclose(moved(step, **falling) - plain, weight * unit, atol=4e-7)


def test_r1_and_r2_are_taken_on_their_own_sides():
    plain = moved()
    one, two, both = (moved(penalty=n, penalty_weight=1.0) - plain for n in ("r1", "r2", "r1_r2"))
    assert np.abs(one - two).max() > 1e-5
    np.testing.assert_allclose(both, one + two, atol=4e-7)


@pytest.mark.parametrize("d_norm", ["none", "batch"])
@pytest.mark.parametrize("name", ["r1", "r2", "r1_r2"])
def test_slopes_that_come_with_the_answer_are_those_of_a_pass_of_their_own(
    monkeypatch, name, d_norm
):
    """The same first step, in logs and in weights, with fewer calls of D."""
    recipe = tiny.recipe(
        penalty=name, penalty_weight=0.1, d_norm=d_norm, augment="diffaug", optimizer="sgd"
    )
    found, calls = [], []
    for at in (penalties.get(name).at, ()):
        own = dataclasses.replace(penalties.get(name), at=at)
        monkeypatch.setitem(penalties.PENALTIES, name, own)
        gan = GAN(recipe, seed=0)
        answers, counted = gan.answers._output, []
        gan.answers._output = lambda *a, f=answers, n=counted, **k: n.append(a) or f(*a, **k)
        (logs,) = tiny.fit(gan, [0])
        found.append((logs, tiny.values(gan.discriminator.trainable_variables)))
        calls.append(len(counted))
    slopes, joined = (2 if name == "r1_r2" else 1), d_norm == "none"
    with_answers = 1 if joined and slopes == 2 else 2
    assert calls == [with_answers + 1, (1 if joined else 2) + slopes + 1]  # the last for G
    (logs, weights), (others, theirs) = found
    assert logs["penalty"] > 0
    assert logs == pytest.approx(others, rel=1e-4, abs=1e-6)
    for one, other in zip(weights, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_recipe_that_decays_keeps_its_share_of_the_rates():
    falling = {"decay": "cosine", "decay_end": 4, "decay_to": 0.2}
    for step, share in ((0, 1.0), (2, 0.6), (4, 0.2), (9, 0.2)):
        np.testing.assert_allclose(moved(step, **falling), share * moved(), atol=4e-7)


def test_lecam_follows_the_logits_and_then_pulls():
    """D stays as it is, so its logits are those of the first step. LeCam begins after one step."""
    recipe = GANRecipe(
        name="points",
        **POINTS | {"d_learning_rate": 1e-30},
        lecam_weight=0.5,
        lecam_decay=0.75,
        lecam_start=1,
    )
    gan = GAN(recipe, seed=0)
    logits = []
    for seed in range(2):
        batch = tiny.batch(recipe, seed)
        fake = np.array(gan.generator([batch["latents"][:, 0], batch["fake_labels"][:, 0]]))
        both = ((batch["images"][:, 0], "labels"), (fake, "fake_labels"))
        logits.append([np.array(gan.discriminator([x, batch[y][:, 0]])) for x, y in both])
    first, second = (log["lecam"] for log in tiny.fit(gan, [0, 1]))
    real, fake = (0.75 * logits[0][n].mean() + 0.25 * logits[1][n].mean() for n in (0, 1))
    assert float(gan.discriminator_terms.lecam_real.numpy()) == pytest.approx(real, rel=1e-5)
    assert float(gan.discriminator_terms.lecam_fake.numpy()) == pytest.approx(fake, rel=1e-5)
    pulls = np.maximum(logits[1][0] - fake, 0) ** 2, np.maximum(real - logits[1][1], 0) ** 2
    assert first == 0
    assert second == pytest.approx(sum(pull.mean() for pull in pulls), rel=1e-4)


def test_lecam_is_weighted_into_the_gradient():
    weighted = [moved(2, lecam_start=0, lecam_weight=w) - moved(2) for w in (1.0, 2.0)]
    assert np.abs(weighted[0]).max() > 1e-6
    np.testing.assert_allclose(weighted[1], 2 * weighted[0], atol=4e-7)


@pytest.mark.parametrize("loss", ["rsgan", "rasgan"])
def test_a_pair_has_one_label(loss):
    """D's two steps and G's: its reals are those of D's second step."""
    recipe = GANRecipe(
        name="pairs", loss=loss, label_kind="classes", num_labels=9, batch_size=3, d_steps=2
    )
    labels = np.arange(6, dtype="int32").reshape(3, 2)
    drawn = recipe.draw(np.random.default_rng(0), labels, lambda n: np.full(n, 8, "int32"))
    expected = [[0, 1, 1], [2, 3, 3], [4, 5, 5]] if loss == "rsgan" else np.full((3, 3), 8)
    np.testing.assert_array_equal(drawn["fake_labels"], expected)


def test_the_work_of_a_penalty():
    """Six passes per slope, three where it comes with D's answer; a lazy one costs as much less."""

    def passes(**changes):
        gan = GAN(GANRecipe(name="points", **POINTS, **changes), seed=0)
        return gan.work()[0].passes["discriminator"]

    assert passes() == 6
    assert passes(penalty="gradient") == 12
    assert passes(penalty="r1") == 9
    assert passes(penalty="r1_r2") == 12
    assert passes(penalty="r1_r2", penalty_every=4) == 9


def test_what_a_penalty_keeps():
    """Of each slope the way back, and the way there unless D's answer is that."""

    def kept(**changes):
        gan = GAN(GANRecipe(name="points", **POINTS, **changes), seed=0)
        return gan.work()[0].kept["discriminator"]

    assert kept() == 2
    assert kept(penalty="gradient") == 4
    assert kept(penalty="r1") == 3
    assert kept(penalty="r1_r2") == 4
    assert kept(penalty="r1_r2", penalty_every=4) == 6
    assert kept(penalty="r2", fakes_per_real=3) == 4 + 3


@pytest.mark.parametrize(
    ("changes", "kept", "passes"),
    [
        ({}, 1, 2),
        ({"g_batch_factor": 3}, 3, 6),
        ({"loss": "rsgan"}, 2, 4),
        ({"loss": "rsgan", "d_norm": "batch"}, 2, 3),  # reals in a call of their own: no way back
        ({"g_term": "feature_matching"}, 2, 5),
        ({"g_term": "feature_matching", "g_loss_weight": 0.0}, 1, 3),
    ],
)
def test_the_work_of_the_generators_turn(changes, kept, passes):
    gan = GAN(GANRecipe(name="points", **{**POINTS, **changes}), seed=0)
    turn, made = gan.work()[1], changes.get("g_batch_factor", 1)
    assert turn.kept == {"generator": made, "discriminator": kept}
    assert turn.passes == {"generator": 3 * made, "discriminator": passes}


def test_lecams_averages_decay_once_a_step_by_the_parts_of_a_batch():
    """Each of two parts keeps the root of 0.25."""
    recipe = GANRecipe(name="points", **POINTS | {"d_learning_rate": 1e-30}, lecam_weight=0.5,
                       lecam_decay=0.25, lecam_start=0, micro_batches=2)  # fmt: skip
    gan, batch = GAN(recipe, seed=0), tiny.batch(recipe, 0)
    fake = np.array(gan.generator([batch["latents"][:, 0], batch["fake_labels"][:, 0]]))
    terms, expected = gan.discriminator_terms, []
    for x, y in ((batch["images"][:, 0], "labels"), (fake, "fake_labels")):
        value = 1.0
        for half in np.split(np.array(gan.discriminator([x, batch[y][:, 0]])), 2):
            value = 0.5 * value + 0.5 * half.mean()
        expected.append(value)
    for each in (terms.lecam_real, terms.lecam_fake):
        each.assign(1.0)
    tiny.fit(gan, [0])
    found = [float(each.numpy()) for each in (terms.lecam_real, terms.lecam_fake)]
    assert found == pytest.approx(expected, rel=1e-5)
