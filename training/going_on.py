"""Going on with a run: its checkpoint, and what another number of steps changes."""

from __future__ import annotations

import warnings
from typing import Any

import runs
from console.errors import UserError
from console.screen import say
from foreign.archives import check_weights
from foreign.records import Unreadable, one_line
from models.optimisation_fields import LAST_VALUES
from models.recipe import Recipe
from models.system import System
from runs.record import made_by_older_networks
from training.callbacks.checkpoints import refuse_not_finite

_BEFORE = "remove it to go on from the one before"


def say_other_rates(before: Recipe, recipe: Recipe, done: int) -> None:
    """Say so if another number of steps moves phases or the end of the curve: its values jump."""
    _say_other_phase(before, recipe, done)
    old, new = (each.schedule(each.phase_of(done)) for each in (before, recipe))
    if old.value(1.0, 0.0, done) == new.value(1.0, 0.0, done):
        return
    was, now = (float(each.value(1.0, recipe.decay_to, done)) for each in (old, new))
    if was != now:
        say(
            f"rates      fall until step {new.end:,} now, not {old.end:,}: they go on at {now:.0%} "
            f"of their first values, not at {was:.0%}"
        )
    for name in LAST_VALUES:
        if last := getattr(recipe, name, 0):
            first = getattr(recipe, name.removesuffix("_end"))
            was, now = (float(each.value(first, last, done)) for each in (old, new))
            say(f"           {name.removesuffix('_end')} goes on at {now:.3g}, not at {was:.3g}")


def _say_other_phase(before: Recipe, recipe: Recipe, done: int) -> None:
    """Say which values the next step has that it would not have had, or the last one had."""
    old, new = (each.phases()[each.phase_of(done + 1)] for each in (before, recipe))
    was, now = (each.in_phase(each.phase_of(done + 1)) for each in (before, recipe))
    jumps = [
        f"{name} is {getattr(now, name)} now, not {getattr(was, name)}"
        for name in {**old.changed, **new.changed}
        if getattr(now, name) != getattr(was, name)
    ]
    if jumps:
        say(
            f"phase      with {recipe.steps:,} steps the next one is of phase {new.name}, with "
            f"{before.steps:,} it was {old.name}: {'; '.join(jumps)}"
        )


def load(system: System, path: Any, resumed: runs.Run, what: str = "", ways: str = _BEFORE) -> None:
    """Load a checkpoint of `resumed`. Raises `UserError` if it cannot be read or does not fit.

    Args:
        what, ways: how the message begins and ends.
    """
    try:
        with warnings.catch_warnings():
            # If the saved optimizers do not fit, Keras would continue with new ones.
            warnings.filterwarnings("error", "Skipping variable loading")
            check_weights(path, str(path), path.stat().st_size)
            system.load_weights(path)
            refuse_not_finite(system)
    except MemoryError:
        raise
    except Exception as error:  # damaged bytes can raise anything
        older = made_by_older_networks(resumed.record())
        if older and not isinstance(error, (OSError, Unreadable)):
            way = "" if what else "; start a new run without --resume"
            raise UserError(
                f"{what}{resumed.folder} was made by {older}: it cannot go on. Its generator files "
                f"still work{way}"
            ) from error
        raise UserError(
            f"{what}checkpoint {path} cannot be read ({one_line(error)}); {ways}"
        ) from error
