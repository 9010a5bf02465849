"""The systems, one folder each: `recipe.py` (its fields), `turns.py` (how it trains).

A folder's name is the system's. Only `system_class` needs Keras.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING, Any

from models.recipe import Recipe, near

if TYPE_CHECKING:
    from models.system import System

# Recipes of before there were systems, by their architecture; all others were plain GANs.
_OLD = {"biggan": "biggan", "biggan_notes": "biggan"}


def names() -> list[str]:
    """All systems."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg)


def recipe_class(system: str) -> type[Recipe]:
    """The class of its recipes. Raises ValueError for an unknown system."""
    return _own(_part(system, "recipe"), Recipe)


def system_class(recipe: Recipe) -> type[System]:
    """The class that trains what `recipe` describes."""
    from models.system import System

    return _own(_part(recipe.system, "turns"), System)


def system_of_old(values: dict[str, Any]) -> str:
    """The system of a recipe that was saved before recipes named theirs."""
    return _OLD.get(values.get("architecture", ""), "gan")


def _part(system: str, part: str) -> ModuleType:
    if system not in names():
        raise ValueError(f"There is no system {near(system, names())}")
    return importlib.import_module(f"{__name__}.{system}.{part}")


def _own(module: ModuleType, base: type) -> Any:
    """The first subclass of `base` that `module` defines."""
    return next(
        each
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, base) and each.__module__ == module.__name__
    )
