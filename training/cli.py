"""The command line of the training scripts: options in, exit code out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from console import backend, options
from console.errors import UserError, user_errors
from models import recipe as recipes
from training.listing import ListRecipes
from training.settings import Settings

_NEWEST = ""  # `--resume` without a run
_NOT_OPTIONS = ("name", "label_kind", "num_labels")  # follow from --recipe, --data and --labels


def main(default_recipe: str | None = None, arguments: Sequence[str] | None = None) -> NoReturn:
    """Train from the command line and exit: 0 done, 2 a mistake (one line on stderr), 130 Ctrl-C.

    `default_recipe` is what the script trains unless `--recipe` says otherwise (or the machine is
    too small for it); without one the recipe is the first argument.
    """
    raise SystemExit(run(default_recipe, arguments))


def run(default_recipe: str | None, arguments: Sequence[str] | None = None) -> int:
    """`main` without the exit: returns the exit code."""
    parser = build_parser(default_recipe)
    parsed = parser.parse(arguments)
    try:
        backend.choose()
        from training import device
        from training.command import Command

        with user_errors(ValueError):
            Settings(**options.given(parsed, Settings))
        command = Command(
            script=parser.prog,
            default_recipe=default_recipe,
            asked_recipe=parsed.recipe,
            overrides=options.given(parsed, recipes.Recipe),
            settings=options.given(parsed, Settings),
            resume=_resume(parsed.resume),
            dry_run=parsed.dry_run,
        )
        command.check()
        plan = device.start(command.settings.get("distribute", Settings.distribute))
        from training.session import train

        return train(command, plan)
    except UserError as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\n{parser.prog}: interrupted before training began; nothing kept", file=sys.stderr)
        return 130


def build_parser(default_recipe: str | None) -> options.Parser:
    """The options: those of the script, of the run and of the recipe, in groups."""
    known = ", ".join(recipes.names())
    parser = options.Parser(
        description="Train a GAN. The backend comes from KERAS_BACKEND (tensorflow, jax or torch).",
        epilog=f"Recipes: {known}.",
    )
    if default_recipe is None:
        parser.add_argument("recipe", metavar="RECIPE", help="what to train; see the list below")
    parser.add_argument("--list", action=ListRecipes, help="show all recipes as a table and exit")
    group = parser.add_argument_group("Run")
    if default_recipe is not None:
        group.add_argument(
            "--recipe",
            default=None,
            help=f"what to train; see the list below (default: {default_recipe} with a GPU, a "
            "smaller one of its own without)",
        )
    group.add_argument(
        "--resume",
        nargs="?",
        const=_NEWEST,
        metavar="RUN",
        default=argparse.SUPPRESS,
        help="go on with RUN (folder, name or number), or with the newest run of the recipe",
    )
    group.add_argument(
        "--dry-run",
        action="store_true",
        default=argparse.SUPPRESS,
        help="build everything and print it; train nothing, leave nothing behind",
    )
    parser.set_defaults(resume=None, dry_run=False)
    options.add_fields(parser, Settings)
    options.add_fields(parser, recipes.Recipe, _recipe_defaults(default_recipe), _NOT_OPTIONS)
    return parser


def _recipe_defaults(default_recipe: str | None) -> dict[str, object]:
    """What the help text calls the defaults of the recipe's fields."""
    return recipes.load(default_recipe).to_dict() if default_recipe else {}


def _resume(value: str | None) -> str | None:
    return "newest" if value == _NEWEST else value
