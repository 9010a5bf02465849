"""The recipes, one file each: `RECIPE`, with its source, command, run time and departures."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from pathlib import Path

from models import fields, recipe_files
from models.fields import refuse_ignored
from models.recipe import Recipe


def names() -> list[str]:
    """The names of all recipes, sorted."""
    return sorted(
        (importlib.import_module(m).RECIPE.name for m in _modules().values()), key=str.lower
    )


def listed() -> str:
    """What `load` takes, in words."""
    return f"{', '.join(names())}, or a file that ends in {' or '.join(recipe_files.SUFFIXES)}"


def load(name: str) -> Recipe:
    """The recipe of that name, in any case of letters, or in the file of that name.

    Raises:
        ValueError: there is none; the message names the nearest and all known ones. Or its file
            sets a field that nothing reads, or cannot be read.
    """
    if recipe_files.is_file(name):
        return file(name).read()
    module = _modules().get(name.lower())
    if module is None:
        close = difflib.get_close_matches(name.lower(), _modules(), n=1)
        hint = f" Did you mean {load(close[0]).name!r}?" if close else ""
        raise ValueError(f"Unknown recipe {name!r}.{hint} Known: {listed()}.")
    recipe = importlib.import_module(module).RECIPE
    refuse_ignored(
        recipe, [o.name for o in fields.options(recipe) if getattr(recipe, o.name) != o.default]
    )
    return recipe


def file(name: str) -> recipe_files.RecipeFile:
    """The file of that name, which may change recipes of the project."""
    return recipe_files.RecipeFile(Path(name), load, names())


def describe(name: str) -> str:
    """The docstring of a recipe: its source, command, run time and the result to expect."""
    return importlib.import_module(_modules()[load(name).name.lower()]).__doc__ or ""


def _modules() -> dict[str, str]:
    return {m.name: f"{__name__}.{m.name}" for m in pkgutil.iter_modules(__path__)}
