"""What an SRGAN's grids show: small pictures, enlarged in three ways, and the truth."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.chance import chosen_rows
from models.outputs import Preview
from models.pixels import as_floats
from models.resizing import resized, small_copies
from models.systems.srgan.recipe import SRGANRecipe

_WAYS = ("small", "bicubic", "network", "truth")


def preview(
    recipe: SRGANRecipe, images: Any, rng: np.random.Generator, rows: int, columns: int
) -> Preview:
    """Pictures of `images` (M, R, R, 3) uint8 chosen by `rng`, each in four columns.

    As many fours as fit into `columns`, one at least. Pictures are repeated where there are fewer
    than places.
    """
    fours = max(1, columns // len(_WAYS))
    chosen = chosen_rows(rng, len(images), rows * fours, repeated=True)
    large = np.asarray(images[chosen])  # of a file, no more than these are read
    small = small_copies(large, recipe.scale)
    fixed = [as_floats(resized(small, recipe.resolution, way)) for way in ("nearest", "bicubic")]

    def draw(system) -> np.ndarray:
        made = np.clip(system.enlarge(small), -1.0, 1.0)
        shown = np.stack([*fixed, made, as_floats(large)], axis=1)
        return shown.reshape(-1, *recipe.data_shape)

    return Preview(draw, fours * len(_WAYS), _WAYS * fours)
