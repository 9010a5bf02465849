"""PGGAN: the source's networks, growing without a jump, the losses by hand, its phases."""

import dataclasses
import math

import numpy as np
import pytest
from keras import ops

from layers import MinibatchStandardDeviation, initializers
from layers.reparametrization import shared_kernels
from models import recipes, resizing
from models.fields import refuse_ignored
from models.systems import recipe_of
from models.systems.pggan import networks
from models.systems.pggan.turns import PGGAN
from tests.models import tiny, tiny_growing

pytestmark = pytest.mark.usefixtures("eagerly")

RNG = np.random.default_rng(0)


# === Networks ===


def all_parameters(make):
    """The numbers learned by the networks of all sizes, layers of the same name counted once."""
    recipe, sizes = recipes.load("pggan"), {}
    for number, phase in enumerate(recipe.phases()):
        if phase.name.startswith("stable"):
            with initializers.blank():
                model = make(recipe.in_phase(number))
            sizes |= {v.path: math.prod(v.shape) for v in model.trainable_variables}
    return sum(sizes.values())


def test_the_sources_counts():
    """At 1024 px with the layers to and from pictures of every size, as the authors print them."""
    assert all_parameters(networks.generator) == 23_079_115
    assert all_parameters(networks.discriminator) == 23_087_249


@pytest.mark.parametrize(
    ("name", "steps", "pictures"), [("pggan", 829_650, 12e6), ("stylegan", 2_595_290, 25e6)]
)
def test_the_command_shows_as_many_pictures_as_the_source(name, steps, pictures):
    """`train.total_kimg` of the authors' code, at the 256 px of the docstring's command."""
    assert f"--resolution 256 --steps {steps}" in recipes.describe(name)
    recipe = dataclasses.replace(recipes.load(name), resolution=256, steps=steps)
    assert 0 <= recipe.pictures_before(len(recipe.phases())) - pictures < 8


def test_the_sources_rates():
    recipe = recipes.load("pggan")
    rates = [recipe.in_phase(n).rate for n in range(len(recipe.phases()))]
    assert rates == pytest.approx([1e-3] * 15 + [1.5e-3] * 2)  # fade and stable of 1024 px


def test_the_sources_widths():
    recipe = recipes.load("pggan")
    sides = [4 << n for n in range(9)]
    assert [recipe.channels(side) for side in sides] == [512] * 4 + [256, 128, 64, 32, 16]
    assert [recipe.batch_at(side) for side in sides] == [128, 128, 128, 64, 32, 16, 8, 4, 4]


def test_where_norms_and_activations_are():
    recipe = tiny_growing.recipe().in_phase(2)
    assert recipe.side == 8
    generator, discriminator = networks.generator(recipe), networks.discriminator(recipe)
    norms = [layer.name for layer in generator.layers if layer.name.endswith("_norm")]
    assert norms == ["latents_norm", "dense_norm", "conv_4_norm", "conv_8_1_norm", "conv_8_2_norm"]
    assert not any("norm" in layer.name for layer in discriminator.layers)
    leaks = [x for x in generator.layers + discriminator.layers if hasattr(x, "negative_slope")]
    assert {layer.negative_slope for layer in leaks} == {0.2}
    assert len(leaks) == 4 + 5
    assert generator.layers[-1].name == "to_image_8"  # no tanh
    assert generator.get_layer("to_image_8").gain == discriminator.get_layer("score").gain == 1
    assert generator.get_layer("dense").gain == pytest.approx(2**0.5 / 4)
    (deviation,) = [x for x in discriminator.layers if isinstance(x, MinibatchStandardDeviation)]
    assert (deviation.group, deviation.output.shape[1:]) == (4, (4, 4, 9))
    without = networks.discriminator(tiny_growing.recipe(group=0).in_phase(2))
    assert without.get_layer("conv_4").kernel.shape == (3, 3, 8, 8)


def test_a_new_size_changes_nothing_at_first():
    """At α = 0 the pictures are the old ones doubled, and their scores the old scores."""
    recipe = tiny_growing.recipe()
    old, _ = tiny_growing.grown(recipe, 0)
    new = PGGAN(recipe, seed=9, phase=1)
    new.take_over(old)
    z = RNG.standard_normal((4, 6)).astype("float32")
    for name in ("generator", "ema_generator"):
        before, after = (s.networks[name].predict_on_batch([z, np.zeros(4, "int32")])
                         for s in (old, new))  # fmt: skip
        assert (before.shape[1], after.shape[1]) == (4, 8)
        np.testing.assert_array_equal(after, before.repeat(2, axis=1).repeat(2, axis=2))
    pictures = RNG.uniform(-1, 1, (4, 4, 4, 3)).astype("float32")
    doubled = pictures.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(
        new.discriminator.predict_on_batch(doubled),
        old.discriminator.predict_on_batch(pictures),
        atol=1e-6,
    )
    assert new.step == old.step == 1


def test_a_faded_in_size_goes_on_with_the_new_layers_alone():
    recipe = tiny_growing.recipe()
    fading, _ = tiny_growing.grown(recipe, 1)
    stable = PGGAN(recipe, seed=9, phase=2)
    stable.take_over(fading)
    for network in (fading.generator, fading.discriminator):
        network.get_layer("fade").alpha.assign(1.0)
    z = [RNG.standard_normal((3, 6)).astype("float32"), np.zeros(3, "int32")]
    made = [system.generator.predict_on_batch(z) for system in (fading, stable)]
    np.testing.assert_allclose(*made, atol=1e-6)
    assert "to_image_4" not in [layer.name for layer in stable.generator.layers]
    scores = [each.discriminator.predict_on_batch(made[0]) for each in (fading, stable)]
    np.testing.assert_allclose(*scores, atol=1e-5)


def test_pictures_that_have_not_grown_up_are_shown_at_full_size():
    system = PGGAN(tiny_growing.recipe(), seed=1)
    z = RNG.standard_normal((3, 6)).astype("float32")
    small = system.ema_generator.predict_on_batch([z, np.zeros(3, "int32")])
    made = system.sample(z)
    np.testing.assert_allclose(made, small.repeat(4, axis=1).repeat(4, axis=2), atol=1e-6)
    assert system.output("generator") is system.output("generator")  # built once
    last = PGGAN(tiny_growing.recipe(), seed=1, phase=4)
    assert last.output("generator") is last.ema_generator


# === Phases ===


def test_the_papers_phases():
    recipe = recipes.load("pggan")
    phases = recipe.phases()
    names = [phase.name for phase in phases]
    assert names[:5] == ["stable_4", "fade_8", "stable_8", "fade_16", "stable_16"]
    assert names[-2:] == ["fade_1024", "stable_1024"]
    assert len(names) == 17
    assert [phases[n].steps for n in (0, 5, 16)] == [4688, 9375, 600_000]
    pictures = sum(each.steps * each.changed["batch_size"] for each in phases)
    assert pictures == pytest.approx(12e6, rel=1e-3)
    assert sum(each.steps for each in phases) == recipe.steps


def test_tiny_phases_in_full():
    recipe = tiny_growing.recipe()
    rows = [
        (phase.name, phase.steps, now.side, now.fading, now.batch_size)
        for phase, now in ((p, recipe.in_phase(n)) for n, p in enumerate(recipe.phases()))
    ]
    assert rows == [
        ("stable_4", 1, 4, False, 8),
        ("fade_8", 2, 8, True, 8),
        ("stable_8", 1, 8, False, 8),
        ("fade_16", 4, 16, True, 4),
        ("stable_16", 2, 16, False, 4),
    ]
    whole = tiny_growing.recipe(grow=False)
    assert [(p.name, p.steps) for p in whole.phases()] == [("stable_16", 10)]


@pytest.mark.parametrize("name", ["pggan", "stylegan"])
@pytest.mark.parametrize("field", ["stable_pictures", "fade_pictures"])
def test_what_only_growth_reads_is_refused_without_it(name, field):
    changes = {"grow": False, field: 9}
    whole = tiny_growing.recipe(name, **changes)
    with pytest.raises(ValueError, match=f"{field} is read only where grow is True; it is False"):
        refuse_ignored(whole, changes)
    refuse_ignored(whole, ["grow", "most_batch", "batch_sides"])
    refuse_ignored(tiny_growing.recipe(name), changes)
    # A record may hold it: nobody asks for it then.
    assert recipe_of(whole.to_dict()) == whole
    assert whole.changed(steps=9).in_phase(0).side == 16


def test_alpha_grows_in_even_steps():
    _, rows = tiny_growing.grown(tiny_growing.recipe(), 4)
    assert [row["alpha"] for row in rows] == [1, 0, 0.5, 1, 0, 0.25, 0.5, 0.75, 1, 1]


def test_adam_begins_anew_at_both_ends_of_a_fade():
    recipe = tiny_growing.recipe()
    system, _ = tiny_growing.grown(recipe, 1)
    assert int(system.optimizer_of("generator").iterations) == 2
    stable = PGGAN(recipe, seed=9, phase=2)
    stable.take_over(system)
    moments = stable.optimizer_of("generator").variables
    assert all((np.array(each) == 0).all() for each in moments if each.shape)
    assert stable.optimizer_of("discriminator").epsilon == 1e-8


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": 8}, "steps 8 leave none at 16 px; the phases before take 8: shorten them"),
        ({"group": 3}, "at 4 px a step has 8 pictures, which group 3 does not divide"),
        ({"micro_batches": 2, "group": 3}, "at 16 px a step has 2|a step has 4 pictures"),
        ({"most_batch": 3}, "most_batch 3 is below batch_size 4"),
        ({"resolution": 24}, "resolution must be a power of two"),
        ({"resolution": 4}, "resolution must be a whole number of at least 8, not 4"),
        ({"latent": "uniform"}, "unknown latent 'uniform', known: normal"),
    ],
)
def test_recipes_that_do_not_work_out(changes, words):
    with pytest.raises(ValueError, match=words):
        tiny_growing.recipe(**changes)


# === Turns ===


def test_reals_are_means_of_squares_and_fade_in_too():
    recipe = tiny_growing.recipe()
    pictures = RNG.integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    part = {"images": ops.convert_to_tensor(pictures)}
    floats = pictures / 127.5 - 1
    mean = lambda x: x.reshape(2, x.shape[1] // 2, 2, x.shape[2] // 2, 2, 3).mean((2, 4))  # noqa: E731
    eight = mean(floats)
    four = mean(eight).repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(PGGAN(recipe, phase=2).reals(part), eight, atol=1e-6)
    fading = PGGAN(recipe, phase=1)
    np.testing.assert_allclose(fading.reals(part), four, atol=1e-6)
    fading.discriminator.get_layer("fade").alpha.assign(0.25)
    np.testing.assert_allclose(fading.reals(part), 0.75 * four + 0.25 * eight, atol=1e-6)
    last = PGGAN(recipe, phase=4)
    np.testing.assert_allclose(last.reals(part), floats, atol=1e-6)


def test_squares_and_their_repetition():
    x = np.arange(16.0, dtype="float32").reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(
        ops.convert_to_numpy(resizing.averaged(x, 2))[0, ..., 0], [[2.5, 4.5], [10.5, 12.5]]
    )
    np.testing.assert_array_equal(resizing.averaged(x, 1), x)
    np.testing.assert_array_equal(resizing.repeated(x, 2), np.kron(x, np.ones((1, 2, 2, 1))))


def test_the_discriminators_loss_by_hand():
    """Wasserstein + 7 (‖∇D‖ - 1)² + 0.02 D(x)², the slope by finite differences."""
    recipe = tiny_growing.recipe(penalty_weight=7.0, drift=0.02, group=0)
    system = PGGAN(recipe, seed=3, phase=0)
    part = tiny.part(system.recipe)
    fake = system.fakes(part)
    with shared_kernels():
        loss, logs = system._discriminator_loss(part, (fake,))
    real, fake = (ops.convert_to_numpy(each).astype("float64")
                  for each in (system.reals(part), fake))  # fmt: skip
    score = lambda x: system.discriminator.predict_on_batch(x.astype("float32")).astype("float64")  # noqa: E731
    mix = ops.convert_to_numpy(part["mix"]).reshape(-1, 1, 1, 1)
    between = mix * real + (1 - mix) * fake
    slopes, step = np.zeros(between.shape), 1e-2
    for place in np.ndindex(between.shape[1:]):
        moved = [between.copy(), between.copy()]
        moved[0][(slice(None), *place)] += step
        moved[1][(slice(None), *place)] -= step
        slopes[(slice(None), *place)] = (score(moved[0]) - score(moved[1]))[:, 0] / (2 * step)
    norms = np.sqrt((slopes**2).sum((1, 2, 3)))
    penalty = ((norms - 1) ** 2).mean()
    wasserstein = score(fake).mean() - score(real).mean()
    drift = (score(real) ** 2).mean()
    assert float(logs["penalty"]) == pytest.approx(penalty, rel=2e-2)
    assert float(logs["d_loss"]) == pytest.approx(wasserstein, rel=1e-3, abs=1e-4)
    expected = wasserstein + 7 * penalty + 0.02 * drift
    assert float(loss) == pytest.approx(expected, abs=0.02)


def test_the_generators_loss_is_minus_the_score_of_its_own_latents():
    system = PGGAN(tiny_growing.recipe(), seed=3, phase=2)
    batch = tiny.drawn(system.recipe)
    part = system._for_generator({"latents": ops.convert_to_tensor(batch["latents"])}, 0)
    np.testing.assert_array_equal(part["latents"], batch["latents"][:, 1])
    loss, logs = system._generator_loss(part, ())
    made = system.generator([part["latents"], ops.zeros(8, "int32")], training=True)
    score = ops.convert_to_numpy(system.discriminator(made, training=True))
    assert float(loss) == pytest.approx(-score.mean(), rel=1e-5)
    assert float(logs["alpha"]) == 1.0
