"""The pictures a run trains on, and the recipe fitted to their labels."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Callable, Iterable

import datasets
from console.errors import UserError, user_errors
from console.screen import say
from console.wording import listed
from models import recipe as recipes
from models.gan import GAN
from models.recipe import Recipe
from runs.record import OWN_LABELS
from training.settings import Settings

# Architectures made for labels: they take the data's own unless told otherwise.
_LABELLED_ARCHITECTURES = ("biggan", "biggan_notes")


def open_for(
    recipe: Recipe,
    settings: Settings,
    stack: contextlib.ExitStack,
    sample_only: bool,
    check: Callable[[datasets.Source], None],
) -> datasets.ImageData:
    """Open the run's pictures at the recipe's resolution and say what was left out.

    With `sample_only` just enough for a batch is prepared, in a temporary folder that `stack`
    removes. `check` is called before the first picture is read, usually with `refuse_unfit`.
    Raises `UserError` for what cannot be used.
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
            check=check,
        )
    if data.left_out:
        named = [f"{path} ({reason})" for path, reason in data.left_out]
        say(f"left out   {len(named)} unusable pictures: {listed(named)}")
    _refuse_few(recipe, settings, len(data.images))
    return data


def refuse_unfit(
    recipe: Recipe, settings: Settings, source: datasets.Source, given: Iterable[str] = ()
) -> None:
    """Raise `UserError` where the recipe does not go with the source's size or labels.

    `given` are the recipe's fields that were asked for: each must be read by something.
    """
    if source.count is not None:
        _refuse_few(recipe, settings, source.count)
    with user_errors(ValueError):
        if takes_labels(recipe, settings, source.labelled):
            # Which labels is not known yet: any show whether the networks can take some.
            GAN.check(dataclasses.replace(recipe, label_kind="classes", num_labels=2))
        else:
            recipes.refuse_ignored(recipe, given, unknown=())


def _refuse_few(recipe: Recipe, settings: Settings, count: int) -> None:
    if recipe.batch_size > count:
        raise UserError(
            f"--batch-size {recipe.batch_size} is larger than the data ({count} "
            f"pictures in {settings.data}); give --batch-size {count} or fewer"
        )


def takes_labels(recipe: Recipe, settings: Settings, labelled: bool) -> bool:
    """Whether the run uses labels, as `--labels` says, of data that has some or not.

    Raises `UserError` where labels are needed and there are none.
    """
    asked = settings.labels
    if asked == "auto":
        takes = recipe.conditional or recipe.architecture in _LABELLED_ARCHITECTURES
        asked = "data" if takes and labelled else "none"
    if asked == "none" and recipe.conditional:
        why = "--labels none takes them away" if labelled else f"{settings.data} has none"
        raise UserError(f"recipe {recipe.name} needs labels and {why}; give --labels FILE")
    if asked != "none" and not labelled:
        raise UserError(
            f"{settings.data} has no labels of its own; give --labels FILE, or --labels none"
        )
    return asked != "none"


def with_labels(
    recipe: Recipe, data: datasets.ImageData, settings: Settings
) -> tuple[Recipe, datasets.ImageData]:
    """Fit the recipe's labels to the data's, or leave both without, as `--labels` says."""
    if not takes_labels(recipe, settings, data.labels is not None):
        return recipe, dataclasses.replace(data, labels=None)
    labels = data.labels
    with user_errors(ValueError):
        fitted = dataclasses.replace(recipe, label_kind=labels.kind, num_labels=len(labels.names))
    return fitted, data
