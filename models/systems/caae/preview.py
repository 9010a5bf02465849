"""The grids of a CAAE: a row a person, a column an age."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.chance import chosen_rows
from models.outputs import Preview
from models.pixels import as_floats
from models.systems.caae.recipe import CAAERecipe

_MOST = 15  # ages that are shown


def preview(recipe: CAAERecipe, data: Any, rng: np.random.Generator, rows: int) -> Preview:
    """Pictures of `data` chosen by `rng`: each as it is, then at every age.

    A second label stays the picture's own. If there are fewer pictures than rows, they are
    repeated.
    """
    chosen = chosen_rows(rng, len(data.images), rows, repeated=True)
    pictures = np.asarray(data.images[chosen])  # of a file, no more than these are read
    ages = min(recipe.ages, _MOST)
    asked = np.repeat(data.labels.values[chosen], ages, axis=0)
    asked[:, : recipe.ages] = np.tile(np.eye(recipe.ages)[:ages], (rows, 1))
    repeated = np.repeat(pictures, ages, axis=0)

    def draw(system) -> np.ndarray:
        aged = system.age(repeated, asked).reshape(rows, ages, *recipe.data_shape)
        return np.concatenate([as_floats(pictures)[:, None], aged], axis=1).reshape(
            -1, *recipe.data_shape
        )

    captions = ("picture", *data.labels.groups["age"][:ages])
    return Preview(draw, 1 + ages, captions)
