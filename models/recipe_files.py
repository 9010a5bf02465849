"""Recipes of the users' own, in files: `train.py mine.toml`.

A `.toml` file names the recipe that it changes, and its fields:

    recipe = "sagan_cpu"
    g_filters = 384
    steps = 20_000

A `.json` file is a whole recipe as a run records it, in `recipe.json`.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

from foreign import records
from foreign.names import problem
from models import fields
from models.recipe import Recipe, near
from models.systems import recipe_of

SUFFIXES = (".toml", ".json")
FROM_DATA = ("label_kind", "num_labels")  # fields that follow from the pictures of a run
_BASE = "recipe"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


def is_file(name: str) -> bool:
    """Whether a recipe of that name is to be read from a file."""
    return name.lower().endswith(SUFFIXES)


def read(name: str, behind: tuple[Path, ...] = ()) -> Recipe:
    """The recipe in the file of that name.

    A `.toml` file's recipe has the name of the file, a `.json` file's that of its content. A file
    that it changes is looked for beside it; `behind` are the files that led to this one.

    Raises:
        ValueError: there is no such file, it describes no recipe, or it sets a field that nothing
            reads; the message names the file.
    """
    if wrong := problem(name):
        raise ValueError(f"{name!r} {wrong}")
    path = Path(name)
    if not path.is_file():
        raise ValueError(f"There is no file {path}, from which to read a recipe.")
    if path.resolve() in behind:
        raise ValueError(f"{path} changes itself")
    try:
        return _changed(path, behind) if path.suffix.lower() == ".toml" else _recorded(path)
    except ValueError as error:
        text = str(error)
        raise ValueError(text if str(path) in text else f"{path}: {text}") from error


def _changed(path: Path, behind: tuple[Path, ...]) -> Recipe:
    from models import recipes  # which reads files by this module

    table = records.read_toml(path)
    base = table.pop(_BASE, None)
    if not isinstance(base, str):
        raise ValueError(f'it must name the recipe that it changes, as in {_BASE} = "sagan_cpu"')
    if not _NAME.fullmatch(path.stem):
        raise ValueError("a recipe's file is named by letters, digits, _ and - alone")
    if path.stem.lower() in (each.lower() for each in recipes.names()):
        raise ValueError(f"{path.stem} is a recipe of the project; give the file another name")
    if is_file(base):
        before = read(str(path.parent / base), (*behind, path.resolve()))
    else:
        before = recipes.load(base)
    known = [each.name for each in fields.options(before) if each.name not in FROM_DATA]
    for name in table:
        if name not in known:
            raise ValueError(f"a recipe of {before.system} has no field {near(name, known)}")
    recipe = recipe_of(before.to_dict() | table | {"name": path.stem})
    fields.refuse_ignored(recipe, table)
    return recipe


def _recorded(path: Path) -> Recipe:
    values: Any = records.read_json(path)
    if not isinstance(values, dict):
        raise ValueError("it is no recipe: it holds no object")
    recipe = recipe_of(values)
    # What the run's pictures said; those of the next one say it anew.
    plain = {each.name: each.default for each in dataclasses.fields(recipe)}
    return dataclasses.replace(recipe, **{name: plain[name] for name in FROM_DATA if name in plain})
