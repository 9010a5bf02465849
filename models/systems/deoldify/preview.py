"""What a colouring network's grids show: grey pictures, coloured, and the truth."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.chance import chosen_rows
from models.outputs import Preview
from models.pixels import as_floats, to_grey
from models.systems.deoldify.recipe import DeOldifyRecipe

_WAYS = ("grey", "network", "truth")


def preview(
    recipe: DeOldifyRecipe, images: Any, rng: np.random.Generator, rows: int, columns: int
) -> Preview:
    """Pictures of `images` (M, R, R, 3) uint8 chosen by `rng`, each in three columns.

    As many threes as fit into `columns`, one at least. Pictures are repeated where there are fewer
    than places.
    """
    threes = max(1, columns // len(_WAYS))
    chosen = chosen_rows(rng, len(images), rows * threes, repeated=True)
    truth = np.asarray(images[chosen])  # of a file, no more than these are read
    grey = to_grey(truth)

    def draw(system) -> np.ndarray:
        shown = np.stack([grey, system.colour(grey), truth], axis=1)
        return as_floats(shown.reshape(-1, *recipe.data_shape))

    return Preview(draw, threes * len(_WAYS), _WAYS * threes)
