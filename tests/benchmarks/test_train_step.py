"""The training step's benchmark: every recipe must have a small form that can be built."""

import dataclasses
from types import SimpleNamespace

import pytest

from benchmarks import train_step
from layers import reparametrization, spectral
from models import networks, recipes, system
from tests.models import tiny, tiny_cyclegan, tiny_growing

pytestmark = pytest.mark.usefixtures("eagerly")
# Those whose networks say where attention may be, and those with another place for it in D.
PARTICULAR = ("biggan_256", "biggan", "BIGGAN_V1", "sagan_paper")


@pytest.mark.parametrize("name", PARTICULAR)
def test_small_recipes_can_be_built(name):
    recipe = train_step.small(recipes.load(name))
    assert (recipe.resolution, recipe.batch_size) == (32, 16)
    generator, discriminator = networks.build(recipe, 0)
    assert generator.output_shape == (None, 32, 32, 3)
    assert discriminator.output_shape == (None, 1)


def test_small_recipes_are_valid_and_keep_their_objective():
    names = train_step.of_gans()
    assert "cyclegan" not in names
    assert {"wgan_gp", "biggan"} < set(names)
    for name in names:
        recipe = recipes.load(name)
        small = train_step.small(recipe)
        for field in train_step.SNGAN:
            assert getattr(small, field) == getattr(recipe, field), (name, field)


def test_in_the_naive_step_every_call_iterates(monkeypatch):
    """It leaves that to the layers; ours iterates once for all calls."""
    iterated = []
    one = spectral.SpectralNormalized.power_iterate
    monkeypatch.setattr(
        spectral.SpectralNormalized, "power_iterate", lambda self: iterated.append(1) or one(self)
    )
    recipe = tiny.recipe(batch_size=2)
    batch = train_step.batch_of(recipe)
    train_step.run_steps(train_step.build(recipe, "float32"), train_step.repeated(batch, 1))
    ours = len(iterated)
    iterated.clear()
    train_step.naive_step(recipe, "float32", 0)
    assert len(iterated) > ours > 0
    assert system.shared_kernels is reparametrization.shared_kernels
    assert system.power_iterate is reparametrization.power_iterate


@pytest.mark.parametrize(
    "name",
    [
        "vae_cpu",
        pytest.param("cyclegan_cpu", marks=pytest.mark.thorough),
        pytest.param("caae_g_cpu", marks=pytest.mark.thorough),
        pytest.param("stackgan_cpu", marks=pytest.mark.thorough),
    ],
)
def test_other_systems_are_measured_too(name, monkeypatch):
    changes = {
        "caae_g_cpu": {"resolution": 16, "filters": 2, "g_filters": 8, "latent_dim": 4},
        "cyclegan_cpu": tiny_cyclegan.SMALL,
        "stackgan_cpu": {"resolution": 32, "g_filters": 4, "d_filters": 2},
        "vae_cpu": {"resolution": 16, "filters": 4, "latent_dim": 8},
    }
    recipe = dataclasses.replace(train_step.loaded(name), **{**changes[name], "batch_size": 2})
    monkeypatch.setenv(train_step.BEGAN, "0")
    options = SimpleNamespace(precision="float32", steps=1, turns=1, phase=None)
    found = train_step.measure_one(recipe, options)
    assert set(found) == {"images", "step", "memory", "first", "naive", "feed"}
    assert found["images"] == pytest.approx(2 * len(recipe.domains) / found["step"])
    assert train_step.pair(recipe, recipe, options) > 0


def test_a_phase_is_measured_with_its_own_batch(monkeypatch):
    recipe = tiny_growing.recipe()
    monkeypatch.setenv(train_step.BEGAN, "0")
    options = SimpleNamespace(precision="float32", steps=1, turns=1, phase=0)
    found = train_step.measure_one(recipe, options)
    assert found["images"] == pytest.approx(8 / found["step"])  # 4 px; at 16 px it has 4


def test_the_terms_are_those_of_recipes():
    for name, *fields in train_step.TERMS.values():
        with_it, without = (dataclasses.replace(recipes.load(name), **each) for each in fields)
        assert with_it != without


def test_an_ablation_puts_everything_back():
    from benchmarks import ablation

    for way in ablation.WITHOUT.values():
        with way():
            pass
    assert system.shared_kernels is reparametrization.shared_kernels
    assert system.power_iterate is reparametrization.power_iterate
