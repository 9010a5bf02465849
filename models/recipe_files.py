"""Recipes of the users' own, in files: `train.py mine.toml`.

A `.toml` file names the recipe that it changes, and its fields:

    recipe = "sagan_cpu"
    g_filters = 384
    steps = 20_000

A `.json` file is a whole recipe as a run records it, in `recipe.json`. The recipes of the project
are in `models.recipes`, which reads files by this module.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Sequence
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


@dataclasses.dataclass(frozen=True)
class RecipeFile:
    """A file with a recipe; `load` finds those of the project by their `names`.

    The recipe of a `.toml` file has the name of the file, that of a `.json` file the name in it.
    """

    path: Path
    load: Callable[[str], Recipe]
    names: Sequence[str]

    def read(self) -> Recipe:
        """The recipe.

        Raises:
            ValueError: there is no such file, it describes no recipe, or it sets a field that
                nothing reads; the message names the file.
        """
        return self._told(self._read)

    def given(self) -> dict[str, Any]:
        """The fields that the file sets, and those that the files which it changes set.

        Of a `.json` file all that a user may set. Raises ValueError as `read` does.
        """
        if self.is_whole:
            recipe = self.read()
            return {name: getattr(recipe, name) for name in _options(recipe)}
        return self._told(lambda: self._changes(())[1])

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole recipe, and not what changes another one."""
        return self.path.suffix.lower() == ".json"

    def _told(self, action: Callable[[], Any]) -> Any:
        """What `action` returns; its errors name the file."""
        if wrong := problem(str(self.path)):
            raise ValueError(f"{str(self.path)!r} {wrong}")
        path = self.path.expanduser()
        if not os.path.isfile(path):
            raise ValueError(
                f"There is no file {path}. A recipe is a file, or one of the project's: "
                f"{', '.join(self.names)}."
            )
        try:
            return action()
        except ValueError as error:
            text = str(error)
            raise ValueError(text if str(path) in text else f"{path}: {text}") from error

    def _read(self) -> Recipe:
        if self.is_whole:
            return self._recorded()
        base, table = self._changes(())
        recipe = recipe_of(base.to_dict() | base.without_unread(table) | {"name": self.path.stem})
        fields.refuse_ignored(recipe, table)
        return recipe

    def _changes(self, behind: tuple[Path, ...]) -> tuple[Recipe, dict[str, Any]]:
        """The recipe that the file changes, and the fields.

        `behind`: the files that led to this one.
        """
        path = self.path.expanduser()
        if path.resolve() in behind:
            raise ValueError(f"{path} changes itself")
        table = records.read_toml(path)
        name = table.pop(_BASE, None)
        if not isinstance(name, str):
            raise ValueError(
                f'it must name the recipe that it changes, as in {_BASE} = "sagan_cpu"'
            )
        self._check_name(path.stem)
        if path.stem.lower() in (each.lower() for each in self.names):
            raise ValueError(f"{path.stem} is a recipe of the project; give the file another name")
        before: dict[str, Any] = {}
        if name.lower().endswith(".toml"):
            beside = dataclasses.replace(self, path=path.parent / name)
            base, before = beside._told(lambda: beside._changes((*behind, path.resolve())))
        elif is_file(name):
            base = dataclasses.replace(self, path=path.parent / name).read()
        else:
            base = self.load(name)
        known = _options(base)
        for field in table:
            if field in FROM_DATA:
                raise ValueError(f"{field} follows from the pictures' labels; leave it out")
            if field not in known:
                raise ValueError(f"a recipe of {base.system} has no field {near(field, known)}")
        return base, before | table

    def _recorded(self) -> Recipe:
        values: Any = records.read_json(self.path.expanduser())
        if not isinstance(values, dict):
            raise ValueError("it is no recipe: it holds no object")
        recipe = recipe_of(values)
        self._check_name(recipe.name)
        if recipe.name.lower() not in (name.lower() for name in self.names):
            return recipe
        # The labels of the run's pictures are not those of the next one.
        plain = self.load(recipe.name)
        own = {field.name for field in dataclasses.fields(plain)}
        kept = {name: getattr(plain, name) for name in FROM_DATA if name in own}
        return dataclasses.replace(recipe, **kept)

    @staticmethod
    def _check_name(name: str) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"the name of a recipe is made of letters, digits, _ and - alone, not {name!r}"
            )


def _options(recipe: Recipe) -> list[str]:
    """The fields that a user may set."""
    return [each.name for each in fields.options(recipe) if each.name not in FROM_DATA]
