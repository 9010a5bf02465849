"""What a training is refused for, before its data is opened and once it is known."""

from __future__ import annotations

import datasets
from console.errors import UserError, user_errors
from models.distribution import Distribution
from models.recipe import Recipe
from models.systems import system_class
from quality import during
from training import finetuning
from training.command import Command, Decision
from training.settings import Settings


def before_data(command: Command, decided: Decision, plan: Distribution, judge: str) -> None:
    """Raise `UserError` for what does not depend on the data.

    Args:
        judge: the feature network that measures the quality.
    """
    recipe, settings = decided.recipe, decided.settings
    with user_errors(ValueError):
        _refuse_unread(command, recipe, settings)
        system_class(recipe).check(recipe)
        plan.check(recipe)
        recipe.check_training()
        if settings.quality_interval(recipe.steps):
            during.check(judge)
    if not decided.resumed:
        finetuning.check(recipe, settings.from_, settings.out)


def of_data(
    command: Command,
    settings: Settings,
    recipe: Recipe,
    data: datasets.Domains,
    sample_only: bool,
) -> None:
    """Raise `UserError` for what the data does not allow.

    Args:
        recipe: fitted to the data.
        sample_only: whether `data` is only some of it.
    """
    fewest = min(len(part.images) for part in data.parts.values())
    if fewest < 2 and not sample_only and settings.quality_interval(recipe.steps):
        raise UserError("the quality of one picture cannot be measured; give --quality-samples 0")
    if command.settings.get("control_samples") and not recipe.conditional:
        raise UserError(
            "--control-samples measures how a generator obeys labels, and these pictures are used "
            "without; give --labels, or leave it out"
        )


def _refuse_unread(command: Command, recipe: Recipe, settings: Settings) -> None:
    """Raise ValueError for a setting that this system does not read."""
    if command.settings.get("quality_every") and not settings.quality_samples:
        raise ValueError(
            "--quality-every measures nothing with --quality-samples 0; give one of them"
        )
    if settings.rollbacks and settings.distribute == "hosts":
        raise ValueError("--rollbacks works on one machine only, not with --distribute hosts")
    for option, value in (("--data-b", settings.data_b), ("--domains", settings.domains)):
        if value and len(recipe.domains) == 1:
            raise ValueError(
                f"{option} is for recipes that translate between two sets of pictures, such as "
                f"cyclegan_cpu; recipe {recipe.name} trains a {recipe.system}"
            )
    for name in ("captions", "vectors"):
        if name in command.settings and not recipe.captions_together:
            raise ValueError(
                f"--{name} is for recipes that take captions, such as stackgan_cpu; recipe "
                f"{recipe.name} trains a {recipe.system}"
            )
    watched = system_class(recipe).watched
    if watched.collapse is None and settings.rollbacks:
        raise ValueError(f"--rollbacks is for GANs; recipe {recipe.name} trains a {recipe.system}")
    if "control_samples" in command.settings:
        measured = "--control-samples measures how a generator obeys labels"
        if recipe.labels == "never":
            raise ValueError(f"{measured}; a {recipe.system} takes no labels")
        if "generator" not in system_class(recipe).outputs:
            raise ValueError(f"{measured}; of a {recipe.system}, evaluate.py measures it")
    unread = recipe.labels == "never" and settings.labels not in ("auto", "none")
    divides = settings.domains or settings.only
    if unread and len(recipe.domains) > 1 and not divides:
        raise ValueError(
            f"--labels {settings.labels} is read only to divide the data into domains, with "
            f'--domains "no glasses, glasses", or to choose some of it, with --only; a '
            f"{recipe.system} takes no labels"
        )
