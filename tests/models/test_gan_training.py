"""A GAN over several steps: averages, a resume, learning rates, precisions, samples."""

import keras
import numpy as np
import pytest
from keras import ops

from models.systems.gan.turns import GAN
from tests.models import tiny

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.fixture(scope="module")
def trained():
    """A GAN after three steps, with the variables that each step left."""
    gan = GAN(tiny.recipe(), seed=1)
    snapshots = [tiny.values(gan.variables)]
    logs = []
    for seed in range(3):
        logs += tiny.fit(gan, [seed])
        snapshots.append(tiny.values(gan.variables))
    return gan, snapshots, logs


def test_every_trained_variable_moves(trained):
    gan, snapshots, _ = trained
    names = [v.path for v in gan.variables]
    for variable in gan.trainable_variables:
        index = names.index(variable.path)
        moved = np.abs(snapshots[1][index] - snapshots[0][index]).max()
        # gamma starts at 0, so the attention's kernels get their first gradient in the second step.
        if "attention" in variable.path and "gamma" not in variable.path:
            moved = np.abs(snapshots[2][index] - snapshots[1][index]).max()
        # What the keys' bias adds to a query's scores is the same for all keys: softmax takes it
        # away, and its gradient is 0 but for rounding.
        if not variable.path.endswith("attention/f/bias"):
            assert moved > 1e-6, variable.path


def test_counts_its_steps(trained):
    assert trained[0].step == 3


def test_average_follows_the_ramp(trained):
    gan, snapshots, _ = trained
    names = [v.path for v in gan.variables]
    live = [names.index(v.path) for v in gan.generator.trainable_variables]
    assert len(gan.ema_generator.variables) == len(gan.generator.variables)
    kept = dict(zip([id(v) for v in gan.variables], range(len(names)), strict=True))
    average = [kept[id(v)] for v in gan.ema_generator.variables]
    where = {id(v): i for i, v in enumerate(gan.generator.variables)}
    for variable, index in zip(gan.generator.trainable_variables, live, strict=True):
        index = kept[id(variable)]
        mirror = average[where[id(variable)]]
        expected = snapshots[0][index]
        for n in range(3):
            decay = min(0.995, (1 + n) / (10 + n))
            expected = decay * expected + (1 - decay) * snapshots[n + 1][index]
        np.testing.assert_allclose(snapshots[3][mirror], expected, atol=1e-6)


def test_average_copies_statistics(trained):
    gan, *_ = trained
    names = [v.path.split("/", 1)[-1] for v in gan.generator.variables]
    for name, average, live in zip(
        names, gan.ema_generator.variables, gan.generator.variables, strict=True
    ):
        if name.endswith(("moving_mean", "moving_variance", "/u")):
            np.testing.assert_array_equal(np.array(average), np.array(live))


def test_average_of_statistics_where_the_recipe_asks_for_it():
    gan = GAN(tiny.recipe(ema_statistics="averaged"), seed=1)
    names = [v.path.split("/", 1)[-1] for v in gan.generator.variables]
    expected = tiny.values(gan.generator.variables)
    for n in range(3):
        tiny.fit(gan, [n])
        decay = min(0.995, (1 + n) / (10 + n))
        for index, live in enumerate(tiny.values(gan.generator.variables)):
            expected[index] = decay * expected[index] + (1 - decay) * live
    found = tiny.values(gan.ema_generator.variables)
    for name, average, mean, live in zip(
        names, found, expected, tiny.values(gan.generator.variables), strict=True
    ):
        if name.endswith(("moving_mean", "moving_variance")):
            np.testing.assert_allclose(average, mean, atol=1e-6)
            assert np.abs(average - live).max() > 1e-4
        elif name.endswith("/u"):  # an average of directions would be none
            np.testing.assert_array_equal(average, live)


def test_no_average_is_a_copy():
    gan = GAN(tiny.recipe(ema_decay=0.0))
    tiny.fit(gan, [0, 1])
    for a, b in zip(
        tiny.values(gan.ema_generator.variables), tiny.values(gan.generator.variables), strict=True
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_three_and_three_steps_equal_six(tmp_path, precision):
    recipe = tiny.recipe(decay="exponential", decay_start=2, decay_rate=0.5, decay_every=1)
    whole = GAN(recipe, precision, seed=1)
    tiny.fit(whole, range(6))
    first = GAN(recipe, precision, seed=1)
    tiny.fit(first, range(3))
    first.save_weights(tmp_path / "three.weights.h5")
    second = GAN(recipe, precision, seed=99)
    second.load_weights(tmp_path / "three.weights.h5")
    assert second.step == 3
    tiny.fit(second, range(3, 6))
    for a, b in zip(
        [*whole.variables, *whole.optimizer.variables],
        [*second.variables, *second.optimizer.variables],
        strict=True,
    ):
        np.testing.assert_array_equal(np.array(a), np.array(b), err_msg=a.path)


def test_both_rates_follow_the_generators_steps():
    recipe = tiny.recipe(
        d_steps=2, decay="exponential", decay_start=1, decay_rate=0.5, decay_every=1
    )
    gan = GAN(recipe, seed=1)
    tiny.fit(gan, [0, 1, 2])
    for optimizer, rate in (
        (gan.optimizer_of("generator"), 1e-4),
        (gan.optimizer_of("discriminator"), 4e-4),
    ):
        assert float(optimizer.learning_rate) == pytest.approx(rate / 4)


def test_linear_decay_stops_both_networks_at_the_last_step():
    gan = GAN(tiny.recipe(d_steps=2, decay="linear", steps=2), seed=1)
    tiny.fit(gan, [0])
    one = tiny.values(gan.trainable_variables)
    tiny.fit(gan, [1])
    two = tiny.values(gan.trainable_variables)
    assert np.mean([(a != b).any() for a, b in zip(one, two, strict=True)]) > 0.9
    tiny.fit(gan, [2])
    for a, b in zip(two, tiny.values(gan.trainable_variables), strict=True):
        np.testing.assert_array_equal(a, b)


def test_sampling():
    gan = GAN(tiny.recipe(), seed=1)
    latents = gan.draw_latents(5, seed=3)
    images = gan.sample(latents, batch_size=2)
    assert images.shape == (5, 16, 16, 3)
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, gan.sample(latents, batch_size=5), atol=1e-6)
    direct = gan.ema_generator([latents, np.zeros(5, "int32")])
    np.testing.assert_allclose(images, ops.convert_to_numpy(direct), atol=1e-6)


def test_sampling_refuses_what_does_not_fit():
    gan = GAN(tiny.recipe(label_kind="attributes", num_labels=3))
    latents = gan.draw_latents(2)
    with pytest.raises(ValueError, match=r"needs labels, \(N, 3\)"):
        gan.sample(latents)
    with pytest.raises(ValueError, match=r"not \(2, 4\)"):
        gan.sample(latents, np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"\(N, 8\), not \(2, 7\)"):
        gan.sample(latents[:, :7], np.zeros((2, 3)))


def test_unknown_precision_lists_the_known():
    with pytest.raises(ValueError, match=r"'float64'.*float32, mixed_bfloat16, mixed_float16"):
        GAN(tiny.recipe(), precision="float64")


def test_float16_scales_both_losses():
    gan = GAN(tiny.recipe(), "mixed_float16")
    for optimizer in gan.optimizer.parts.values():
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    rows = tiny.fit(gan, [0, 1])
    assert all(np.isfinite(list(row.values())).all() for row in rows)
