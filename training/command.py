"""What was asked for on the command line, checked as far as it can be without a backend."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import runs
from console.errors import user_errors
from models.recipe import Recipe, refuse_ignored
from training import device, planner
from training.settings import Settings


@dataclasses.dataclass(frozen=True)
class Command:
    """One call of a training script.

    `overrides` and `settings` hold only what was given, not the defaults: a resumed run takes the
    rest from its own record. `resume` is `None`, "newest", or a run.
    """

    script: str
    default_recipe: str | None
    asked_recipe: str | None
    overrides: dict[str, Any]
    settings: dict[str, Any]
    resume: str | None
    dry_run: bool

    def check(self) -> None:
        """Raise `UserError` for whatever is wrong already, before seconds of imports."""
        if self.resume is None:
            for name in self._possible_recipes():
                recipe = planner.build_recipe(name, self.overrides)
                with user_errors(ValueError):
                    refuse_ignored(recipe, self.overrides)
        elif device.surely_no_gpu() or self.resume != "newest":
            self.run_to_resume(self.choose("cpu").value)

    def choose(self, kind: str) -> planner.Choice:
        """The name of the recipe to train on a "gpu" or "cpu", and why."""
        return planner.choose_recipe(self.asked_recipe, self.default_recipe or "", kind)

    def run_to_resume(self, recipe_name: str) -> runs.Run:
        """The run that `--resume` means. Raises `UserError` where there is none."""
        out = Path(self.settings.get("out", Settings.out))
        if self.resume is None or self.resume == "newest":
            return runs.newest(out, recipe_name)
        return runs.load(self.resume, out)

    def again(self) -> str:
        """The command that goes on with this run, without the run's name."""
        recipe = f" {self.asked_recipe}" if self.default_recipe is None else ""
        return f"python {self.script}{recipe}"

    def recipe(self, name: str, recorded: Recipe | None = None) -> Recipe:
        """The recipe of that name, or that of a resumed run, with the overrides given now."""
        return planner.build_recipe(name, self.overrides, recorded)

    def all_settings(self, recorded: dict[str, Any] | None = None) -> Settings:
        """Settings: defaults, those recorded in a resumed run, those given now."""
        return Settings(**{**(recorded or {}), **self.settings})

    def _possible_recipes(self) -> set[str]:
        kinds = ("cpu",) if device.surely_no_gpu() else ("cpu", "gpu")
        return {self.choose(kind).value for kind in kinds}
