"""The grids of a VAE: held-out pictures, their reconstructions, samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from models import latents
from models.chance import chosen_rows
from models.outputs import Preview
from models.pixels import as_floats
from models.systems.vae.recipe import VAERecipe

_ROWS = 3  # of pictures, of their reconstructions, of samples


def preview(
    recipe: VAERecipe, images: Any, rng: np.random.Generator, rows: int, columns: int
) -> Preview:
    """Choose fixed pictures of `images` (M, R, R, 3) uint8 and fixed latents.

    Rows come in groups of three, as many as fit in `rows` and at least one: pictures, their
    reconstructions, samples. If there are too few pictures, they are repeated.
    """
    threes = max(1, rows // _ROWS)
    count = threes * columns
    chosen = chosen_rows(rng, len(images), count, repeated=True)
    pictures = as_floats(np.asarray(images[chosen]))
    drawn = latents.sample(recipe.latent, count, recipe.latent_dim, rng)

    def draw(system) -> np.ndarray:
        parts = np.stack([pictures, system.reconstruct(pictures), system.sample(drawn)])
        by_row = parts.reshape(_ROWS, threes, columns, *recipe.data_shape).swapaxes(0, 1)
        return by_row.reshape(-1, *recipe.data_shape)

    return Preview(draw, columns)
