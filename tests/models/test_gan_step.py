"""One training step of a GAN: its losses by hand, and the parts of a batch that they see."""

import numpy as np
import pytest
from keras import ops

from layers import reparametrization
from models.systems.gan import layout
from models.systems.gan.turns import GAN
from tests.models import tiny

pytestmark = pytest.mark.usefixtures("eagerly")


def test_first_step_by_hand():
    """The losses of step 1, from the networks' own outputs and the formulas."""
    recipe = tiny.recipe(d_norm="none")
    gan, twin = GAN(recipe, seed=1), GAN(recipe, seed=1)
    (logs,) = tiny.fit(gan, [0])
    batch = tiny.batch(recipe, 0)
    for network in (twin.generator, twin.discriminator):
        reparametrization.power_iterate(network)
    with reparametrization.shared_kernels():
        fake = twin.generator([batch["latents"][:, 0], batch["fake_labels"][:, 0]], training=True)
        real = batch["images"][:, 0].astype("float32") / 127.5 - 1
        real_logits = np.array(twin.discriminator([real, batch["labels"][:, 0]]))
        fake_logits = np.array(twin.discriminator([np.array(fake), batch["labels"][:, 0]]))
    expected = np.maximum(0, 1 - real_logits).mean() + np.maximum(0, 1 + fake_logits).mean()
    assert logs["d_loss"] == pytest.approx(expected, rel=1e-5)
    assert logs["d_real"] == pytest.approx(real_logits.mean(), rel=1e-4, abs=1e-6)
    beyond = np.concatenate([real_logits >= 1, fake_logits <= -1]).mean()
    assert logs["d_zero_share"] == pytest.approx(beyond)


def test_relativistic_losses_judge_real_and_fake_with_their_own_labels():
    """G's loss of step 1 by hand: D as good as still, two D steps, reals those of the second."""
    recipe = tiny.recipe(
        "projection", loss="rahinge", label_kind="classes", num_labels=5, d_steps=2,
        d_learning_rate=1e-12, g_batch_factor=1, dequantize=False,
    )  # fmt: skip
    gan, twin = GAN(recipe, seed=1), GAN(recipe, seed=1)
    batch = tiny.batch(recipe, 3)
    for made in (gan, twin):  # labels must matter from the first step
        table = next(v for v in made.discriminator.trainable_variables if "embed" in v.path)
        table.assign(np.random.default_rng(0).standard_normal(table.shape))
    assert (batch["labels"][:, -1] != batch["fake_labels"][:, -1]).any()
    (logs,) = tiny.fit(gan, [3])
    reparametrization.power_iterate(twin.generator)
    for _ in range(2):
        reparametrization.power_iterate(twin.discriminator)
    with reparametrization.shared_kernels():
        fake = twin.generator([batch["latents"][:, -1], batch["fake_labels"][:, -1]], training=True)
        real = batch["images"][:, -1].astype("float32") / 127.5 - 1
        real_logits = np.array(twin.discriminator([real, batch["labels"][:, -1]], training=True))
        fake_logits = np.array(
            twin.discriminator([np.array(fake), batch["fake_labels"][:, -1]], training=True)
        )
    r, f = real_logits - fake_logits.mean(), fake_logits - real_logits.mean()
    expected = np.maximum(0, 1 + r).mean() + np.maximum(0, 1 - f).mean()
    assert logs["g_loss"] == pytest.approx(expected, rel=1e-4)


def still(**changes):
    """A recipe whose discriminator's weights stay, so that the generator's loss can be foretold."""
    return tiny.recipe(d_norm="none", d_learning_rate=1e-30, **changes)


def test_the_generators_batch_of_its_own_size():
    recipe = still(g_batch_factor=3)
    gan, twin = GAN(recipe, seed=1), GAN(recipe, seed=1)
    (logs,) = tiny.fit(gan, [0])
    batch = tiny.batch(recipe, 0)
    assert batch["latents"].shape[:2] == (4, 1 + 3)
    for network in (twin.generator, twin.discriminator):
        reparametrization.power_iterate(network)
    own = np.concatenate([batch["latents"][:, column] for column in (1, 2, 3)])
    labels = np.zeros(12, "int32")
    with reparametrization.shared_kernels():
        fake = np.array(twin.generator([own, labels], training=True))
        logits = np.array(twin.discriminator([fake, labels]))
    assert logs["g_loss"] == pytest.approx(-logits.mean(), rel=1e-4)


def test_more_fakes_than_reals_in_the_discriminators_step():
    recipe = tiny.recipe(d_norm="none", fakes_per_real=2, d_steps=2, d_learning_rate=1e-30)
    gan, twin = GAN(recipe, seed=1), GAN(recipe, seed=1)
    (logs,) = tiny.fit(gan, [0])  # those of the last of the two steps
    batch = tiny.batch(recipe, 0)
    reparametrization.power_iterate(twin.generator)
    for _ in range(2):
        reparametrization.power_iterate(twin.discriminator)
    own = np.concatenate([batch["latents"][:, column] for column in (2, 3)])
    real = batch["images"][:, 1] / np.float32(127.5) - 1
    with reparametrization.shared_kernels():
        fake = np.array(twin.generator([own, np.zeros(8, "int32")], training=True))
        fakes = np.array(twin.discriminator([fake, np.zeros(8, "int32")]))
        reals = np.array(twin.discriminator([real, np.zeros(4, "int32")]))
    assert logs["d_fake"] == pytest.approx(fakes.mean(), rel=1e-4, abs=1e-6)
    assert logs["d_real"] == pytest.approx(reals.mean(), rel=1e-4, abs=1e-6)
    expected = np.maximum(0, 1 - reals).mean() + np.maximum(0, 1 + fakes).mean()
    assert logs["d_loss"] == pytest.approx(expected, rel=1e-5)


def test_noise_within_a_grey_level():
    """WGAN-GP's code: 2 (x / 256 - 0.5) + uniform(0, 1 / 128)."""
    pixels, noise = np.uint8([0, 0, 127, 255]), np.uint8([0, 255, 128, 255])
    share = np.array([0.5, 255.5, 128.5, 255.5]) / 256
    expected = 2 * (np.array([0, 0, 127, 255]) / 256 - 0.5) + share / 128
    part = {"images": ops.convert_to_tensor(pixels), "noise": ops.convert_to_tensor(noise)}
    found = layout.real_data(part)
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, atol=1e-6)
    assert -1 < expected.min() < expected.max() < 1


def test_the_generators_reals_are_those_of_the_last_discriminator_step():
    recipe = tiny.recipe(loss="rasgan", d_steps=2, dequantize=True)
    batch = tiny.batch(recipe)
    part = layout.generator_part(
        {k: ops.convert_to_tensor(v) for k, v in batch.items()}, recipe, True
    )
    assert set(part) == {"latents", "fake_labels", "images", "labels", "noise"}
    for name, array in part.items():
        np.testing.assert_array_equal(ops.convert_to_numpy(array), batch[name][:, -1])


def test_the_discriminator_sees_the_noise():
    recipe = tiny.recipe(d_norm="none", dequantize=True)
    gan, twin = GAN(recipe, seed=1), GAN(recipe, seed=1)
    (logs,) = tiny.fit(gan, [0])
    batch = tiny.batch(recipe, 0)
    reparametrization.power_iterate(twin.discriminator)
    real = batch["images"][:, 0] / 128 - 1 + (batch["noise"][:, 0] + 0.5) / 256 / 128
    logits = np.array(twin.discriminator([real.astype("float32"), np.zeros(4, "int32")]))
    assert logs["d_real"] == pytest.approx(logits.mean(), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("letter", ["d", "g"])
def test_weight_decay_adds_the_weights_to_the_gradient(letter):
    """As torch's Adam has it: of plain descent, each weight loses rate · decay of itself."""
    other = "g" if letter == "d" else "d"
    rates = {f"{letter}_learning_rate": 0.5, f"{other}_learning_rate": 1e-30}
    options = {"d_norm": "none", "optimizer": "sgd", **rates}
    plain = GAN(tiny.recipe(**options), seed=1)
    decayed = GAN(tiny.recipe(**options, weight_decay=0.1), seed=1)
    name = {"d": "discriminator", "g": "generator"}[letter]
    before = tiny.values(getattr(plain, name).trainable_variables)
    for gan in (plain, decayed):
        tiny.fit(gan, [0])
    for start, a, b in zip(
        before,
        tiny.values(getattr(plain, name).trainable_variables),
        tiny.values(getattr(decayed, name).trainable_variables),
        strict=True,
    ):
        np.testing.assert_allclose(b - a, -0.5 * 0.1 * start, atol=2e-6)


def test_one_discriminator_call_equals_two():
    recipe = tiny.recipe(d_norm="none")
    one, two = GAN(recipe, seed=1), GAN(recipe, seed=1)
    assert one.answers.one_call
    two.answers.one_call = False
    np.testing.assert_allclose(
        [list(row.values()) for row in tiny.fit(one, [0, 1])],
        [list(row.values()) for row in tiny.fit(two, [0, 1])],
        atol=2e-5,
    )


def test_batch_norm_in_the_discriminator_keeps_real_and_fake_apart():
    assert not GAN(tiny.recipe()).answers.one_call


def test_micro_batches_add_up_to_the_batch():
    # Without batch norm the mean of the parts' gradients is the whole batch's gradient. Adam would
    # not tell a mean from a sum: plain descent does.
    options = {"d_norm": "none", "g_norm": "none", "optimizer": "sgd", "d_learning_rate": 0.1}
    options |= {"g_batch_factor": 2, "fakes_per_real": 2, "weight_decay": 0.1, "dequantize": True}
    recipe = tiny.recipe(**options)
    whole = GAN(recipe, seed=1)
    parts = GAN(tiny.recipe(**options, micro_batches=2), seed=1)
    np.testing.assert_allclose(
        [list(row.values()) for row in tiny.fit(whole, [0, 1])],
        [list(row.values()) for row in tiny.fit(parts, [0, 1])],
        atol=2e-5,
    )
    for a, b in zip(whole.trainable_variables, parts.trainable_variables, strict=True):
        np.testing.assert_allclose(np.array(a), np.array(b), atol=2e-5)


def test_each_discriminator_step_sees_fresh_pictures():
    recipe = tiny.recipe(d_steps=2, d_norm="none")
    batch = tiny.batch(recipe)
    assert (batch["images"][:, 0] != batch["images"][:, 1]).any()
    gan, other = GAN(recipe, seed=1), GAN(recipe, seed=1)
    changed = {**batch, "images": batch["images"].copy()}
    changed["images"][:, 1] = 0  # only the second step's reals
    for model, data in ((gan, batch), (other, changed)):
        model.fit(((data,) for _ in range(1)), steps_per_epoch=1, verbose=0, shuffle=False)
    kernels = [np.array(m.discriminator.trainable_variables[0]) for m in (gan, other)]
    assert np.abs(kernels[0] - kernels[1]).max() > 1e-6


def test_one_power_iteration_per_training_step():
    gan = GAN(tiny.recipe(d_norm="none"), seed=1)
    layers = reparametrization.normalized_layers(gan.discriminator)
    kernels = [np.array(layer.raw_kernel) for layer in layers]
    before = [np.array(layer.singular_vector.u) for layer in layers]
    tiny.fit(gan, [0])
    for layer, kernel, u in zip(layers, kernels, before, strict=True):
        matrix = np.moveaxis(kernel, layer.row_axis, -1).reshape(-1, len(u)).astype("float64")
        v = matrix @ u
        expected = matrix.T @ (v / np.linalg.norm(v))
        expected /= np.linalg.norm(expected)
        np.testing.assert_allclose(np.array(layer.singular_vector.u), expected, atol=1e-5)


def test_penalty_is_weighted_into_the_loss_but_logged_bare():
    recipe = tiny.recipe(d_norm="none", penalty="gradient", penalty_weight=10.0)
    plain = tiny.fit(GAN(tiny.recipe(d_norm="none"), seed=1), [0])[0]
    logs = tiny.fit(GAN(recipe, seed=1), [0])[0]
    assert logs["d_loss"] == pytest.approx(plain["d_loss"], rel=1e-5)  # of the first step
    assert logs["penalty"] > 0
    assert logs["g_loss"] != pytest.approx(plain["g_loss"], rel=1e-6)  # D went another way
