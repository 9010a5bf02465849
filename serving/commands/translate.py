"""`translate.py`: pictures into others, by a trained network."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from console.errors import UserError
from console.options import Parser
from console.screen import say
from foreign import names, numbers
from serving.commands import ageing, common
from serving.output import whole_file

_BATCH = 16  # pictures at a time
_PAIRS = 32  # on a sheet
_COLUMNS = 8


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and carry it out; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    asks = {"-h", "--help"} & set(arguments)
    parser = build_parser(_ways(arguments) if asks else "", ageing.second_of(arguments))
    return common.run(parser, translate, arguments)


def build_parser(ways: str = "", second: str = "") -> Parser:
    """The options of translate.py.

    Args:
        ways: what the given run does, for the help.
        second: the name of the second label of a network that ages faces.
    """
    parser = Parser(
        description="Turn pictures into others by a trained network: translate, reconstruct, "
        "enlarge, colour or age them. Networks that enlarge or colour take pictures of any size, "
        "transparent ones too. The others give pictures of their own size: the centre square of "
        "each, laid on white where it is transparent, is resized as in training. Originals stay as "
        f"they are.{ways}"
    )
    common.add_source(parser)
    parser.add_argument(
        "input", metavar="INPUT", type=names.path,
        help="a picture, a film (.gif, .webp: frame by frame, with the same timing), or a folder "
        "of both, with its sub-folders",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=names.path, required=True, metavar="OUT",
        help="folder for the results, which keep the inputs' names; or the file of one result",
    )  # fmt: skip
    parser.add_argument(
        "--back", action="store_true", help="the other way: from the second domain to the first"
    )
    parser.add_argument(
        "--render-size", type=numbers.whole(1, 8192), metavar="N",
        help="the size at which a picture is coloured, a multiple of 32 (default: the largest that "
        "was trained on); the picture itself keeps its size and sharpness",
    )  # fmt: skip
    parser.add_argument(
        "--sheet", type=names.path, metavar="FILE.png",
        help=f"also write a sheet of the first {_PAIRS} pictures, each beside its results",
    )  # fmt: skip
    parser.add_argument(
        "--batch-size", type=common.PAGE, metavar="N",
        help=f"pictures at a time (default: {_BATCH}); networks that enlarge or colour take one",
    )  # fmt: skip
    common.add_overwrite(parser)
    ageing.add_options(parser, second)
    return parser


def translate(options: argparse.Namespace) -> None:
    """Turn every picture that can be read into another. Raises `UserError`."""
    from serving import picture_files

    common.check_source(options.source)
    ages = options.age is not None or ageing.ages_faces(options.source)
    jobs = picture_files.plan(options.input, options.out, options.overwrite or ages)
    if options.sheet:
        # The results at several ages have other names.
        common.check_sheet(options.sheet, options.overwrite, [] if ages else jobs)
    import serving

    translator = serving.load_translator(
        options.source, options.weights, options.back, options.render_size
    )
    if translator.any_size and options.batch_size is not None:
        raise UserError(
            f"--batch-size is for pictures of one size, and {translator.origin} takes any, one "
            "at a time; leave it out"
        )
    options.batch_size = options.batch_size or _BATCH
    if options.age is not None or translator.verb == "age":
        ageing.carry_out(translator, options, _PAIRS)
        return
    say(f"{translator.verb:<11}{translator.title or translator.origin}")
    if options.render_size and options.render_size > translator.recipe.resolution:
        say(
            f"note: it was trained on pictures of up to {translator.recipe.resolution} px; at "
            f"{options.render_size} px colours may be wrong"
        )
    pairs: list[np.ndarray] = []

    def seen(before: list[np.ndarray], after: list[np.ndarray]) -> None:
        if options.sheet:
            both = zip(before, after, strict=True)
            pairs.extend(translator.pair(*each) for each in both if len(pairs) < _PAIRS)

    from tqdm import tqdm

    with tqdm(total=len(jobs), unit=" files", file=sys.stderr, mininterval=0.5) as bar:
        done = picture_files.carry_out(translator, jobs, seen, bar.update, options.batch_size)
    common.say_left_out(done, options.input)
    if options.sheet:
        _write_sheet(options.sheet, np.stack(pairs))
    say(f"done: {done.written:,} files in {options.out}")


def _write_sheet(path: Path, pairs: np.ndarray) -> None:
    """`pairs` (N, 2, R, R, 3): each picture beside its result."""
    from media.sheet import sheet

    pictures = pairs.reshape(-1, *pairs.shape[2:])
    page = sheet(pictures, min(_COLUMNS, len(pictures)))
    with whole_file(path) as unfinished:
        page.save(unfinished, format="PNG")


def _ways(arguments: Sequence[str]) -> str:
    """What the run in `arguments` does, in words; "" without a run."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("source", nargs="?")
    source = parser.parse_known_args([a for a in arguments if not a.startswith("-")])[0].source
    if source is None:
        return ""
    from console import backend

    try:
        backend.choose()
        backend.wake()
        import runs
        from serving.source import ON_PICTURES, outputs_of, titles

        run = runs.named(source)
        able = [name for name, each in outputs_of(run).items() if each.verb in ON_PICTURES]
        ways = [titles(run)[name].replace("%", "%%") or name for name in able]
    except UserError:
        return ""
    if not ways:
        return ""
    back = f"; with --back: {ways[1]}" if len(ways) > 1 else ""
    return f" {source}: {ways[0]}{back}."
