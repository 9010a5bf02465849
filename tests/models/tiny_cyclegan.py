"""CycleGANs and batches small enough for tests."""

import dataclasses

import numpy as np
from keras import ops

from models import recipes
from models.systems.cyclegan.recipe import CycleGANRecipe
from models.systems.cyclegan.turns import CycleGAN
from tests.models.tiny import keep

SMALL = {"resolution": 16, "g_filters": 4, "d_filters": 4, "blocks": 1, "d_layers": 1}


def recipe(**changes) -> CycleGANRecipe:
    """The laptop's recipe at 16 px with pools full after two steps, and all the paper's terms."""
    own = {"pool": 3, "residual": False, "identity_weight": 5.0}
    return dataclasses.replace(recipes.load("cyclegan_cpu"), **{**SMALL, **own, **changes})


def batch(recipe: CycleGANRecipe, seed: int) -> dict[str, np.ndarray]:
    """One training batch of random pixels, with what the recipe draws."""
    rng = np.random.default_rng(seed)
    size = (recipe.batch_size, 1, *recipe.data_shape)
    pictures = {name: rng.integers(0, 256, size).astype("uint8") for name in ("a", "b")}
    return pictures | recipe.draw(rng, np.zeros((recipe.batch_size, 1)), None)


def step(system: CycleGAN, seed: int) -> dict[str, float]:
    """One step on `batch(seed)`, outside `fit`; its logs."""
    made = batch(system.recipe, seed)
    logs = system._step({name: ops.convert_to_tensor(array) for name, array in made.items()})
    return {name: float(value) for name, value in logs.items()}


def fit(system: CycleGAN, seeds) -> list[dict[str, float]]:
    """Train on `batch(seed)` for each seed through Keras's own `fit`; the logs of every step."""
    rows = []
    batches = ((batch(system.recipe, seed),) for seed in seeds)
    system.fit(
        batches, steps_per_epoch=len(seeds), callbacks=[keep(rows)], shuffle=False, verbose=0
    )
    return rows
