"""Absurd values for every option of every script, found from the parsers themselves."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Iterator, Sequence

from benchmarks.chaos.campaign import Tally, count_outcome, outcome

VALUES = (
    "", " ", "x", "-1", "0", "nan", "-inf", "1e999", "1e23", str(10**23), "9" * 5000, "0x10", "½",
    "a" * 300, "a\0b", "../..", "/", "\x1b[31m\n", "%s", "{0}", "--help", "😀" * 100,
)  # fmt: skip
Parser = argparse.ArgumentParser
# Script → its parser, and the words that it cannot do without.
Script = tuple[Callable[[], Parser], list[str], Callable[[argparse.Namespace], object]]


def scripts() -> dict[str, Script]:
    """Each script: how its parser is built, its needed words, and its checks after parsing."""
    from comparison import command as compare
    from curation import command as prepare
    from models import recipes, systems
    from serving.commands import evaluate, explore, export, generate, publish, translate
    from studies import command as study
    from toys import command as toy
    from training import cli

    nothing = lambda parsed: None  # noqa: E731
    out = ["--out", "out"]
    found: dict[str, Script] = {
        "generate": (generate.build_parser, ["0", *out], nothing),
        "evaluate": (evaluate.build_parser, ["0"], nothing),
        "export": (export.build_parser, ["0", *out], nothing),
        "publish": (publish.build_parser, ["0", "out"], nothing),
        "translate": (translate.build_parser, ["0", "in", *out], nothing),
        "translate ages": (
            functools.partial(translate.build_parser, "", "sex"),
            ["0", "in", *out],
            nothing,
        ),
        "prepare": (prepare.build_parser, ["faces"], nothing),
        "compare": (compare.build_parser, ["gan"], compare.build_plan),
        "toy": (toy.build_parser, ["gan"], toy.build_plan),
        "toy vanishing": (toy.build_parser, ["vanishing"], toy.build_scene),
        "study": (study.build_parser, ["claims", "--list"], study.build_study),
    }
    needed = {"arithmetic": ["--plus", "1"], "project": ["p.png"], "vector": ["--of", "a"]}
    for verb in _verbs(explore.build_parser()):
        words = [verb, "0", *needed.get(verb, []), "--out", "a.png"]
        found[f"explore {verb}"] = (explore.build_parser, words, nothing)
    first: dict[str, str] = {}  # a recipe of each system
    for name in recipes.names():
        first.setdefault(recipes.load(name).system, name)
    for system in systems.names():
        recipe = recipes.load(first[system])
        build = functools.partial(cli.build_parser, None, recipe)
        found[f"train {recipe.name}"] = (build, [recipe.name], _check_training)
    return found


def _verbs(parser: Parser) -> list[str]:
    return [
        verb
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for verb in action.choices
    ]


def _check_training(parsed: argparse.Namespace) -> None:
    """The checks of a training script before the slow imports."""
    from console.errors import user_errors
    from console.options import given
    from models import recipes
    from training.command import Command
    from training.settings import Settings

    recipe = recipes.load(parsed.recipe)
    settings = given(parsed, Settings)
    with user_errors(ValueError):
        Settings(**settings)
    Command("train.py", None, parsed.recipe, given(parsed, type(recipe)), settings, None,
            True).check()  # fmt: skip


def attack_options(
    only: Callable[[str], bool] = lambda script: True, values: Sequence[str] = VALUES
) -> dict[str, Tally]:
    """Each value for each option of each script: it is taken, or refused by one line."""
    tallies = {}
    for script, (build, needed, check) in scripts().items():
        if not only(script):
            continue
        tally, parser = tallies.setdefault(script, Tally()), build()
        for option, value in _options(parser, needed[0], values):
            found = outcome(lambda: _parse(parser, [*needed, option, value], check), (_Refused,))  # noqa: B023
            count_outcome(tally, found, f"{option} {value[:30]!r}")
    return tallies


class _Refused(Exception):
    pass


def _parse(parser: Parser, words: list[str], check: Callable[[argparse.Namespace], object]) -> None:
    """Parse and check; `_Refused` with the line for the user."""
    import contextlib
    import io

    from console.errors import UserError
    from console.screen import shortened

    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            check(parser.parse(words))  # type: ignore[attr-defined]
    except SystemExit as ended:
        if ended.code:
            raise _Refused(said.getvalue().rstrip("\n")) from None
    except UserError as error:
        raise _Refused(shortened(str(error))) from None


def _options(parser: Parser, verb: str, values: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(option, value): every value for every option that takes one."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from _options(action.choices[verb], verb, values)
        elif action.option_strings and action.nargs != 0:
            yield from ((action.option_strings[0], value) for value in values)
