"""Starting a run from networks that were trained before (`--from`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

import runs
from console.errors import UserError, user_errors
from console.screen import say
from models import fields, files, shipped, transfer
from models.recipe import Recipe
from models.system import System
from models.systems import recipe_of, system_class
from runs import checkpoints
from runs.record import JUDGES, SEEN_HELD_OUT, judge_of
from training.callbacks.checkpoints import refuse_not_finite
from training.going_on import load

_WEIGHT_NORMS = ("g_weight_norm", "d_weight_norm")  # a kernel divided by its norm is another one
# Fields of networks of which nothing is left after training.
_OF_THE_START = ("initializer", "residual_gain")
_WAYS = "remove it to take the one before, or give another"


@dataclass(frozen=True)
class OfRun:
    """A checkpoint of a run: all networks of its system."""

    run: runs.Run
    path: Path

    @property
    def name(self) -> str:
        """What users are told it is."""
        return str(self.run.folder)

    @property
    def recipe(self) -> Recipe:
        """The recipe that made the networks."""
        return self.run.recipe()

    @property
    def labels(self) -> Mapping[str, Any] | None:
        """What is recorded of the labels that it was trained with."""
        return (self.run.record().get("data") or {}).get("labels")

    @property
    def data(self) -> Mapping[str, Any]:
        """The name and the fingerprint of the pictures that it was trained on."""
        return self.run.record().get("data") or {}

    @property
    def saw_held_out(self) -> bool:
        """Whether it began with networks that may have seen what it holds out."""
        return bool((self.run.record().get("from") or {}).get(SEEN_HELD_OUT))

    @property
    def judge(self) -> str:
        """The feature network that measured it."""
        own = self.recipe.judge
        return judge_of(self.run.record(), self.recipe) if own == JUDGES[0] else own

    def networks(self) -> transfer.Source:
        """Load them. Raises `UserError`."""
        recipe = self.recipe
        with user_errors(ValueError):  # its optimizers are in the file: theirs depend on it
            source = system_class(recipe)(recipe, self.run.record().get("precision", "float32"))
        load(source, self.path, self.run, what="--from: ", ways=_WAYS)
        return source

    def record(self) -> dict[str, Any]:
        """What the record of the run that begins with it says."""
        data = self.run.record().get("data") or {}
        step = checkpoints.step_of(self.path)
        return {"run": self.run.folder.name, "step": step, "recipe": self.recipe.name,
                "data": data.get("name")}  # fmt: skip


@dataclass(frozen=True)
class OfFiles:
    """A generator's file, with its discriminator's in the same folder.

    Both the generator and its average begin as the file's.
    """

    name: str  # as the user gave it
    path: Path
    metadata: Mapping[str, Any]
    recipe: Recipe

    @property
    def labels(self) -> Mapping[str, Any] | None:
        """What is recorded of the labels that it was trained with."""
        return self.metadata.get("labels")

    @property
    def data(self) -> Mapping[str, Any]:
        """The name and the fingerprint of the pictures that it was trained on."""
        return {
            "name": self.metadata.get("data"),
            "fingerprint": self.metadata.get("data_fingerprint"),
        }

    saw_held_out = False  # GANs hold nothing out, and others have no such files

    @property
    def judge(self) -> str:
        """The feature network that measures it."""
        return self.recipe.judge

    def networks(self) -> transfer.Source:
        """Load them. Raises `UserError`."""
        with user_errors(ValueError):
            generator, _ = files.load(self.path)
            discriminator, _ = files.load(files.discriminator_beside(self.path))
            for network in (generator, discriminator):
                refuse_not_finite(network)
        return Loaded(self.recipe, generator, discriminator)

    def record(self) -> dict[str, Any]:
        """What the record of the run that begins with it says."""
        step, data = self.metadata.get("step") or 0, self.metadata.get("data")
        return {"file": self.path.name, "step": step, "recipe": self.recipe.name, "data": data}


@dataclass(frozen=True)
class Loaded:
    """The networks of two files, by their names in a GAN."""

    recipe: Recipe
    generator: keras.Model
    discriminator: keras.Model

    @property
    def networks(self) -> Mapping[str, keras.Model]:
        """The networks, the average too."""
        return {
            "generator": self.generator,
            "ema_generator": self.generator,
            "discriminator": self.discriminator,
        }


def check(recipe: Recipe, start: str, out: str) -> None:
    """Raise `UserError`, before pictures are opened, if `start` names nothing to start from.

    Args:
        start, out: as `--from` and `--out`; "" starts from nothing.
    """
    if not start:
        if frozen := getattr(recipe, "freeze_d", 0):
            raise UserError(
                f"freeze_d {frozen} would keep blocks that were never trained; say what to begin "
                "with (--from), or leave it out"
            )
        return
    source = find(start, out)
    before = source.recipe
    if before.system != recipe.system:
        raise UserError(f"--from {source.name} holds a {before.system}, not a {recipe.system}")
    if before.data_shape != recipe.data_shape:
        sizes = [" × ".join(map(str, each.data_shape)) for each in (before, recipe)]
        raise UserError(
            f"--from {source.name} was trained by recipe {before.name} on {sizes[0]}, and recipe "
            f"{recipe.name} trains on {sizes[1]} (height × width × channels); give its recipe"
        )
    for name in _WEIGHT_NORMS:
        was, now = (getattr(each, name, None) for each in (before, recipe))
        if was != now:
            raise UserError(
                f"--from {source.name} was trained with {name} {was}; with {now} its weights are "
                f"others: give {fields.as_option(name)} {was}"
            )
    for each in (recipe, before):
        if (count := len(each.phases())) > 1:
            raise UserError(f"--from is for trainings of one phase; recipe {each.name} has {count}")


def judge_after(recipe: Recipe, start: str, out: str) -> str:
    """The feature network that measures a run of `recipe` that begins with `start`, if with any.

    What the networks learned of another's features before, they keep.
    """
    before = find(start, out).judge if start else JUDGES[0]
    return before if recipe.judge == JUDGES[0] else recipe.judge


def start_from(
    system: System,
    start: str,
    out: str,
    labels: Mapping[str, Any] | None,
    data: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Copy the networks, averages too, that `start` names; say which.

    Says too, and records, if they may have seen pictures that are now held out.

    Args:
        start, out: as `--from` and `--out`.
        labels: what the record of the new run says of its labels.
        data: what it says of its pictures.

    Returns what the run's record says of it. Raises `UserError` if its networks have other shapes.
    """
    source = find(start, out)
    networks = source.networks()
    try:
        taken = transfer.take(system, networks, labels, source.labels)
    except ValueError as error:
        raise UserError(
            f"--from {source.name} does not fit recipe {system.whole_recipe.name}: {error}"
        ) from error
    record = source.record()
    system.begins_trained = True
    say(f"from       {source.name}, step {record['step']:,}: {'; '.join(map(str, taken))}")
    if other := _differences(source.recipe, system.whole_recipe):
        say(f"           unlike there: {', '.join(other)}")
    if _may_have_seen(source, system.whole_recipe, data or {}):
        say(f"           pictures of {data['name']} that are held out here may be among those it "
            "was trained on: measures of them are too good")  # fmt: skip
        record[SEEN_HELD_OUT] = True
    return record


def _may_have_seen(source: OfRun | OfFiles, recipe: Recipe, data: Mapping[str, Any]) -> bool:
    """Whether the networks may have been trained on pictures that the new run holds out.

    Which pictures are held out follows from the data and from `held_out` alone.
    """
    if not recipe.held_out or data.get("name") in (None, ""):
        return False
    if source.data.get("name") != data["name"]:
        return False
    other = source.data.get("fingerprint") != data.get("fingerprint")
    return other or source.recipe.held_out != recipe.held_out or source.saw_held_out


def _differences(before: Recipe, recipe: Recipe) -> list[str]:
    """The fields by which the same weights make other pictures, or other logits."""
    return [
        f"{field.name} was {getattr(before, field.name)}, now {getattr(recipe, field.name)}"
        for field in fields.options(recipe)
        if field.metadata["group"] in ("Networks", "Latents") and field.name not in _OF_THE_START
        if getattr(before, field.name) != getattr(recipe, field.name)
    ]


def find(text: str, out: str) -> OfRun | OfFiles:
    """What `--from` names. Raises `UserError`."""
    path = Path(shipped.found(text))
    if path.suffix == ".keras":
        return _of_files(text, path)
    try:
        run = runs.named(text, Path(out))
    except UserError as error:
        raise UserError(f"--from: {error}") from None
    if checkpoints.is_checkpoint(path):
        return OfRun(run, path)
    newest = checkpoints.newest(run.checkpoints)
    if newest is None:
        raise UserError(f"--from {run.folder}: it holds no checkpoint; its training was too short")
    return OfRun(run, newest)


def _of_files(name: str, path: Path) -> OfFiles:
    """The two files of a GAN. Raises `UserError`."""
    try:
        metadata = files.read_pair(path)
        return OfFiles(name, path, metadata, recipe_of(metadata["recipe"]))
    except ValueError as error:
        raise UserError(
            f"--from {path}: {error} A generator goes on with the discriminator that it was "
            "trained against: give its run, or what export.py --discriminator wrote of it"
        ) from error
