"""The pictures a run trains on, and the recipe fitted to their labels."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile

import datasets
from models.recipe import Recipe
from training.callbacks.progress import say
from training.errors import UserError, user_errors
from training.settings import Settings
from training.wording import listed

# Architectures made for labels: they take the data's own unless told otherwise.
_LABELLED_ARCHITECTURES = ("biggan", "biggan_notes")
OWN_LABELS = ("auto", "data", "none")  # `--labels` words for what the data itself brings


def open_for(
    recipe: Recipe, settings: Settings, stack: contextlib.ExitStack, sample_only: bool
) -> datasets.ImageData:
    """Open the run's pictures at the recipe's resolution and say what was left out.

    With `sample_only` just enough for a batch is prepared, in a temporary folder that `stack`
    removes. Raises `UserError` for what cannot be used.
    """
    cache, count = settings.cache_dir or None, settings.count or None
    if sample_only:
        cache = stack.enter_context(tempfile.TemporaryDirectory(prefix="gan-dry-run-"))
        count = min(count or recipe.batch_size, recipe.batch_size)
    with user_errors(datasets.DataError):
        data = datasets.open_data(
            settings.data,
            recipe.resolution,
            # "none" too opens the data's own labels, and drops them later: one cache serves both.
            labels=None if settings.labels in OWN_LABELS else settings.labels,
            count=count,
            cache_dir=cache,
            workers=settings.workers or None,
        )
    if data.left_out:
        named = [f"{path} ({reason})" for path, reason in data.left_out]
        say(f"left out   {len(named)} unusable pictures: {listed(named)}")
    if recipe.batch_size > len(data.images):
        raise UserError(
            f"--batch-size {recipe.batch_size} is larger than the data ({len(data.images)} "
            f"pictures in {settings.data}); give --batch-size {len(data.images)} or fewer"
        )
    return data


def with_labels(
    recipe: Recipe, data: datasets.ImageData, settings: Settings
) -> tuple[Recipe, datasets.ImageData]:
    """Fit the recipe's labels to the data's, or leave both without, as `--labels` says."""
    asked = settings.labels
    if asked == "auto":
        takes = recipe.conditional or recipe.architecture in _LABELLED_ARCHITECTURES
        asked = "data" if takes and data.labels is not None else "none"
    if asked == "none":
        if recipe.conditional:
            raise UserError(f"recipe {recipe.name} needs labels and {data.name} has none: --labels")
        return recipe, dataclasses.replace(data, labels=None)
    if data.labels is None:
        raise UserError(
            f"{settings.data} has no labels of its own; give --labels FILE, or --labels none"
        )
    labels = data.labels
    with user_errors(ValueError):
        fitted = dataclasses.replace(recipe, label_kind=labels.kind, num_labels=len(labels.names))
    return fitted, data
