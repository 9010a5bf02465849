"""What a generator was trained against, beside it in an export: a training goes on with both."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

import runs
from console.errors import UserError, user_errors
from models import files, shipped
from models.systems import recipe_of
from runs.checkpoints import found, step_of
from serving.source import (
    Source,
    metadata_of,
    outputs_of,
    refuse_not_finite,
    system_of,
)

_HALF_ROUNDING = 2.0**-11  # of a number in half precision, relative to it
_LEAST = 2.0**-24  # in half precision


def find(path: str | Path, generator: Source) -> Source:
    """The discriminator of `generator`, as it was at the same step. Raises `UserError`.

    Args:
        path: what the generator was opened from: a run, a checkpoint, or its file with that of
            the discriminator beside it.
    """
    path = Path(shipped.found(path))
    if len(generator.recipe.phases()) > 1:
        raise UserError(
            f"--discriminator is for trainings of one phase, which can go on elsewhere; recipe "
            f"{generator.recipe.name} has {len(generator.recipe.phases())}"
        )
    if path.suffix == ".keras":
        return _beside(path)
    run = runs.named(path)
    step = int(generator.metadata.get("step") or 0)
    kept = next((each for each in found(run.checkpoints) if step_of(each) == step), None)
    if kept is None:
        raise UserError(
            f"{run.folder} keeps no checkpoint of step {step:,}, when {generator.origin.name} was "
            "written, so its discriminator of that step is gone; give a checkpoint in its place"
        )
    output = next(iter(outputs_of(run)))
    system = system_of(run, kept, output)
    if files.DISCRIMINATOR not in system.networks:
        raise UserError(f"{run.folder} holds a {run.recipe().system}, which has no discriminator")
    network = system.networks[files.DISCRIMINATOR]
    refuse_not_finite(network, kept)
    metadata = metadata_of(run, system, output) | {"verb": "discriminate", "title": ""}
    return Source(network, run.recipe(), metadata, kept)


def _beside(path: Path) -> Source:
    """The discriminator in the folder of a generator's file. Raises `UserError`."""
    with user_errors(ValueError):
        metadata = files.read_pair(path)
        beside = files.discriminator_beside(path)
        network, own = files.load(beside)
        recipe = recipe_of(metadata["recipe"])
    refuse_not_finite(network, beside)
    return Source(network, recipe, own, beside)


def write(source: Source, folder: Path, half: bool) -> None:
    """Write it to `folder`, read it again and compare the weights. Raises `UserError`."""
    path = folder / f"{files.DISCRIMINATOR}.keras"
    files.save(source.network, path, source.metadata, half)
    with user_errors(ValueError):
        read, _ = files.load(path)
    for mine, other in zip(source.network.variables, read.variables, strict=True):
        values, again = (np.asarray(keras.ops.convert_to_numpy(each)) for each in (mine, other))
        if not np.allclose(values, again, rtol=_HALF_ROUNDING if half else 0, atol=_LEAST):
            raise UserError(f"{path.name} was not written as it is: {mine.path}; it was not kept")
