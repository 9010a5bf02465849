"""Finding a network: in a run folder, in one of its checkpoints, or in a `.keras` file."""

from __future__ import annotations

import dataclasses
import re
import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

import runs
from console.errors import UserError, user_errors
from foreign import archives
from foreign.numbers import shown
from foreign.records import Unreadable
from models import files, shipped
from models.outputs import Output
from models.recipe import Recipe
from models.system import System
from models.systems import recipe_of, system_class
from runs.checkpoints import is_checkpoint, newest, step_of
from runs.record import made_by_older_networks

WEIGHTS = ("ema", "best", "raw")
# Verbs of networks on pictures.
ON_PICTURES = ("translate", "reconstruct", "upscale", "colour", "age")
MAKES_PICTURES = ("generate", *ON_PICTURES)
VERBS = (*MAKES_PICTURES, "encode")
RESTORES = ("upscale", "colour")  # verbs of networks whose input can be made from the truth


@dataclasses.dataclass(frozen=True)
class Source:
    """A network as it was trained, with its description.

    `metadata` comes from its file: "verb", "recipe", "labels", "step", "data", …; "weights" says
    which of `WEIGHTS` it is.
    """

    network: keras.Model
    recipe: Recipe
    metadata: dict[str, Any]
    origin: Path


def open_source(
    path: str | Path,
    weights: str = "ema",
    verbs: Sequence[str] = ("generate",),
    number: int = 0,
) -> Source:
    """Find and load a network that does one of `verbs`; see `serving.load`.

    `number`: which one, from 0, if a run's system has several of them. Raises `UserError`.
    """
    if weights not in WEIGHTS:
        raise UserError(f"unknown weights {weights!r}. Known: {', '.join(WEIGHTS)}")
    path = Path(shipped.found(path))
    if is_checkpoint(path):
        run = runs.named(path)
        if weights == "best":
            raise UserError(f"{path} is one checkpoint, of which none is the best; give ema or raw")
        return _checkpoint(run, path, weights, _output(run, verbs, number))
    if path.suffix == ".keras":
        if weights != "ema":
            raise UserError(
                f"{path} holds one network; --weights {weights} needs a run folder instead"
            )
        if number:
            raise UserError(f"{path} holds one network; for the other way give a run folder")
        return _file(path, verbs)
    run = runs.load(path)
    return _run(run, weights, verbs, _output(run, verbs, number))


def outputs_of(run: runs.Run) -> dict[str, Output]:
    """The outputs of the run's system, by the names of the files."""
    return dict(system_class(run.recipe()).outputs)


def number_of(path: str | Path, network: str) -> int:
    """Which of a run's outputs that make pictures is called `network`. Raises `UserError`."""
    path = shipped.found(path)
    if Path(path).suffix == ".keras":
        raise UserError(f"{path} holds one network; --network {network} needs a run folder instead")
    run = runs.named(path)
    able = [name for name, each in outputs_of(run).items() if each.verb in MAKES_PICTURES]
    if network not in able:
        raise UserError(
            f"{run.folder} has no network {network!r} that makes pictures. Known: {', '.join(able)}"
        )
    return able.index(network)


def titles(run: runs.Run) -> dict[str, str]:
    """The title of each output of the run, with the users' names of its domains."""
    domains = (run.record().get("data") or {}).get("domains") or {}
    names = {name: domains.get(name, {}).get("title", name) for name in run.recipe().domains}
    return {name: each.title.format(**names) for name, each in outputs_of(run).items()}


def _output(run: runs.Run, verbs: Sequence[str], number: int) -> str:
    """The name of output `number` among the run's outputs that do one of `verbs`."""
    known = outputs_of(run)
    able = [name for name, each in known.items() if each.verb in verbs]
    if not able:
        done = " or ".join(dict.fromkeys(each.verb for each in known.values()))
        raise UserError(_unable(run.folder, run.recipe(), verbs, done))
    if number >= len(able):
        raise UserError(
            f"{run.folder} holds a {run.recipe().system}, which has no way back; leave out --back"
        )
    return able[number]


def _unable(origin: Path, recipe: Recipe, verbs: Sequence[str], done: str) -> str:
    script = "generate.py" if "generate" in done else "translate.py"
    wanted = " or ".join([", ".join(verbs[:-1]), verbs[-1]] if len(verbs) > 1 else verbs)
    return f"{origin} holds a {recipe.system}: it cannot {wanted}, it can {done} (see {script})"


def _run(run: runs.Run, weights: str, verbs: Sequence[str], output: str) -> Source:
    checkpoint = newest(run.checkpoints)
    best, final = run.best(output), run.output(output)
    if weights == "best":
        if not best.exists():
            raise UserError(
                f"{run.folder} has no {best.name}: nothing was measured while "
                "it trained; use --weights ema"
            )
        return _file(best, verbs, weights)
    if weights == "ema" and final.exists() and not _outdated(final, checkpoint):
        return _file(final, verbs, weights)
    if checkpoint is None:
        raise UserError(
            f"{run.folder} holds neither {final.name} nor a checkpoint: its training "
            "has not come that far"
            if weights == "ema"
            else f"{run.folder} holds no checkpoint, and --weights raw needs one; use --weights ema"
        )
    return _checkpoint(run, checkpoint, weights, output)


def _outdated(final: Path, checkpoint: Path | None) -> bool:
    """Whether the run went on after it had ended once, and has come further since."""
    if checkpoint is None:
        return False
    with user_errors(ValueError):
        step = files.read_metadata(final).get("step")
    return step is not None and step < step_of(checkpoint)


def _file(path: Path, verbs: Sequence[str], weights: str | None = None) -> Source:
    """The network in a file. `weights`: which they are, if the file does not say it."""
    with user_errors(ValueError):
        network, metadata = files.load(path)
        recipe = _recipe_of(metadata, path)
    if weights is not None:
        metadata = {"weights": weights} | metadata
    done = metadata.get("verb", "generate")  # older files have none
    if done == "discriminate":
        raise UserError(f"{path} is a discriminator; the generator lies beside it")
    if done not in VERBS:
        raise UserError(f"{path} is damaged: it can {shown(done)}; known: {', '.join(VERBS)}")
    able = list(dict.fromkeys(each.verb for each in system_class(recipe).outputs.values()))
    if done not in able:
        raise UserError(
            f"{path} is damaged: it says that it can {done}, and a {recipe.system} can "
            f"{' or '.join(able)}"
        )
    if done not in verbs:
        raise UserError(_unable(path, recipe, verbs, done))
    takes = getattr(recipe, "latent_dim", None)
    if done == "generate" and (len(network.inputs) != 2 or network.inputs[0].shape[1:] != (takes,)):
        raise UserError(f"{path} is not a generator: it does not take latents and labels")
    if done in ON_PICTURES and any(len(each.shape) != 4 for each in _ends(network)):
        raise UserError(f"{path} is damaged: it says that it can {done}, and takes no pictures")
    _refuse_other_size(network, recipe, done, path)
    refuse_not_finite(network, path)
    return Source(network, recipe, metadata, path)


def _recipe_of(metadata: dict[str, Any], path: Path) -> Recipe:
    if "recipe" not in metadata:
        raise ValueError(f"{path} does not carry a recipe: it is not a network of this project.")
    try:
        return recipe_of(metadata["recipe"])
    except ValueError as error:
        raise ValueError(f"{path} cannot be used: {error}") from error


def _ends(network: keras.Model) -> list[Any]:
    return [network.inputs[0], network.outputs[0]]


def _refuse_other_size(network: keras.Model, recipe: Recipe, verb: str, path: Path) -> None:
    """Raise `UserError` if a generator's pictures are not those of its recipe."""
    made = network.outputs[0].shape[1:]
    if verb == "generate" and made != recipe.data_shape:
        raise UserError(
            f"{path} is damaged: its network makes {_sizes(made)}, and its recipe says "
            f"{_sizes(recipe.data_shape)}"
        )


def _sizes(shape: Sequence[int | None]) -> str:
    return " × ".join(map(str, shape))


def refuse_not_finite(network: keras.Model, path: Path) -> None:
    """Raise `UserError` for weights that would make black pictures."""
    for variable in network.variables:
        if not np.isfinite(keras.ops.convert_to_numpy(variable).sum(dtype=np.float64)):
            raise UserError(
                f"{path} holds numbers that are not finite ({variable.path}): its training went "
                "wrong; use an earlier checkpoint"
            )


def layer_of(network: keras.Model, name: str, origin: Path) -> Any:
    """The layer of that name. Raises `UserError` if a file's network is another than it says."""
    try:
        return network.get_layer(name)
    except ValueError as error:
        raise UserError(f"{origin} is damaged: its network has no layer {name!r}") from error


def _checkpoint(run: runs.Run, path: Path, weights: str, output: str) -> Source:
    """The network inside a checkpoint of the whole system, written on any backend."""
    system = system_of(run, path, output)
    network = system.output(output, averaged=weights != "raw")
    refuse_not_finite(network, path)
    metadata = metadata_of(run, system, output) | {"weights": weights}
    return Source(network, run.recipe(), metadata, path)


def system_of(run: runs.Run, path: Path, output: str) -> System:
    """The whole system of a checkpoint. `output`: whose file may be used in its place."""
    recipe, record = run.recipe(), run.record()
    with user_errors(ValueError):  # such as an unknown precision
        system = system_class(recipe)(
            recipe,
            precision=record.get("precision", "float32"),
            jit_compile=False,
            phase=recipe.phase_of(step_of(path)),
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # about variables that do not fit; the error below says it
            archives.check_weights(path, str(path), path.stat().st_size)
            system.load_weights(path)
    except Exception as error:  # damaged bytes can raise anything
        older = made_by_older_networks(record)
        if older and not isinstance(error, (OSError, Unreadable)):
            raise UserError(
                f"checkpoint {path} was written by {older}; use the run's {output}.keras"
            ) from error
        raise UserError(f"checkpoint {path} cannot be read: {_reason(error, output)}") from error
    return system


def metadata_of(run: runs.Run, system: System, output: str) -> dict[str, Any]:
    """What the file of that output would carry."""
    record = run.record()
    data = record.get("data") or {}
    return {
        "verb": system.outputs[output].verb,
        "title": titles(run)[output],
        "recipe": run.recipe().to_dict(),
        "labels": data.get("labels"),
        **({"text": record["text"]} if "text" in record else {}),
        "step": system.step,
        "data": data.get("name"),
        "data_fingerprint": data.get("fingerprint"),
        "precision": record.get("precision"),
    }


def _reason(error: Exception, output: str) -> str:
    """Why a checkpoint was refused: Keras's own words, if they are readable."""
    misfit = re.search(r"expected \d+ variables, but received \d+", str(error))
    if misfit:
        return (
            f"it was written by another version of this project (the model {misfit[0]}); "
            f"use the run's {output}.keras"
        )
    return textwrap.shorten(str(error), 120, placeholder=" …")
