"""Finding a generator: a run folder, one of its checkpoints, or a lone `generator.keras`."""

from __future__ import annotations

import dataclasses
import re
import textwrap
import warnings
from pathlib import Path
from typing import Any

import keras

import runs
from console.errors import UserError, user_errors
from models import files
from models.recipe import Recipe
from runs.files import read_json
from runs.record import made_by_older_networks

WEIGHTS = ("ema", "best", "raw")


@dataclasses.dataclass(frozen=True)
class Source:
    """A generator as it was trained, with what is known about it.

    `metadata` is what its file carries: "recipe", "labels", "step", "data", …
    """

    network: keras.Model
    recipe: Recipe
    metadata: dict[str, Any]
    origin: Path


def open_source(path: str | Path, weights: str = "ema") -> Source:
    """Find and load a generator; see `serving.load`. Raises `UserError`."""
    if weights not in WEIGHTS:
        raise UserError(f"unknown weights {weights!r}. Known: {', '.join(WEIGHTS)}")
    path = Path(path)
    if path.name.endswith(".weights.h5"):
        return _checkpoint(_run_of(path), path, weights)
    if path.suffix == ".keras":
        if weights != "ema":
            raise UserError(
                f"{path} holds one generator; --weights {weights} needs a run folder instead"
            )
        return _file(path)
    return _run(runs.load(path), weights)


def _run(run: runs.Run, weights: str) -> Source:
    from runs.checkpoints import newest

    checkpoint = newest(run.checkpoints)
    if weights == "best":
        if not run.best_generator.exists():
            raise UserError(
                f"{run.folder} has no {run.best_generator.name}: nothing was measured while "
                "it trained; use --weights ema"
            )
        return _file(run.best_generator)
    if weights == "ema" and run.generator.exists():
        return _file(run.generator)
    if checkpoint is None:
        raise UserError(
            f"{run.folder} holds neither {run.generator.name} nor a checkpoint: its training "
            "has not come that far"
            if weights == "ema"
            else f"{run.folder} holds no checkpoint, and --weights raw needs one; use --weights ema"
        )
    return _checkpoint(run, checkpoint, weights)


def _run_of(checkpoint: Path) -> runs.Run:
    if not checkpoint.is_file():
        raise UserError(f"there is no file {checkpoint}")
    folder = checkpoint.resolve().parent.parent
    if not (folder / "recipe.json").exists():
        raise UserError(
            f"{checkpoint} lies in no run's checkpoints folder, so its recipe is unknown"
        )
    return runs.load(folder)


def _file(path: Path) -> Source:
    with user_errors(ValueError):
        network, metadata = files.load_generator(path)
        if not isinstance(metadata, dict) or not isinstance(metadata.get("recipe"), dict):
            raise ValueError(f"{path} does not carry a recipe: it is no generator of this project.")
        recipe = Recipe.from_dict(metadata["recipe"])
    if len(network.inputs) != 2 or network.inputs[0].shape[1:] != (recipe.latent_dim,):
        raise UserError(f"{path} is no generator: it does not take latents and labels")
    return Source(network, recipe, metadata, path)


def _checkpoint(run: runs.Run, path: Path, weights: str) -> Source:
    """The generator inside a checkpoint of the whole GAN, written on any backend."""
    from models.gan import GAN

    recipe, record = run.recipe(), _record(run)
    gan = GAN(recipe, precision=record.get("precision", "float32"), jit_compile=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what does not fit; the error below says it
            gan.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        older = made_by_older_networks(record)
        if older and not isinstance(error, OSError):
            raise UserError(
                f"checkpoint {path} was written by {older}; use the run's generator.keras"
            ) from error
        raise UserError(f"checkpoint {path} cannot be read: {_reason(error)}") from error
    data = record.get("data") or {}
    metadata = {
        "recipe": recipe.to_dict(),
        "labels": data.get("labels"),
        "step": gan.step,
        "data": data.get("name"),
        "data_fingerprint": data.get("fingerprint"),
        "precision": record.get("precision"),
    }
    network = gan.generator if weights == "raw" else gan.ema_generator
    return Source(network, recipe, metadata, path)


def _reason(error: Exception) -> str:
    """Why a checkpoint was refused: Keras's own words, where they are for people."""
    misfit = re.search(r"expected \d+ variables, but received \d+", str(error))
    if misfit:
        return (
            f"it was written by another version of this project (the model {misfit[0]}); "
            "use the run's generator.keras"
        )
    return textwrap.shorten(str(error), 120, placeholder=" …")


def _record(run: runs.Run) -> dict[str, Any]:
    try:
        return read_json(run.folder / "run.json")
    except (OSError, ValueError) as error:
        raise UserError(f"{run.folder / 'run.json'} cannot be read: {error}") from error
