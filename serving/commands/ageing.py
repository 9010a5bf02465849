"""The options and files of `translate.py` for a network that shows faces at another age."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from console.errors import UserError
from console.screen import say
from media.sheet import sheet
from serving.commands import common
from serving.output import whole_file

if TYPE_CHECKING:
    from serving.kinds import OnPictures

SYSTEM = "caae"


def add_options(parser: argparse.ArgumentParser, second: str) -> None:
    """--age, and an option with the name of the run's second label, if it has one."""
    group = parser.add_argument_group("Ageing")
    group.add_argument(
        "--age", metavar="AGE",
        help="the age to show, by name or number; without it every age, one file each",
    )  # fmt: skip
    if second:
        words = second.replace("%", "%%")
        group.add_argument(
            option_of(second, parser), dest="second", metavar="NAME",
            help=f"the {words} to show; without it every {words}, one file each",
        )  # fmt: skip
    parser.set_defaults(second=None)


def option_of(label: str, parser: argparse.ArgumentParser) -> str:
    """The option of a label, which is called as it: "hair colour" gives "hair-colour".

    Where the parser has an option of that name: "weights" gives "second-weights".
    """
    name = "-".join(label.lower().split())
    taken = {each for action in parser._actions for each in action.option_strings}
    return "--" + (f"second-{name}" if f"--{name}" in taken else name)


def ages_faces(source: str) -> bool:
    """Whether `source` is the run of a system that ages faces; needs no Keras."""
    recipe = common.recipe_of(source)
    return recipe is not None and recipe.system == SYSTEM


def second_of(arguments: Sequence[str]) -> str:
    """The name of the second label of the run among `arguments`, "" if there is none."""
    for word in arguments:
        if not word.startswith("-") and ages_faces(word):
            return common.recipe_of(word).second_label
    return ""


def carry_out(translator: OnPictures, options: argparse.Namespace, most: int) -> None:
    """Write every picture at every age that is asked for, and the sheet of the first `most`.

    Raises `UserError` for labels that the network does not know, and as `picture_files.plan` does.
    """
    from tqdm import tqdm

    from serving import picture_files
    from serving.ager import Ager

    if not isinstance(translator, Ager):
        raise UserError(
            f"--age is for networks that age faces; {translator.origin} holds a "
            f"{translator.recipe.system}"
        )
    targets = translator.targets(options.age, options.second)
    where = options.input, options.out, options.overwrite
    jobs = [picture_files.plan(*where, target.tag) for target in targets]
    if options.sheet:
        common.check_sheet(options.sheet, options.overwrite, [job for one in jobs for job in one])
    say(f"age        to {'; '.join(target.caption for target in targets)}")
    before: list[np.ndarray] = []
    after: dict[str, list[np.ndarray]] = {target.caption: [] for target in targets}
    done = picture_files.Done()
    total = sum(map(len, jobs))
    with tqdm(total=total, unit=" files", file=sys.stderr, mininterval=0.5) as bar:
        for target, planned in zip(targets, jobs, strict=True):
            made = after[target.caption]
            given = before if target is targets[0] else []
            seen = _keeper(given, made, most) if options.sheet else lambda *_: None
            one = picture_files.carry_out(
                target.ager, planned, seen, bar.update, options.batch_size
            )
            done = picture_files.Done(done.written + one.written, one.left_out)
    common.say_left_out(done, options.input)
    if options.sheet:
        _write_sheet(options.sheet, before, after)
    say(f"done: {done.written:,} files in {options.out}")


def _keeper(before: list[np.ndarray], after: list[np.ndarray], most: int):
    """A function that keeps the first `most` pictures that it is called with."""

    def seen(given: list[np.ndarray], made: list[np.ndarray]) -> None:
        room = max(0, most - len(after))
        before.extend(given[:room])
        after.extend(made[:room])

    return seen


def _write_sheet(path: Path, before: list[np.ndarray], after: dict[str, list[np.ndarray]]) -> None:
    """A row a person: the picture, then a column for each caption."""
    columns = [before, *after.values()]
    pictures = np.stack([np.stack(column) for column in columns], axis=1)
    page = sheet(pictures.reshape(-1, *pictures.shape[2:]), len(columns), ("picture", *after))
    with whole_file(path) as unfinished:
        page.save(unfinished, format="PNG")
