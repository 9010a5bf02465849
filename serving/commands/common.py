"""Shared by the command lines: options, and errors as one line with exit code 2."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from console.errors import UserError
from console.options import Parser
from console.wording import listed
from datasets import DataError, Shape
from datasets.shapes import parse

if TYPE_CHECKING:
    from serving.picture_files import Done

INTERRUPTED = 130


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
    try:
        if backend is not None:
            os.environ["KERAS_BACKEND"] = backend
        from console.backend import choose

        choose()
        command(parsed)
    except UserError as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\n{parser.prog}: interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0


def add_source(parser: argparse.ArgumentParser) -> None:
    """RUN and which of its weights."""
    parser.add_argument(
        "source",
        metavar="RUN",
        help="a run (folder, name, or number in samples), one of its checkpoints, or a "
        "generator.keras file",
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
    parser.add_argument("--seed", type=whole, default=0, help="seed of all random numbers")
    parser.add_argument(
        "--attributes",
        default=None,
        metavar="NAMES",
        help='by name, such as "blue hair, no glasses"; all others are drawn as in the training '
        "data",
    )
    parser.add_argument(
        "--truncation",
        type=fraction,
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


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Whether results that exist may be replaced."""
    parser.add_argument("--overwrite", action="store_true", help="replace results that exist")


def say(text: str) -> None:
    """Print one line for the user."""
    print(text, file=sys.stderr, flush=True)


def say_left_out(done: Done, given: Path) -> None:
    """Name the pictures that could not be read. Raises `UserError` if nothing was written."""
    if done.left_out:
        named = [f"{path} ({reason})" for path, reason in done.left_out]
        say(f"left out   {len(named)} that cannot be read: {listed(named)}")
    if not done.written:
        raise UserError(f"{given} holds no picture that can be read; nothing was written")


def whole(text: str) -> int:
    """A whole number of at least 0."""
    value = _number(int, text, "a whole number")
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError(f"must be at least 0 and below 2**63, not {text}")
    return value


def numbers(text: str) -> list[int]:
    """Picture numbers: `"3,17,40"` → [3, 17, 40]."""
    return [whole(each) for each in text.split(",")]


def positive(text: str) -> int:
    """A whole number of at least 1."""
    value = _number(int, text, "a whole number")
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return value


def fraction(text: str) -> float:
    """A truncation: above 0, at most 1."""
    value = _number(float, text, "a number")
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most 1, not {text}")
    return value


def resolution(text: str) -> Shape:
    """A side such as 64, or width x height such as 64x96, of RGB pictures."""
    try:
        return Shape(*parse(text))
    except DataError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def finite(text: str) -> float:
    """A number that is neither infinite nor NaN."""
    value = _number(float, text, "a number")
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"must be a finite number, not {text}")
    return value


def _number(kind: type, text: str, words: str):
    try:
        return kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be {words}, not {text!r}") from None
