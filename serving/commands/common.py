"""Shared by the command lines: options, and errors as one line with exit code 2."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.ending import carry_out
from console.errors import UserError
from console.options import Parser
from console.screen import say
from console.wording import listed
from datasets import DataError, Shape
from datasets.shapes import parse
from foreign import bounds, names, numbers
from serving.output import check_file

if TYPE_CHECKING:
    from models.recipe import Recipe
    from serving.generator import Generator
    from serving.picture_files import Done, Job

FRACTION = numbers.real(above=0, most=1)  # a truncation
# How many: pictures on a side of a page, on a page or in a batch, of a data set, a second.
SIDE = numbers.whole(1, bounds.SIDE)
PAGE = numbers.whole(1, bounds.PAGE)
PICTURES = numbers.whole(1, bounds.PICTURES)
RATE = numbers.whole(1, 1000)


def run(
    parser: Parser,
    command: Callable[[argparse.Namespace], None],
    arguments: Sequence[str] | None = None,
    backend: str | None = None,
) -> int:
    """Parse, choose the backend, carry out `command`; returns the exit code.

    `backend`, if given, replaces what `KERAS_BACKEND` says.
    """
    parsed = parser.parse(arguments)

    def work() -> None:
        if backend is not None:
            os.environ["KERAS_BACKEND"] = backend
        from console.backend import choose

        choose()
        command(parsed)

    return carry_out(parser.prog, work)


def add_source(parser: argparse.ArgumentParser) -> None:
    """RUN and which of its weights."""
    parser.add_argument(
        "source",
        type=names.word,
        metavar="RUN",
        help="a run (folder, name, or number in samples), one of its checkpoints, a "
        "generator.keras file, or anime, which comes with the project",
    )
    parser.add_argument(
        "--weights",
        choices=("ema", "best", "raw"),
        default="ema",
        metavar="ema|best|raw",
        help="the averaged weights, the best by the run's measure, or the weights in training",
    )


def add_sampling(parser: argparse.ArgumentParser) -> None:
    """Seed, attributes and truncation."""
    parser.add_argument("--seed", type=numbers.seed, default=0, help="seed of all random numbers")
    parser.add_argument(
        "--attributes",
        default=None,
        metavar="NAMES",
        help='by name, such as "blue hair, no glasses"; all others are drawn as in the training '
        "data",
    )
    parser.add_argument(
        "--text",
        default=None,
        metavar="SENTENCE",
        help='of a generator that takes captions: such as "a girl with long blue hair"',
    )
    parser.add_argument(
        "--truncation",
        type=FRACTION,
        default=1.0,
        metavar="T",
        help="above 0, at most 1: smaller values give more typical, less varied pictures; of a "
        "StyleGAN, ψ: how far styles are from their average",
    )
    parser.add_argument(
        "--statistics",
        choices=("auto", "running", "standing"),
        default="auto",
        metavar="auto|running|standing",
        help="batch norm's statistics: those of training (running), or recomputed at this "
        "truncation (standing); auto: standing for networks whose norms take the latent, as "
        "BigGAN's do, at truncations below 1",
    )


def sampling(generator: Generator, options: argparse.Namespace) -> dict[str, Any]:
    """What the options of `add_sampling` say, by the names that functions give it."""
    found = {name: getattr(options, name) for name in ("seed", "truncation", "statistics")}
    return found | {"attributes": wish(generator, options)}


def refuse_given(options: argparse.Namespace, names: Sequence[str], why: str) -> None:
    """Raise `UserError` if one of these options was given, which nothing would read."""
    usual = {"truncation": 1.0, "statistics": "auto"}
    for name in names:
        if getattr(options, name) != usual.get(name):
            raise UserError(f"{why}; leave out --{name}")


def wish(generator: Generator, options: argparse.Namespace) -> str | None:
    """What --attributes or --text asks for. Raises `UserError` for the wrong one of the two."""
    takes_text = generator.labels is not None and generator.labels.kind == "captions"
    if options.text is not None and not takes_text:
        labelled = generator.labels is not None
        why = "on labels; choose them with --attributes" if labelled else "without labels"
        raise UserError(f"--text is for captions; {generator.origin} was trained {why}")
    if options.attributes is not None and takes_text:
        raise UserError(f"{generator.origin} was trained on captions; describe faces with --text")
    if options.text is not None:
        say_understood(generator, options.text)
    return options.text if takes_text else options.attributes


def say_understood(generator: Generator, text: str) -> None:
    """Say what a generator reads in a sentence. Raises `UserError` if that is nothing."""
    generator.parse(text)
    for line in generator.labels.understood(text):
        say(line)


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Whether results that exist may be replaced."""
    parser.add_argument("--overwrite", action="store_true", help="replace results that exist")


def check_sheet(path: Path, overwrite: bool, jobs: Sequence[Job]) -> None:
    """Raise `UserError` unless `path` can become a sheet that replaces no file of the jobs."""
    if path.suffix.lower() != ".png":
        raise UserError(f"--sheet writes a PNG; call it {path.stem}.png, not {path.name}")
    check_file(path, overwrite)
    for what, files in (
        ("originals", (job.source for job in jobs)),
        ("results", (job.target for job in jobs)),
    ):
        if path.resolve() in {file.resolve() for file in files}:
            raise UserError(f"--sheet {path} is one of the {what}; choose another")


def say_left_out(done: Done, given: Path) -> None:
    """Name the pictures that could not be read. Raises `UserError` if nothing was written."""
    if done.left_out:
        named = [f"{path} ({reason})" for path, reason in done.left_out]
        say(f"left out   {len(named)} that cannot be read: {listed(named)}")
    if not done.written:
        raise UserError(f"{given} holds no picture that can be read; nothing was written")


def picture_numbers(text: str) -> list[int]:
    """`"3,17,40"` → [3, 17, 40]."""
    return [numbers.seed(each) for each in text.split(",")]


def resolution(text: str) -> Shape:
    """A side such as 64, or width x height such as 64x96, of RGB pictures."""
    try:
        return Shape(*parse(text))
    except DataError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def refuse_many(count: int, most: int) -> None:
    """Raise `UserError` if options ask for more than `most` pictures at once."""
    if count > most:
        raise UserError(f"that would be {count:,} pictures; at most {most:,} are made at once")


def check_source(source: str) -> None:
    """Raise `UserError` if RUN names nothing; needs no Keras, which takes seconds to start."""
    import runs
    from models import shipped

    path = Path(shipped.found(source))
    if path.suffix != ".keras":
        runs.named(path)
    elif not os.path.isfile(path):  # False also for names that cannot exist
        raise UserError(f"There is no file {path}.")


def recipe_of(source: str) -> Recipe | None:
    """The recipe of a run or of a network's file, or None; needs no Keras."""
    import runs
    from models import shipped

    path = Path(shipped.found(source))
    try:
        if path.suffix == ".keras":
            from models import systems
            from models.files import read_metadata

            return systems.recipe_of(read_metadata(path)["recipe"])
        return runs.named(path).recipe()
    except (UserError, ValueError, KeyError, OSError):
        return None
