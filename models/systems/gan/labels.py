"""Noise on labels, so that a generator must draw something sensible between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from models.systems.gan.recipe import GANRecipe


def noisy(labels: np.ndarray, recipe: GANRecipe, rng: np.random.Generator) -> np.ndarray:
    """`labels` with the recipe's conditioning noise, of the same shape and type.

    Attributes get normal noise of deviation `label_noise`; of the classes, that share is replaced
    by classes at random.
    """
    if not recipe.label_noise or not recipe.conditional:
        return labels
    if recipe.label_kind == "attributes":
        noise = rng.standard_normal(labels.shape, dtype=np.float32)
        return labels + np.float32(recipe.label_noise) * noise
    others = rng.integers(recipe.num_labels, size=labels.shape, dtype=labels.dtype)
    return np.where(rng.random(labels.shape) < recipe.label_noise, others, labels)
