"""The systems, one folder each: `recipe.py` (its fields), `turns.py` (its training).

The folder's name is the system's name. Only `system_class` needs Keras.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import Any

from models.recipe import Recipe, near

# Architecture → system, for recipes saved before there were systems; all others are GANs.
_OLD = {"biggan": "biggan", "biggan_notes": "biggan"}


def names() -> list[str]:
    """All systems."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg)


def recipe_class(system: str) -> type[Recipe]:
    """The class of its recipes. Raises ValueError for an unknown system."""
    return _own(_part(system, "recipe"), "phases")


def system_class(recipe: Recipe) -> Any:
    """The subclass of `models.system.System` that trains what `recipe` describes."""
    return _own(_part(recipe.system, "turns"), "turns")


def recipe_of(values: dict[str, Any]) -> Recipe:
    """The inverse of `Recipe.to_dict`, also for earlier versions, which had only GANs.

    Raises:
        ValueError: an unknown system or field; the message gives the nearest known one. Or a value
            that the field cannot have.
    """
    values = dict(values)
    if not isinstance(values.get("name"), str):
        raise ValueError("A recipe must have a name")
    try:
        system = values.pop("system", None) or _OLD.get(values.get("architecture", ""), "gan")
        return recipe_class(system).of_fields(values)
    except (TypeError, AttributeError, ArithmeticError) as error:  # a value of another type
        raise ValueError(f"It is no recipe: {' '.join(str(error).split())}") from error


def _part(system: str, part: str) -> ModuleType:
    if system not in names():
        raise ValueError(f"There is no system {near(system, names())}")
    return importlib.import_module(f"{__name__}.{system}.{part}")


def _own(module: ModuleType, method: str) -> Any:
    """The class with this method that is defined in `module` itself."""
    return next(
        each
        for _, each in inspect.getmembers(module, inspect.isclass)
        if hasattr(each, method) and each.__module__ == module.__name__
    )
