"""The training step's benchmark: every recipe must have a small form that can be built."""

import pytest

from benchmarks import train_step
from models import networks, recipes

# Those whose networks say where attention may be, and those with another place for it in D.
PARTICULAR = ("biggan_256", "biggan_cpu", "BIGGAN_V1", "sagan_paper")


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
