"""Which recipe and precision suit this machine, and why."""

from __future__ import annotations

import dataclasses
from typing import Any

from console.errors import user_errors
from models import recipes
from models.recipe import Recipe
from training.device import Device

# What a CPU trains where the person asked for no particular recipe.
_CPU_RECIPES = {"sagan": "sagan_cpu", "biggan_v1": "biggan_cpu"}


@dataclasses.dataclass(frozen=True)
class Choice:
    """Something chosen for the person, and the reason that is printed."""

    value: Any
    reason: str


def choose_recipe(asked: str | None, default: str, kind: str) -> Choice:
    """The recipe name to train: the one asked for, or what suits a device of `kind` gpu or cpu.

    Raises `UserError` for an unknown name.
    """
    if asked:
        return Choice(known(asked).name, "asked for")
    if kind == "gpu":
        return Choice(known(default).name, "the notes' configuration, since there is a GPU")
    small = _CPU_RECIPES.get(default.lower())
    if small in (name.lower() for name in recipes.names()):
        name = known(small).name
        return Choice(name, f"there is no GPU; --recipe {known(default).name} trains the notes'")
    return Choice(known(default).name, "the default")


def choose_precision(asked: str, device: Device) -> Choice:
    """The precision to train in: "auto" becomes mixed_bfloat16 where the hardware has it."""
    if asked != "auto":
        return Choice(asked, "asked for")
    if device.bfloat16:
        return Choice("mixed_bfloat16", f"this {device.kind.upper()} has bfloat16 arithmetic")
    if device.kind == "gpu":
        return Choice("mixed_float16", "this GPU has float16 arithmetic but no bfloat16")
    return Choice("float32", "this CPU has no bfloat16 arithmetic")


def build_recipe(name: str, overrides: dict[str, Any], recorded: Recipe | None = None) -> Recipe:
    """The recipe of that name with the overrides given on the command line.

    A resumed run goes on with its own recipe, `recorded`, from which that of the name may have
    moved on; only its labels come from the data again.

    Raises `UserError` where the result is not a valid recipe.
    """
    with user_errors(ValueError):
        recipe = recipes.load(name)
        if recorded is not None:
            labels = ("label_kind", "num_labels") if recipe.labels != "never" else ()
            recipe = dataclasses.replace(recorded, **{n: getattr(recipe, n) for n in labels})
        return dataclasses.replace(recipe, **overrides)


def known(name: str) -> Recipe:
    """The recipe of that name. Raises `UserError` for an unknown one."""
    with user_errors(ValueError):
        return recipes.load(name)
