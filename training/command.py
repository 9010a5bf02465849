"""The parsed command line, and the decision what to train."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import runs
from console.errors import UserError, user_errors
from console.screen import say
from models import recipe_files, recipes
from models.fields import refuse_ignored
from models.recipe import Recipe
from runs.record import SET_IN_FILE
from training import device
from training.settings import Settings

# The recipes for a CPU, if the user did not choose one.
_CPU_RECIPES = {"sagan": "sagan_cpu", "biggan_v1": "biggan_cpu"}


@dataclasses.dataclass(frozen=True)
class Choice:
    """A value chosen for the user, and the reason that is printed."""

    value: Any
    reason: str


@dataclasses.dataclass(frozen=True)
class Decision:
    """What to train: a recipe with its settings, from the start or as a continuation of `resumed`.

    `recorded` is the content of `run.json` of the run to resume, or empty.
    """

    recipe: Recipe
    settings: Settings
    precision: str
    resumed: runs.Run | None
    recorded: dict[str, Any]
    why_recipe: str
    why_precision: str


@dataclasses.dataclass(frozen=True)
class Command:
    """One call of a training script.

    `overrides` and `settings` hold only the given options, not the defaults: a resumed run takes
    the rest from its own record. `resume` is `None`, "newest", or a run.
    """

    script: str
    default_recipe: str | None
    asked_recipe: str | None
    overrides: dict[str, Any]
    settings: dict[str, Any]
    resume: str | None
    dry_run: bool

    def check(self) -> None:
        """Raise `UserError` for mistakes that can be seen before the slow imports."""
        if self.resume is None:
            for name in self._possible_names():
                with user_errors(ValueError):
                    refuse_ignored(self._recipe(recipes.load(name)), self.overrides)
        elif run := self._run_before_device():
            self._settings(run, run.record())

    def distribute(self) -> str:
        """How batches are divided: as given, else as the run to resume was trained.

        Where a GPU would mean another recipe's newest run, it is that one's: there, it matters.
        """
        if "distribute" in self.settings or self.resume is None:
            return self.settings.get("distribute", Settings.distribute)
        run = self._run_before_device()
        if run is None:
            with contextlib.suppress(UserError):  # decide tells what is wrong
                run = self._run_to_resume(known(self._recipe_name("gpu").value).name)
        return self._settings(run, run.record()).distribute if run else Settings.distribute

    def _possible_names(self) -> set[str]:
        """The recipes that it may be about, before the device is known."""
        kinds = ("cpu",) if device.surely_no_gpu() else ("cpu", "gpu")
        return {self._recipe_name(kind).value for kind in kinds}

    def _run_before_device(self) -> runs.Run | None:
        """The run to resume, if that can be told before the device is known."""
        names = self._possible_names()
        if self.resume is None or (len(names) > 1 and self.resume == "newest"):
            return None
        return self._run_to_resume(known(names.pop()).name)

    def decide(self, found: device.Device) -> Decision:
        """What to train on this device. Raises `UserError` if that is impossible."""
        name = self._recipe_name(found.kind)
        if self.resume is None:
            run, recorded, recipe = None, {}, known(name.value)
        else:
            run = self._run_to_resume(known(name.value).name, say)
            recorded, recipe = run.record(), self._recipe_of(run)
            name = Choice(recipe.name, "that of the run")
        settings = self._settings(run, recorded)
        asked = settings.precision
        if "precision" not in self.settings:
            asked = recorded.get("precision", asked)
        precision = choose_precision(asked, found)
        return Decision(
            recipe=self._recipe(recipe),
            settings=settings,
            precision=precision.value,
            resumed=run,
            recorded=recorded,
            why_recipe=name.reason,
            why_precision="that of the run" if run else precision.reason,
        )

    def _settings(self, run: runs.Run | None, recorded: dict[str, Any]) -> Settings:
        """The settings given, on top of those recorded if a run is resumed."""
        if run is None:
            with user_errors(ValueError):
                return Settings(**self.settings)
        path = run.folder / "run.json"
        if "settings" not in recorded:
            raise UserError(f"{path} says nothing of the settings, so {run.folder} cannot go on")
        try:
            return Settings.of_record(recorded["settings"], self.settings)
        except ValueError as error:
            raise UserError(f"{path} cannot be used: {error}") from error

    def again(self) -> str:
        """The command that continues this run, without the run's name."""
        recipe = f" {shlex.quote(self.asked_recipe or '')}" if self.default_recipe is None else ""
        return f"python {self.script}{recipe}"

    def _recipe_name(self, kind: str) -> Choice:
        return choose_recipe(self.asked_recipe, self.default_recipe or "", kind)

    def _recipe(self, recipe: Recipe) -> Recipe:
        """`recipe` with the overrides given."""
        with user_errors(ValueError):
            return recipe.changed(**self.overrides)

    def _run_to_resume(
        self, recipe_name: str, tell: Callable[[str], None] = lambda words: None
    ) -> runs.Run:
        out = Path(os.path.expanduser(self.settings.get("out", Settings.out)))
        if self.resume is None or self.resume == "newest":
            return runs.newest(out, recipe_name, tell)
        return runs.load(self.resume, out)

    def _recipe_of(self, run: runs.Run) -> Recipe:
        """The recorded recipe of a run; the recipe of that name may have changed since.

        A file may give other steps, and its labels are taken from the data again.
        """
        recorded = run.recipe()
        if self.asked_recipe and known(self.asked_recipe).name != recorded.name:
            raise UserError(
                f"{run.folder} cannot go on with other settings: recipe was {recorded.name!r}, now "
                f"{self.asked_recipe!r}. Give the same one, or start a new run without --resume"
            )
        if self.asked_recipe and recipe_files.is_file(self.asked_recipe):
            recorded = self._as_in_file(run, recorded)
        if recorded.labels == "never":
            return recorded
        if recorded.name.lower() not in (name.lower() for name in recipes.names()):
            return recorded  # from a file
        today = known(recorded.name)
        labels = {name: getattr(today, name) for name in recipe_files.FROM_DATA}
        return dataclasses.replace(recorded, **labels)

    def set_in_file(self) -> list[str]:
        """The fields by which the recipe's file changes another recipe; none without such a file.

        Raises `UserError` if it cannot be read.
        """
        name = self.asked_recipe
        if not name or not recipe_files.is_file(name) or recipes.file(name).is_whole:
            return []
        with user_errors(ValueError):
            return [*recipes.file(name).given()]

    def _as_in_file(self, run: runs.Run, recorded: Recipe) -> Recipe:
        """`recorded` with the steps of the recipe's file, which may have changed since.

        Raises `UserError` if it sets another field to another value, or no longer sets one.
        """
        file = recipes.file(self.asked_recipe or "")
        with user_errors(ValueError):
            given = file.given()
            # What the file no longer sets is again as in the recipe that it changes.
            unset = {*run.record().get(SET_IN_FILE, ())} - given.keys() - {"steps"}
            as_now = file.read()
            given |= {
                name: getattr(as_now, name) for name in sorted(unset) if hasattr(as_now, name)
            }
        steps = given.pop("steps", recorded.steps)
        if "steps" in self.overrides:
            steps = recorded.steps
        options = {*run.record().get("overrides", {}), *self.overrides}
        # What was chosen by the number of pictures is not what was asked for: that is "auto".
        kept = {name: value for name, value in given.items()
                if name not in options and value != "auto"}  # fmt: skip
        with user_errors(ValueError):
            # Recipes are compared, since a value may stand for several fields, such as "64x96".
            now = recorded.changed(**kept).to_dict()
            later = dataclasses.replace(recorded, steps=steps)
        changed = [
            f"{name} was {value!r}, now {now[name]!r}"
            for name, value in recorded.to_dict().items()
            if value != now[name]
        ]
        if changed:
            raise UserError(
                f"{run.folder} cannot go on with other settings: {self.asked_recipe} was changed: "
                f"{'; '.join(changed)}. Change it back, or start a new run without --resume"
            )
        return later


def choose_recipe(asked: str | None, default: str, kind: str) -> Choice:
    """The recipe's name or file: `asked`, or the one for a device of `kind` "gpu" or "cpu".

    Raises `UserError` for an unknown name.
    """
    if asked:
        found = known(asked).name
        return Choice(asked if recipe_files.is_file(asked) else found, "asked for")
    if kind == "gpu":
        return Choice(known(default).name, "the notes' configuration, since there is a GPU")
    if small := _CPU_RECIPES.get(default.lower()):
        why = f"there is no GPU; for the notes' recipe use --recipe {known(default).name}"
        return Choice(known(small).name, why)
    return Choice(known(default).name, "the default")


def choose_precision(asked: str, found: device.Device) -> Choice:
    """The precision to train in: "auto" becomes mixed_bfloat16 if the hardware supports it."""
    if asked != "auto":
        return Choice(asked, "asked for")
    if found.bfloat16:
        return Choice("mixed_bfloat16", f"this {found.kind.upper()} has bfloat16 arithmetic")
    if found.kind == "gpu":
        return Choice("mixed_float16", "this GPU has float16 arithmetic but no bfloat16")
    return Choice("float32", "this CPU has no bfloat16 arithmetic")


def known(name: str) -> Recipe:
    """The recipe of that name. Raises `UserError` for an unknown one."""
    with user_errors(ValueError):
        return recipes.load(name)
