"""BEGAN: its networks against a count by hand, and the factor that keeps G and D in balance."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from layers import Closeness
from models import autodiff, networks, recipes
from models.systems.gan.turns import GAN
from tests.models import tiny

pytestmark = pytest.mark.usefixtures("eagerly")


def small(**changes):
    return tiny.recipe("began", **{"resolution": 16, "attention_resolution": 16, **changes})


def test_the_networks_have_as_many_parameters_as_counted_by_hand():
    """64 px, 64 filters and a code of 64, layer by layer from carpedm20's models.py."""
    g, d = networks.build(recipes.load("began"), 0)
    assert networks.trained_parameters(g) == 563_395
    # Encoder: 64, 64 (twice), down; 128 (twice), down; 192 (twice), down; 256 (twice); to the code.
    assert networks.trained_parameters(d) == 3_448_256 + 563_395
    maps = [
        x.output.shape[1] for x in d.layers if x.name.startswith("encoder") and "down" in x.name
    ]
    assert maps == [32, 16, 8]
    assert d.get_layer("code").output.shape == (None, 64)
    assert g.output_shape == (None, 64, 64, 3)


def test_closeness_is_minus_the_mean_error():
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 3, 4, 4, 2)).astype("float32")
    found = ops.convert_to_numpy(Closeness()([one, other]))
    np.testing.assert_allclose(found[:, 0], -np.abs(one - other).mean((1, 2, 3)), rtol=1e-5)
    assert Closeness().compute_output_shape([(5, 4, 4, 2), (5, 4, 4, 2)]) == (5, 1)


def test_the_discriminator_answers_with_the_error_of_its_drawing():
    gan = GAN(small(), seed=0)
    x = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
    inside = gan.discriminator.get_layer("d_image").output
    drawn = ops.convert_to_numpy(
        keras.Model(gan.discriminator.inputs, inside)([x, np.zeros(2, "int32")])
    )
    judged = ops.convert_to_numpy(gan.discriminator([x, np.zeros(2, "int32")]))
    np.testing.assert_allclose(judged[:, 0], -np.abs(x - drawn).mean((1, 2, 3)), rtol=1e-4)


def errors(gan, batch):
    """The mean errors of a batch's reals and fakes, by the networks as they are."""
    fake = gan.generator([batch["latents"][:, 0], batch["fake_labels"][:, 0]])
    real = (batch["images"][:, 0] / 127.5 - 1).astype("float32")
    return [
        -float(ops.mean(gan.discriminator([ops.convert_to_numpy(x), batch["labels"][:, 0]])))
        for x in (real, fake)
    ]


def test_the_balance_moves_by_the_errors():
    """Learning rates of nearly 0: both steps see the first errors."""
    recipe = small(
        d_learning_rate=1e-30, g_learning_rate=1e-30, diversity_ratio=0.9, balance_rate=0.5
    )
    gan = GAN(recipe, seed=0)
    gan.discriminator_terms.balance.assign(0.4)
    real, fake = errors(gan, tiny.batch(recipe, 0))
    (logs,) = tiny.fit(gan, [0])
    assert logs["balance"] == pytest.approx(0.4)
    assert logs["d_loss"] == pytest.approx(real, rel=1e-4)
    assert logs["g_loss"] == pytest.approx(errors_of_generator(gan, recipe), rel=1e-4)
    assert logs["convergence"] == pytest.approx(real + abs(0.9 * real - fake), rel=1e-4)
    moved = float(np.asarray(gan.discriminator_terms.balance))
    assert moved == pytest.approx(0.4 + 0.5 * (0.9 * real - fake), rel=1e-4)


def errors_of_generator(gan, recipe):
    batch = tiny.batch(recipe, 0)
    fake = gan.generator([batch["latents"][:, -1], batch["fake_labels"][:, -1]])
    labels = batch["fake_labels"][:, -1]
    return -float(ops.mean(gan.discriminator([ops.convert_to_numpy(fake), labels])))


def test_the_balance_weighs_the_fakes_in_the_discriminators_gradient():
    """k enters the gradient linearly: from 0 to 1 as far as from 1 to 2, by plain descent."""

    def moved(balance):
        gan = GAN(small(optimizer="sgd", beta_1=0.0, d_learning_rate=0.1), seed=0)
        gan.discriminator_terms.balance.assign(balance)
        before = flat(gan)
        tiny.fit(gan, [0])
        return flat(gan) - before

    def flat(gan):
        values = tiny.values(gan.discriminator.trainable_variables)
        return np.concatenate([value.ravel() for value in values])

    none, half, whole = (moved(k) for k in (0.0, 0.5, 1.0))
    assert np.abs(whole - none).max() > 1e-5
    np.testing.assert_allclose(whole - none, 2 * (half - none), atol=1e-6)


def test_d_learns_to_draw_reals():
    gan = GAN(small(d_learning_rate=2e-3, decay="none"), seed=0)
    logs = tiny.fit(gan, [0] * 30)
    assert logs[-1]["d_loss"] < 0.8 * logs[0]["d_loss"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "hinge"}, "loss hinge does not fit architecture began"),
        ({"g_term": "feature_matching"}, "began judges by its drawing alone"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(recipes.load("began"), **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"minibatch": "discrimination"}, "without minibatch discrimination"),
        ({"d_norm": "batch"}, "without d_norm batch"),
        ({"label_kind": "classes", "num_labels": 3}, "take no labels; leave out --labels"),
        ({"resolution": 4}, "at least 8 pixels, not 4"),
    ],
)
def test_networks_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        networks.check(dataclasses.replace(recipes.load("began"), **changes))


def test_another_discriminator_is_refused_the_loss():
    with pytest.raises(ValueError, match="loss boundary_equilibrium does not fit architecture sa"):
        tiny.recipe(loss="boundary_equilibrium")


def test_d_learns_to_draw_fakes_badly():
    """Plain descent moves D by k along the slope of the fakes' error, so that it grows."""
    recipe = small(optimizer="sgd", beta_1=0.0, d_learning_rate=0.1, decay="none")
    ends = []
    for balance in (0.0, 1.0):
        gan = GAN(recipe, seed=0)
        gan.discriminator_terms.balance.assign(balance)
        tiny.fit(gan, [0])
        ends.append(tiny.values(gan.discriminator.trainable_variables))
    twin, batch = GAN(recipe, seed=0), tiny.batch(recipe, 0)
    d, labels = twin.discriminator, batch["fake_labels"][:, 0]
    fake = ops.convert_to_numpy(twin.generator([batch["latents"][:, 0], labels]))
    _, slopes = autodiff.value_and_grad(
        lambda: (-ops.mean(d([fake, labels])), {}), d.trainable_variables, d.variables
    )
    slopes = [ops.convert_to_numpy(each) for each in slopes]
    assert max(np.abs(each).max() for each in slopes) > 1e-4
    for without, along, slope in zip(*ends, slopes, strict=True):
        np.testing.assert_allclose(along - without, 0.1 * slope, atol=1e-6)


def test_the_balance_moves_as_far_by_the_parts_of_a_batch():
    recipe = small(d_learning_rate=1e-30, g_learning_rate=1e-30, diversity_ratio=0.9,
                   balance_rate=0.5, micro_batches=2)  # fmt: skip
    gan = GAN(recipe, seed=0)
    gan.discriminator_terms.balance.assign(0.4)
    real, fake = errors(gan, tiny.batch(recipe, 0))
    tiny.fit(gan, [0])
    moved = float(np.asarray(gan.discriminator_terms.balance))
    assert moved == pytest.approx(0.4 + 0.5 * (0.9 * real - fake), rel=1e-4)


def test_the_layers_are_those_of_the_paper():
    """ELU after all convolutions but the last; dense layers are linear; nearest neighbours."""
    g, d = networks.build(small(g_filters=16, d_filters=8), 0)
    seen = set()
    for layer in (*g.layers, *d.layers):
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            curved = isinstance(layer, keras.layers.Conv2D) and not layer.name.endswith("_image")
            assert layer.activation.__name__ == ("elu" if curved else "linear"), layer.name
            seen.add(type(layer).__name__)
        if isinstance(layer, keras.layers.UpSampling2D):
            assert layer.interpolation == "nearest"
            seen.add("up")
    assert len(seen) == 3
    for network, letter, filters in ((g, "g", 16), (d, "d", 8)):
        found = [network.get_layer(f"{letter}_{stage}_2").filters for stage in (0, 1)]
        assert found == 2 * [filters]
