"""The recipes as a table, for `--list`."""

from __future__ import annotations

import argparse

from models import recipes
from models.recipe import Recipe

_HEAD = ("recipe", "networks", "px", "loss", "penalty", "labels", "G : D steps", "what it is")


def table() -> str:
    """One line a recipe, columns aligned."""
    rows = [_HEAD, *(_row(recipes.load(name)) for name in recipes.names())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
    lines.insert(1, "  ".join("─" * width for width in [*widths, len(_HEAD[-1])]))
    return "\n".join(lines)


def _row(recipe: Recipe) -> tuple[str, ...]:
    summary = recipes.describe(recipe.name).strip().split("\n", 1)[0].rstrip(".")
    return (
        recipe.name,
        recipe.architecture,
        str(recipe.resolution),
        recipe.loss,
        _penalty(recipe),
        str(recipe.num_labels) if recipe.conditional else "–",
        f"1 : {recipe.d_steps}",
        summary,
    )


def _penalty(recipe: Recipe) -> str:
    """Whatever holds the networks back or drives them apart, in few words."""
    found = [recipe.penalty] if recipe.penalty != "none" else []
    if recipe.weight_clip:
        found.append(f"clip {recipe.weight_clip:g}")
    if recipe.d_weight_norm != "none":
        found.append(recipe.d_weight_norm)
    if recipe.g_orthogonal or recipe.d_orthogonal:
        found.append("orthogonal")
    if recipe.g_term != "none":
        found.append(recipe.g_term)
    return " + ".join(found) or "–"


class ListRecipes(argparse.Action):
    """Print the table and leave, as `--help` does."""

    def __init__(self, option_strings, dest=argparse.SUPPRESS, help=None):
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser, namespace, values, option_string=None):
        """What argparse calls where the option is given."""
        print(table())
        parser.exit()
