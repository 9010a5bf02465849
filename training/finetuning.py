"""Starting a run from the networks of another one (`--from`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import runs
from console.errors import UserError, user_errors
from console.screen import say
from models import transfer
from models.recipe import Recipe
from models.system import System
from models.systems import system_class
from runs import checkpoints
from training.going_on import load


def check(recipe: Recipe, start: str, out: str) -> None:
    """Raise `UserError`, before pictures are opened, if `start` names nothing to start from.

    Args:
        start, out: as `--from` and `--out`.
    """
    run, _ = find(start, out)
    before = run.recipe()
    if before.system != recipe.system:
        raise UserError(f"--from {run.folder} holds a {before.system}, not a {recipe.system}")
    for each in (recipe, before):
        if (count := len(each.phases())) > 1:
            raise UserError(f"--from is for trainings of one phase; recipe {each.name} has {count}")


def start_from(system: System, start: str, out: str) -> dict[str, Any]:
    """Copy the networks, averages too, of the run or checkpoint that `start` names; say which.

    Args:
        start, out: as `--from` and `--out`.

    Returns what the run's record says of it. Raises `UserError` if its networks have other shapes.
    """
    run, path = find(start, out)
    recipe = run.recipe()
    with user_errors(ValueError):
        source = system_class(recipe)(recipe, system.precision)
    load(source, path, run)
    try:
        taken = transfer.take(system, source)
    except ValueError as error:
        raise UserError(
            f"--from {run.folder} does not fit recipe {system.whole_recipe.name}: {error}"
        ) from error
    step = checkpoints.step_of(path)
    say(f"from       {run.folder}, step {step:,}: {'; '.join(map(str, taken))}")
    data = run.record().get("data") or {}
    return {"run": run.folder.name, "step": step, "recipe": recipe.name, "data": data.get("name")}


def find(text: str, out: str) -> tuple[runs.Run, Path]:
    """The run that `--from` names, and the checkpoint of it. Raises `UserError`."""
    path = Path(text)
    if path.name.endswith(".weights.h5"):
        if not path.is_file():
            raise UserError(f"--from {path}: there is no such file")
        return runs.load(str(path.resolve().parent.parent)), path
    run = runs.load(text, Path(out))
    newest = checkpoints.newest(run.checkpoints)
    if newest is None:
        raise UserError(f"--from {run.folder}: it holds no checkpoint; its training was too short")
    return run, newest
