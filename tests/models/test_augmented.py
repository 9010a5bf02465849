"""A GAN's training step with augmentation: who sees it, how often, and how it adapts."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from layers import reparametrization
from models import augmentation, generator_terms
from models.augmentation.augmented import Augmented
from models.fields import refuse_ignored
from models.systems.gan.recipe import GANRecipe
from models.systems.gan.turns import GAN
from tests.models import tiny

pytestmark = pytest.mark.usefixtures("eagerly")

# The discriminator stays as it is, so that logits can be foretold; G too in D's own step.
STILL = {"d_norm": "none", "d_learning_rate": 1e-30, "g_learning_rate": 1e-30}


def judged(gan, pictures, labels):
    """D's logits of pictures, with the kernels of the first step."""
    with reparametrization.shared_kernels():
        return np.array(gan.discriminator([np.array(pictures), labels], training=True))


def reals_and_fakes(gan, batch):
    for network in (gan.generator, gan.discriminator):
        reparametrization.power_iterate(network)
    with reparametrization.shared_kernels():
        fakes = [
            np.array(
                gan.generator([batch["latents"][:, n], batch["fake_labels"][:, n]], training=True)
            )
            for n in range(2)
        ]
    return batch["images"][:, 0].astype("float32") / 127.5 - 1, *fakes


def test_features_are_matched_as_the_discriminator_sees_them():
    recipe = tiny.recipe(**STILL, augment="diffaug", g_term="feature_matching", g_loss_weight=0.0)
    gan, twin = GAN(recipe, seed=1), GAN(recipe, seed=1)
    batch = tiny.batch(recipe, 0)
    (logs,) = tiny.fit(gan, [0])
    _, _, fake = reals_and_fakes(twin, batch)
    real = batch["images"][:, -1].astype("float32") / 127.5 - 1  # the generator's step has its own
    how = augmentation.get("diffaug")
    features = generator_terms.feature_function(twin.discriminator)

    def gap(see):
        seen = (see(real, batch["augment_real"][:, -1]), see(fake, batch["augment_fake"][:, 1]))
        labels = batch["labels"][:, -1], batch["fake_labels"][:, 1]
        with reparametrization.shared_kernels():
            found = [
                np.array(features(*map(ops.convert_to_tensor, each))).mean(0)
                for each in zip(seen, labels, strict=True)
            ]
        return np.square(found[0] - found[1]).sum()

    expected = gap(lambda *each: how(*map(ops.convert_to_tensor, each), 1.0))
    assert logs["g_term"] == pytest.approx(expected, rel=1e-3)
    assert gap(lambda pictures, numbers: np.array(pictures)) != pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("name", ["diffaug", "ada"])
def test_both_turns_see_augmented_pictures(name):
    recipe = tiny.recipe(**STILL, augment=name, augment_p=0.9, augment_target=0.0)
    gan, twin = GAN(recipe, seed=1), GAN(recipe, seed=1)
    batch = tiny.batch(recipe, 0)
    (logs,) = tiny.fit(gan, [0])
    real, fake, later = reals_and_fakes(twin, batch)
    how, labels = augmentation.get(name), batch["labels"][:, 0]

    def seen(pictures, numbers):
        return how(ops.convert_to_tensor(pictures), ops.convert_to_tensor(numbers), 0.9)

    expected = judged(twin, seen(real, batch["augment_real"][:, 0]), labels)
    assert logs["d_real"] == pytest.approx(expected.mean(), rel=1e-3, abs=1e-5)
    assert abs(expected.mean() - judged(twin, real, labels).mean()) > 1e-4
    expected = judged(twin, seen(fake, batch["augment_fake"][:, 0]), labels)
    assert logs["d_fake"] == pytest.approx(expected.mean(), rel=1e-3, abs=1e-5)
    expected = judged(twin, seen(later, batch["augment_fake"][:, 1]), labels)
    assert logs["g_loss"] == pytest.approx(-expected.mean(), rel=1e-3, abs=1e-5)


def test_the_generator_of_a_relativistic_loss_sees_augmented_reals():
    """Their numbers are the last column; in G's step fake and real change places."""
    recipe = tiny.recipe(**STILL, augment="diffaug", augment_ops="colour", loss="rsgan")
    gan, twin = GAN(recipe, seed=1), GAN(recipe, seed=1)
    batch = tiny.batch(recipe, 0)
    assert batch["augment_real"].shape[1] == 2
    (logs,) = tiny.fit(gan, [0])
    real, _, fake = reals_and_fakes(twin, batch)
    how, labels = augmentation.get("diffaug", "colour"), batch["labels"][:, 0]
    logits = [
        judged(twin, how(ops.convert_to_tensor(x), ops.convert_to_tensor(numbers), 1.0), labels)
        for x, numbers in ((real, batch["augment_real"][:, 1]), (fake, batch["augment_fake"][:, 1]))
    ]
    expected = np.log1p(np.exp(-(logits[1] - logits[0]))).mean()
    assert logs["g_loss"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "labels", [{}, {"label_kind": "classes", "num_labels": 9, "g_conditioning": "concat"}]
)
def test_apa_puts_fakes_among_the_reals(labels):
    """They are drawn for the labels of the reals whose places they take."""
    gates = np.sort(tiny.batch(tiny.recipe(augment="apa", **labels), 0)["pseudo_gate"][:, 0])
    p = float(gates[1:3].mean())
    recipe = tiny.recipe(**STILL, augment="apa", augment_p=p, augment_target=0.0, **labels)
    gan, twin = GAN(recipe, seed=1), GAN(recipe, seed=1)
    batch = tiny.batch(recipe, 0)
    (logs,) = tiny.fit(gan, [0])
    real, *_ = reals_and_fakes(twin, batch)
    labels = batch["labels"][:, 0]
    with reparametrization.shared_kernels():
        pseudo = np.array(twin.generator([batch["pseudo_latents"][:, 0], labels], training=True))
    replaced = batch["pseudo_gate"][:, 0] < recipe.augment_p
    assert replaced.sum() == 2
    mixed = np.where(replaced[:, None, None, None], pseudo, real)
    expected = judged(twin, mixed, labels).mean()
    assert gan.work()[0].passes["generator"] == 2  # theirs, and those among the reals
    assert logs["d_real"] == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_p_follows_the_curve_of_the_rates():
    recipe = tiny.recipe(
        augment="ada",
        augment_target=0.0,
        augment_p=0.0,
        augment_p_end=0.4,
        decay="cosine",
        decay_end=4,
    )
    gan = GAN(recipe, seed=1)
    for step, expected in ((0, 0.0), (2, 0.2), (4, 0.4)):
        gan.steps_done.assign(step)
        assert float(gan.augmented.p()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("signs", "before", "after"),
    [(0.7, 0.1, 0.35), (0.5, 0.6, 0.35), (0.9, 0.7, 0.8), (-1.0, 0.1, 0.0)],
)
def test_p_moves_every_four_steps_towards_the_target(signs, before, after):
    """By 8 · 4 pictures of 128, a quarter; from 0 to 0.8. The target is 0.6."""
    recipe = tiny.recipe(
        augment="ada", augment_p=0.8, augment_target=0.6, augment_pictures=128, batch_size=8
    )
    gan = GAN(recipe, seed=1)
    gan.augmented.adapted.assign(before)
    gan.steps_done.assign(0)
    for step in range(4):
        assert float(gan.augmented.p()) == pytest.approx(before)
        gan.steps_done.assign(step)
        gan.augmented.hear(ops.convert_to_tensor(np.float32([[1.0]] * 8)) * np.sign(signs))
        if step == 3:
            gan.augmented.signs.assign(4 * signs)
        gan.augmented.adapt()
    assert float(gan.augmented.p()) == pytest.approx(after, abs=1e-6)
    assert float(gan.augmented.signs.numpy()) == 0


def test_the_signs_heard_are_those_of_reals():
    """Four steps of D's true logits: p leaves 0 exactly if their mean sign is above the target."""
    recipe = tiny.recipe(
        **STILL, augment="ada", augment_p=0.9, augment_target=0.05, augment_pictures=16
    )
    gan = GAN(recipe, seed=1)
    rows = tiny.fit(gan, [0, 1, 2, 3])
    assert [row["augment_p"] for row in rows] == [0, 0, 0, 0]
    mean = np.mean([np.sign(row["d_real"]) for row in rows])  # of a tiny D, logits agree
    assert float(gan.augmented.p()) == pytest.approx(0.9 if mean > 0.05 else 0.0)


def test_with_several_turns_of_d_p_moves_once_a_step(monkeypatch):
    """Four steps of two turns, all reals taken for real: p goes up by the 4 · 4 pictures of 160."""
    recipe = tiny.recipe(**STILL, augment="ada", augment_pictures=160, d_steps=2)
    gan = GAN(recipe, seed=1)
    hear = Augmented.hear
    monkeypatch.setattr(Augmented, "hear", lambda self, x: hear(self, ops.ones_like(x)))
    tiny.fit(gan, [0, 1, 2])
    assert float(gan.augmented.signs.numpy()) == 3 * 2
    tiny.fit(gan, [3])
    assert float(gan.augmented.p()) == pytest.approx(0.1)
    assert float(gan.augmented.signs.numpy()) == 0


def test_ada_and_apa_adapt_unless_told_otherwise():
    """To 0.6, as in both papers' code; DiffAugment never does."""
    recipe = GANRecipe(name="x", augment="ada")
    assert (recipe.adapts, recipe.augment_target) == (True, 0.6)
    assert GANRecipe(name="x", augment="apa").adapts
    for name in ("none", "diffaug", "auto"):
        assert not GANRecipe(name="x", augment=name).adapts
    assert not GANRecipe(name="x", augment="ada", augment_target=0.0).adapts
    with pytest.raises(ValueError, match="augment_target is read only where augment is one of ada"):
        refuse_ignored(GANRecipe(name="x", augment="diffaug", augment_target=0.5),
                       ["augment_target"])  # fmt: skip


def test_only_losses_whose_logits_divide_at_0_can_adapt():
    """Where D is asked for a logit above 0 on reals and below 0 on fakes, its sign says much."""
    for loss in ("hinge", "non_saturating", "minimax"):
        GANRecipe(name="x", augment="ada", loss=loss).check_training()
    for loss in ("wasserstein", "rsgan", "rahinge", "ralsgan", "rasgan", "least_squares"):
        with pytest.raises(ValueError, match="nothing with this loss; give augment_target 0"):
            GANRecipe(name="x", augment="ada", loss=loss).check_training()
        fixed = {"augment_target": 0.0, "augment_p": 0.2}
        GANRecipe(name="x", augment="ada", loss=loss, **fixed).check_training()


def test_auto_is_settled_by_the_number_of_pictures():
    recipe = GANRecipe(name="x", augment="auto")
    for count, settled in ((1, "diffaug"), (1_999, "diffaug"), (2_000, "none"), (90_000, "none")):
        assert recipe.for_pictures(count) == GANRecipe(name="x", augment=settled)
    chosen = GANRecipe(name="x", augment="apa")
    assert chosen.for_pictures(1) is chosen
    batch = tiny.batch(tiny.recipe(augment="auto"), 0)  # not settled: as none
    assert not [name for name in batch if name.startswith("augment")]
    with pytest.raises(ValueError, match="augment_p is read only where augment is one of diffaug"):
        refuse_ignored(recipe, ["augment_p"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"augment": "ada", "augment_ops": "cut"}, "ada has no operation 'cut'. Known: pixel"),
        ({"augment": "blur"}, "unknown augment 'blur', known: none, diffaug, ada, apa"),
        ({"augment": "ada", "augment_p": 1.5}, "augment_p must be from 0 to 1, not 1.5"),
        ({"augment": "ada", "augment_target": 1.0}, "augment_target must be .* not 1.0"),
        ({"augment": "ada", "augment_target": 0.6, "augment_p_end": 0.3, "decay": "cosine"},
         "augment_p_end is for an augment_p that is not adapted"),
        ({"augment": "ada", "point_dim": 2, "architecture": "dense"}, "not for points"),
        ({"augment": "apa", "point_dim": 2, "architecture": "dense"}, "not for points"),
    ],
)  # fmt: skip
def test_what_does_not_fit(changes, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        GANRecipe(name="x", **changes)


def test_what_is_seen_follows_the_adapted_probability():
    recipe = tiny.recipe(augment="ada", augment_p=0.9)
    gan, batch, how = GAN(recipe, seed=1), tiny.batch(recipe, 0), augmentation.get("ada")
    pictures = ops.convert_to_tensor(batch["images"][:, 0].astype("float32") / 127.5 - 1)
    numbers = ops.convert_to_tensor(batch["augment_real"][:, 0])
    most = ops.convert_to_numpy(how(pictures, numbers, 0.9))
    assert np.abs(most - ops.convert_to_numpy(how(pictures, numbers, 0.0))).max() > 0.1
    for p in (0.0, 0.4, 0.9):
        gan.augmented.adapted.assign(p)
        seen = ops.convert_to_numpy(gan.augmented.see(pictures, numbers))
        expected = ops.convert_to_numpy(how(pictures, numbers, p))
        np.testing.assert_allclose(seen, expected, atol=1e-5)


def test_apa_replaces_by_the_adapted_probability():
    gan = GAN(tiny.recipe(augment="apa", augment_p=0.9), seed=1)
    gan.augmented.adapted.assign(0.3)
    part = {"pseudo_gate": ops.convert_to_tensor(np.float32([0.1, 0.5, 0.95]))}
    mixed = gan.augmented.reals(part, ops.zeros((3, 2, 2, 1)), ops.ones((3, 2, 2, 1)))
    assert ops.convert_to_numpy(mixed)[:, 0, 0, 0].tolist() == [1, 0, 0]


@pytest.mark.parametrize("twice", ["micro_batches", "d_steps"])
def test_the_signs_of_parts_and_turns_are_averaged(twice):
    """Of the signs of 4 · 2 parts, or turns, 4 are left: their mean, 0.5, is below 0.6."""
    gan = GAN(tiny.recipe(augment="ada", augment_pictures=160, **{twice: 2}), seed=1)
    gan.augmented.adapted.assign(0.5)
    gan.augmented.signs.assign(4.0)
    gan.steps_done.assign(3)
    gan.augmented.adapt()
    assert float(gan.augmented.p()) == pytest.approx(0.4)


def test_p_stays_at_the_target():
    gan = GAN(tiny.recipe(augment="ada", augment_pictures=160, augment_target=0.5), seed=1)
    gan.augmented.adapted.assign(0.3)
    gan.augmented.signs.assign(2.0)  # of four steps
    gan.steps_done.assign(3)
    gan.augmented.adapt()
    assert float(gan.augmented.p()) == pytest.approx(0.3)
