"""The command line of the training scripts: options in, exit code out."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
from collections.abc import Sequence
from typing import NoReturn

from console import backend, options
from console.ending import carry_out
from console.errors import user_errors
from models import fields, recipes, systems
from models.recipe import Recipe
from models.recipe_files import FROM_DATA
from training.listing import ListRecipes
from training.settings import Settings

_NEWEST = ""  # `--resume` without a run


def main(default_recipe: str | None = None, arguments: Sequence[str] | None = None) -> NoReturn:
    """Train from the command line and exit: 0 done, 2 a mistake (one line on stderr), 130 Ctrl-C.

    `default_recipe` is what the script trains unless `--recipe` says otherwise (or the machine is
    too small for it); without one the recipe is the first argument.
    """
    raise SystemExit(run(default_recipe, arguments))


def run(default_recipe: str | None, arguments: Sequence[str] | None = None) -> int:
    """`main` without the exit: returns the exit code."""
    recipe = asked_for(default_recipe, arguments)
    parser = build_parser(default_recipe, recipe)
    parsed = parser.parse(arguments)

    def work() -> int:
        backend.choose()
        from training import device
        from training.command import Command

        with user_errors(ValueError):
            Settings(**options.given(parsed, Settings))
        command = Command(
            script=parser.prog,
            default_recipe=default_recipe,
            asked_recipe=parsed.recipe,
            overrides=options.given(parsed, type(recipe)),
            settings=options.given(parsed, Settings),
            resume=_resume(parsed.resume),
            dry_run=parsed.dry_run,
        )
        command.check()
        plan = device.start(command.distribute())
        from training.fit import train

        return train(command, plan)

    return carry_out(parser.prog, work, "nothing was trained, nothing is kept")


def asked_for(default_recipe: str | None, arguments: Sequence[str] | None) -> Recipe | None:
    """The recipe that the command line names, or None; its fields are the further options.

    This first look ignores mistakes in other options; the real parser reports them.
    """
    parser = options.Parser(add_help=False)
    _add_script_options(parser, default_recipe, optional=True)
    options.add_names(parser, [Settings, *map(systems.recipe_class, systems.names())])
    parsed, _ = parser.parse_known_args(arguments)
    if parsed.recipe is None and default_recipe is None:
        return None
    try:
        recipe = recipes.load(parsed.recipe or default_recipe)
    except ValueError as error:
        parser.error(str(error))
    given = {n: v[0] for n, v in vars(parsed).items() if n == "architecture"}
    return recipe.changed(**given) if _possible(recipe, given) else recipe


def _possible(recipe: Recipe, changes: dict[str, object]) -> bool:
    with contextlib.suppress(ValueError, TypeError):
        return recipe.changed(**changes) is not None
    return False


def build_parser(default_recipe: str | None, recipe: Recipe | None = None) -> options.Parser:
    """The options of the script, of the run, and of `recipe`'s system."""
    own = "" if recipe else " RECIPE --help lists the options of a recipe."
    parser = options.Parser(
        description="Train a system of networks on pictures. The environment variable "
        f"KERAS_BACKEND chooses the backend (tensorflow, jax or torch).{own}",
        epilog=f'Recipes: {recipes.listed()}: a .toml file with recipe = "sagan_cpu" and the '
        "fields that differ, or a run's recipe.json.",
    )
    _add_script_options(parser, default_recipe)
    options.add_fields(parser, Settings)
    if recipe is not None:
        unread = {field.name for field in fields.options(recipe) if _unread(recipe, field)}
        fixed = {field.name for field in dataclasses.fields(recipe)} - _options_of(type(recipe))
        options.add_fields(parser, type(recipe), recipe.to_dict(), fixed, unread)
        parser.others = _fields_of_others(type(recipe))
    return parser


def _options_of(recipe_class: type[Recipe]) -> set[str]:
    """The fields that a user may set; the others follow from the recipe, the data or the phase."""
    return {field.name for field in fields.options(recipe_class)} - set(FROM_DATA)


def _unread(recipe: Recipe, field: dataclasses.Field) -> bool:
    """Whether the recipe's networks never read the field, whatever the other options are."""
    read_by = field.metadata["only"].get("architecture")
    return read_by is not None and recipe.architecture not in read_by


def _fields_of_others(own: type[Recipe]) -> dict[str, str]:
    """Option → its system, for the options that `own` does not have."""
    mine = {field.name for field in dataclasses.fields(own)}
    return {
        f"--{name.replace('_', '-')}": system
        for system in systems.names()
        for name in _options_of(systems.recipe_class(system))
        if name not in mine
    }


def _add_script_options(
    parser: options.Parser, default_recipe: str | None, optional: bool = False
) -> None:
    if default_recipe is None:
        parser.add_argument(
            "recipe",
            metavar="RECIPE",
            nargs="?" if optional else None,
            help="what to train; see the list below, or a file",
        )
    parser.add_argument("--list", action=ListRecipes, help="show all recipes as a table and exit")
    group = parser.add_argument_group("Run")
    if default_recipe is not None:
        group.add_argument(
            "--recipe",
            default=None,
            help=f"what to train; see the list below, or a file (default: {default_recipe} with a "
            "GPU, a smaller recipe without)",
        )
    group.add_argument(
        "--resume",
        nargs="?",
        const=_NEWEST,
        metavar="RUN",
        default=argparse.SUPPRESS,
        help="continue RUN (folder, name or number); without RUN, the newest run of the recipe",
    )
    group.add_argument(
        "--dry-run",
        action="store_true",
        default=argparse.SUPPRESS,
        help="build everything and print the plan; train nothing and leave no files",
    )
    parser.set_defaults(resume=None, dry_run=False)


def _resume(value: str | None) -> str | None:
    return "newest" if value == _NEWEST else value
