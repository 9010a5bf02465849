"""The recipes as a table, for `--list`."""

from __future__ import annotations

import argparse

from console.screen import show
from models import recipes
from models.recipe import Recipe

_FIRST, _LAST = ("recipe", "system", "px"), "what it is"


def table() -> str:
    """One line per recipe, in aligned columns. A dash: the column does not apply to its system."""
    chosen = [recipes.load(name) for name in recipes.names()]
    columns = list(dict.fromkeys(name for recipe in chosen for name in recipe.traits()))
    head = (*_FIRST, *columns, _LAST)
    rows = [head, *(_row(recipe, columns) for recipe in chosen)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
    lines.insert(1, "  ".join("─" * width for width in [*widths, len(_LAST)]))
    return "\n".join(lines)


def _row(recipe: Recipe, columns: list[str]) -> tuple[str, ...]:
    summary = recipes.describe(recipe.name).strip().split("\n", 1)[0].rstrip(".")
    traits = recipe.traits()
    own = (traits.get(name, "–") for name in columns)
    return (recipe.name, recipe.system, str(recipe.resolution), *own, summary)


class ListRecipes(argparse.Action):
    """Print the table and leave, as `--help` does."""

    def __init__(self, option_strings, dest=argparse.SUPPRESS, help=None):
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser, namespace, values, option_string=None):
        """Called by argparse when the option is given."""
        show(*table().splitlines())
        parser.exit()
