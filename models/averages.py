"""Moving averages of networks' weights (the generator's EMA)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from layers import replicas
from models.recipe import Recipe


def decay(recipe: Recipe, updates, pictures, ramp: bool = True):
    """The share of the old average that an update keeps, a float32 scalar.

    By ema_decay: min(ema_decay, (1 + n) / (10 + n)) at update n. By ema_half_life H and ema_ramp r:
    0.5^(batch_size / h), h = min(H, r · pictures), or H without a ramp (ADA, arXiv:2006.06676).

    Args:
        updates: how many there were before, a scalar.
        pictures: how many pictures of the data the training has seen before, a scalar.
        ramp: whether the average forgets quickly at first, as it should where it begins with
            weights that were drawn. Without, r is 0 and n without end.
    """
    if not recipe.ema_half_life:
        if not ramp:
            return ops.convert_to_tensor(float(recipe.ema_decay))
        n = ops.cast(updates, "float32")
        return ops.minimum(recipe.ema_decay, (1.0 + n) / (10.0 + n))
    half_life = ops.convert_to_tensor(float(recipe.ema_half_life))
    if recipe.ema_ramp and ramp:
        half_life = ops.minimum(half_life, recipe.ema_ramp * ops.cast(pictures, "float32"))
    return ops.power(0.5, recipe.batch_size / ops.maximum(half_life, 1e-8))


def follow(
    average: keras.Model,
    network: keras.Model,
    averaged: Sequence[keras.Variable],
    kept,
) -> None:
    """average ← kept · average + (1 - kept) · network, for the variables `averaged` of `network`.

    All others are copied.
    """
    means = {variable.path for variable in averaged}
    for mean, variable in zip(average.variables, network.variables, strict=True):
        new = ops.convert_to_tensor(variable)
        if variable.path in means:
            old = ops.convert_to_tensor(mean)
            new = old + (1.0 - kept) * (new - old)
        replicas.assign(mean, new)
