"""Moving averages: how much an update keeps, by numbers worked out by hand."""

import dataclasses

import numpy as np
import pytest

from models import averages
from models.systems.gan.recipe import GANRecipe
from models.systems.gan.turns import GAN
from models.systems.pggan.turns import PGGAN
from tests.models import tiny, tiny_growing

pytestmark = pytest.mark.usefixtures("eagerly")
RECIPE = GANRecipe(name="x", batch_size=32, ema_decay=0.9)


@pytest.mark.parametrize(("updates", "kept"), [(0, 0.1), (8, 0.5), (1_000, 0.9)])
def test_a_decay_is_ramped_up(updates, kept):
    assert float(averages.decay(RECIPE, updates, 0)) == pytest.approx(kept)


@pytest.mark.parametrize(
    ("ramp", "pictures", "kept"),
    [
        (0.0, 0, 0.5 ** (32 / 64)),  # half of it is new after two batches
        (0.25, 1_000_000, 0.5 ** (32 / 64)),
        (0.25, 128, 0.5),  # a quarter of 128 pictures is one batch
        (0.25, 0, 0.0),
    ],
)
def test_a_half_life_in_pictures(ramp, pictures, kept):
    recipe = dataclasses.replace(RECIPE, ema_half_life=64, ema_ramp=ramp)
    assert float(averages.decay(recipe, 0, pictures)) == pytest.approx(kept)


def test_an_average_of_trained_weights_is_not_ramped_up():
    assert float(averages.decay(RECIPE, 0, 0, ramp=False)) == pytest.approx(0.9)
    recipe = dataclasses.replace(RECIPE, ema_half_life=64, ema_ramp=0.25)
    kept = float(averages.decay(recipe, 0, 0, ramp=False))
    assert kept == pytest.approx(0.5 ** (32 / 64))


def test_the_average_follows_the_pictures_seen():
    """Batches of 2, half-life at most half of the pictures: 0, then half-lives of 1, 2 and 2."""
    gan = GAN(tiny.recipe(ema_half_life=2, ema_ramp=0.5, batch_size=2), seed=1)
    average = None
    for step, kept in enumerate((0.0, 0.25, 0.5, 0.5)):
        tiny.fit(gan, [step])
        new = tiny.values(gan.generator.trainable_variables)
        average = (
            [(1 - kept) * n for n in new]
            if average is None
            else [kept * a + (1 - kept) * n for a, n in zip(average, new, strict=True)]
        )
        trained = {v.path for v in gan.generator.trainable_variables}
        both = zip(gan.generator.variables, gan.ema_generator.variables, strict=True)
        means = tiny.values([mean for variable, mean in both if variable.path in trained])
        for mean, expected in zip(means, average, strict=True):
            np.testing.assert_allclose(mean, expected, atol=1e-6)


def test_pictures_before_a_phase():
    """8 px of 8 pictures a step, then 16 px of 4: phases of 1, 2, 1, 4 and 2 steps."""
    recipe = tiny_growing.recipe()
    assert [recipe.pictures_before(n) for n in range(5)] == [0, 8, 24, 32, 48]


def test_an_average_counts_the_pictures_of_the_phases_before():
    """24 pictures before the third phase: a half-life of 12, and batches of 8."""
    recipe = tiny_growing.recipe(ema_half_life=1_000, ema_ramp=0.5)
    system = PGGAN(recipe, seed=1, phase=2)
    system.steps_done.assign(3)
    old = tiny.values(system.generator.trainable_variables)
    tiny_growing.fit(system, [3])
    kept = 0.5 ** (8 / 12)
    means = {v.path: v for v in system.ema_generator.variables}
    for before, now in zip(old, system.generator.trainable_variables, strict=True):
        expected = kept * before + (1 - kept) * np.array(now)
        np.testing.assert_allclose(np.array(means[now.path]), expected, atol=1e-6)
    new = tiny.values(system.generator.trainable_variables)
    assert max(np.abs(a - b).max() for a, b in zip(old, new, strict=True)) > 1e-4
