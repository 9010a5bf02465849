"""Recipes fitted to random pictures, and the batches of a step."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from models import recipes
from models.recipe import Recipe


def loaded(name: str) -> Recipe:
    """The recipe; one that cannot do without labels gets ages and sexes, and no warm-up.

    One that takes captions gets the size of their vectors.
    """
    recipe = recipes.load(name)
    if recipe.captions_together:
        return dataclasses.replace(recipe, text_dim=captioned(1)["encoder"].size)
    if recipe.labels != "required":
        return recipe
    import datasets
    from datasets import ages

    labels = datasets.Labels("attributes", ages.NAMES, ages.labels(1), dict(ages.GROUPS))
    return dataclasses.replace(recipe.with_labels(labels)[0], warm_up=0)


def data_of(recipe: Recipe) -> dict:
    """Random pictures of every domain in memory, with labels if the recipe takes them."""
    import numpy as np

    import datasets

    rng = np.random.default_rng(0)
    size, labels = recipe.resolution, None
    kind = recipe.label_kind if recipe.conditional else "none"
    count = max(256, recipe.batch_size)
    if kind != "none":
        shape = (count, recipe.num_labels) if kind == "attributes" else count
        values = rng.integers(0, 2 if kind == "attributes" else recipe.num_labels, shape)
        names = tuple(str(index) for index in range(recipe.num_labels))
        dtype = "float32" if kind == "attributes" else "int32"
        labels = datasets.Labels(kind, names, values.astype(dtype), {})
    images = rng.integers(0, 256, (count, size, size, 3)).astype("uint8")
    told = captioned(count) if recipe.captions_together else {}
    data = datasets.ImageData(images, labels, "random", "random", [], [], Path(), **told)
    return dict.fromkeys(recipe.domains, data)


def captioned(count: int) -> dict:
    """Captions of `count` faces, and their encoder, as fields of `ImageData`."""
    import datasets
    from datasets import captions, faces
    from datasets.text import WordEncoder

    known = faces.labels(max(count, 256))
    labels = datasets.Labels("attributes", datasets.ATTRIBUTES, known, dict(datasets.GROUPS))
    told = captions.of_labels(labels)
    encoder = WordEncoder.learn(text for each in told for text in each)
    return {"captions": told[:count], "encoder": encoder}


def feed_of(recipe: Recipe):
    from training.feed import Feed

    return Feed(data_of(recipe), recipe, seed=0)


def batch_of(recipe: Recipe) -> dict:
    return feed_of(recipe).batch(0)
