"""`explore.py`: films, sheets and figures that show what a generator has learned."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from console.errors import UserError
from console.options import Parser
from console.screen import say
from datasets import decode
from datasets.errors import PictureError
from foreign import bounds, names, numbers
from media import film
from serving.commands import common
from serving.commands.explore_paths import Interpolate, Walk
from serving.commands.explore_styles import Mix, Noise, add_space, in_space
from serving.commands.explore_text import Stages
from serving.commands.explore_vector import Vector
from serving.output import check_file, whole_file

_PAGES = (".png",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and carry it out; returns the exit code."""
    return common.run(build_parser(), explore, arguments)


def build_parser() -> Parser:
    """The verbs of explore.py and their options."""
    parser = Parser(
        description="Look into a trained generator. `explore.py VERB --help` explains a verb."
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in (
        Interpolate, _Arithmetic, Walk, _Attention, _Truncation, _Project, Mix, Noise, Stages,
        Vector,
    ):  # fmt: skip
        description = " ".join(verb.__doc__.split())
        name = verb.__name__.strip("_").lower()
        options = verbs.add_parser(name, help=description, description=description)
        common.add_source(options)
        verb.add_options(options)
        common.add_sampling(options)
        options.add_argument(
            "--out", type=names.path, nargs="+", required=True, metavar="FILE",
            help=f"one or more files; the suffix selects the format: {', '.join(verb.suffixes)}",
        )  # fmt: skip
        common.add_overwrite(options)
        options.set_defaults(carry_out=verb)
    return parser


def explore(options: argparse.Namespace) -> None:
    """Make the verb's film, sheet or figure and write it to every file. Raises `UserError`."""
    verb = options.carry_out
    for path in options.out:
        if path.suffix.lower() not in verb.suffixes:
            raise UserError(
                f"{options.verb} writes {', '.join(verb.suffixes)}, not {path.suffix!r} ({path})"
            )
        check_file(path, options.overwrite)
    verb.check(options)
    common.check_source(options.source)
    if any(path.suffix.lower() == ".mp4" for path in options.out):
        film.check_suffix(".mp4")
    import serving

    generator = serving.load(options.source, options.weights)
    if hasattr(options, "space"):
        generator = in_space(generator, options.space)
    made = {}
    for path in options.out:
        kind = "film" if path.suffix.lower() in film.SUFFIXES else "page"
        made[kind] = made.get(kind) or getattr(verb, kind)(generator, options)
        with whole_file(path) as unfinished:
            made[kind].save(unfinished)
        say(f"wrote {path} ({path.stat().st_size / 1e3:.0f} kB)")


class _Arithmetic:
    """Sums of averaged latents, as in DCGAN's figure 7: smiling woman − woman + man."""

    suffixes = _PAGES

    @staticmethod
    def add_options(parser):
        what = "picture numbers of --seed to average and {}, such as 3,17,40; may be repeated"
        parser.add_argument(
            "--plus", type=common.picture_numbers, action="append", required=True, metavar="N,N,N",
            help=what.format("add"),
        )  # fmt: skip
        parser.add_argument(
            "--minus", type=common.picture_numbers, action="append", default=[], metavar="N,N,N",
            help=what.format("subtract"),
        )  # fmt: skip
        add_space(parser)

    @staticmethod
    def check(options):
        why = "arithmetic takes pictures by number"
        common.refuse_given(options, ("attributes", "text"), why)

    @staticmethod
    def page(generator, options):
        from serving.explore.arithmetic import arithmetic

        return arithmetic(
            generator, options.plus, options.minus, options.seed, options.truncation,
            options.statistics,
        )  # fmt: skip


class _Attention:
    """Where self-attention looks from chosen points, drawn over the pictures."""

    suffixes = _PAGES

    @staticmethod
    def add_options(parser):
        parser.add_argument("--count", type=common.SIDE, default=4, help="pictures, one a row")
        parser.add_argument(
            "--points", type=_point, nargs="+", metavar="X,Y",
            help="from 0,0 (left, top) to 1,1 (right, bottom); five spread ones if left out",
        )  # fmt: skip
        parser.add_argument(
            "--layer", type=numbers.whole(), default=0, help="which layer, if there are several"
        )

    @staticmethod
    def check(options):
        pass

    @staticmethod
    def page(generator, options):
        from serving.explore.attention import POINTS, figure

        return figure(
            generator, options.count, points=options.points or POINTS, layer=options.layer,
            **common.sampling(generator, options),
        )  # fmt: skip


class _Truncation:
    """A sheet with one column per truncation and one row per seed and label."""

    suffixes = _PAGES

    @staticmethod
    def add_options(parser):
        parser.add_argument(
            "--levels", type=common.FRACTION, nargs="+", default=[1.0, 0.85, 0.7, 0.5, 0.3],
            metavar="T", help="truncations",
        )  # fmt: skip
        parser.add_argument("--rows", type=common.SIDE, default=8, help="pictures a column")

    @staticmethod
    def check(options):
        common.refuse_given(options, ("truncation",), "truncation draws all of --levels")
        common.refuse_many(len(options.levels) * options.rows, bounds.PAGE)

    @staticmethod
    def page(generator, options):
        from serving.explore.truncation import truncation_sheet

        return truncation_sheet(
            generator, options.levels, options.rows, options.seed, common.wish(generator, options),
            options.statistics,
        )  # fmt: skip


class _Project:
    """A given picture, the nearest picture that the generator makes, and the difference.

    An .npz file holds the latent.
    """

    suffixes = (*_PAGES, ".npz")

    @staticmethod
    def add_options(parser):
        parser.add_argument("picture", type=names.path, metavar="PICTURE", help="a picture file")
        parser.add_argument("--steps", type=numbers.whole(1), default=300, help="optimiser steps")
        parser.add_argument("--starts", type=common.PAGE, default=4, help="random starts")
        add_space(parser)

    @staticmethod
    def check(options):
        common.refuse_given(options, ("truncation",), "project searches all latents")
        why = "project draws with the running statistics"
        common.refuse_given(options, ("statistics",), why)
        if not options.picture.is_file():
            raise UserError(f"there is no picture {options.picture}")
        try:
            decode.size(options.picture)
        except PictureError as error:
            raise UserError(f"{options.picture} cannot be used: {error}") from error

    @staticmethod
    def page(generator, options):
        from serving.explore.projection import project

        found = project(
            generator, options.picture, options.steps, options.starts, options.seed,
            common.wish(generator, options),
        )  # fmt: skip
        say(
            f"rms error {found.rmse:.1f} of 255 (PSNR {found.psnr:.1f} dB); the best random "
            f"latent: {found.start:.1f}"
        )
        return found


def _point(text: str) -> tuple[float, float]:
    """`"0.5,0.2"` → (0.5, 0.2)."""
    try:
        x, y = map(float, text.split(","))
    except ValueError:
        words = f"a point is X,Y such as 0.5,0.2, not {numbers.shown(text)}"
        raise argparse.ArgumentTypeError(words) from None
    if not (0 <= x <= 1 and 0 <= y <= 1):
        words = f"a point lies between 0,0 and 1,1, not at {numbers.shown(text)}"
        raise argparse.ArgumentTypeError(words)
    return x, y
