"""The grids of a GAN: the same latents and labels from the first to the last."""

from __future__ import annotations

from typing import Any

import numpy as np

from models import latents
from models.outputs import Preview
from models.systems.gan.recipe import GANRecipe


def preview(
    recipe: GANRecipe, labels: Any, rng: np.random.Generator, rows: int, columns: int
) -> Preview:
    """Choose the fixed latents and labels of a run. `labels`: the data's `Labels`, or None.

    Without labels every picture has its own latent. With labels, each row has one latent and each
    column one label, which shows what the label controls. A column is a class, or a value of the
    first one-of group (hair colour); the other attributes of a row are those of one training
    picture. At most 16 columns of labels are shown.
    """
    if not recipe.conditional or labels is None:
        drawn = latents.sample(recipe.latent, rows * columns, recipe.latent_dim, rng)
        return Preview(lambda system: system.sample(drawn), columns)
    values, captions = _columns(labels, rows, rng)
    by_row = latents.sample(recipe.latent, rows, recipe.latent_dim, rng)
    repeated = np.repeat(by_row, len(captions), axis=0)
    return Preview(lambda system: system.sample(repeated, values), len(captions), captions)


def _columns(
    labels: Any, rows: int, rng: np.random.Generator, most: int = 16
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels (rows·columns, …) and the texts above the columns."""
    if labels.kind == "classes":
        shown = labels.names[:most]
        return np.tile(np.arange(len(shown), dtype=np.int32), rows), tuple(shown)
    names = list(labels.names)
    group = next(iter(labels.groups.values()), None) or names
    shown = tuple(name for name in group if labels.values[:, names.index(name)].any())[:most]
    base = labels.values[rng.integers(len(labels.values), size=rows)]  # (rows, A)
    out = np.repeat(base, len(shown), axis=0)  # (rows·columns, A)
    if group is not names:
        out[:, [names.index(name) for name in group]] = 0.0
    for column, name in enumerate(shown):
        out[column :: len(shown), names.index(name)] = 1.0
    return out, _shared_word_left_out(shown)


def _shared_word_left_out(names: tuple[str, ...]) -> tuple[str, ...]:
    """("blonde hair", "red hair") → ("blonde", "red")."""
    tails = {name.rsplit(" ", 1)[-1] for name in names}
    if len(tails) == 1 and len(names) > 1 and all(" " in name for name in names):
        return tuple(name.rsplit(" ", 1)[0] for name in names)
    return names
