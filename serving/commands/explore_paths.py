"""Latents that move in `explore.py`: its verbs `interpolate` and `walk`, films and sheets."""

from __future__ import annotations

import numpy as np

from console.errors import UserError
from console.screen import say
from foreign import bounds, numbers
from media import film
from serving.commands import common
from serving.commands.explore_styles import add_space

_FPS, _STEPS, _COLUMNS, _COUNT, _PATH = 25, 24, 7, 4, "spherical"  # where they are not given


class Interpolate:
    """A looping film through latents, or through sets of attributes at fixed latents.

    As a sheet: a row for each of --tiles, from the first latent or set to the last.
    """

    suffixes = (".png", *film.SUFFIXES)

    @staticmethod
    def add_options(parser):
        """The path, and how it is shown."""
        parser.add_argument(
            "--count", type=common.PAGE, help=f"latents on the path (default: {_COUNT})"
        )
        parser.add_argument(
            "--through", nargs="+", metavar="NAMES",
            help='sets of attributes, or sentences, on the path: "blonde hair" "blue hair, smile"',
        )  # fmt: skip
        parser.add_argument(
            "--path", choices=("spherical", "linear"), metavar="spherical|linear",
            help=f"path of the latents (default: {_PATH}); attributes change linearly",
        )  # fmt: skip
        parser.add_argument(
            "--steps", type=common.PAGE,
            help=f"of a film: frames from one to the next (default: {_STEPS})",
        )  # fmt: skip
        parser.add_argument(
            "--tiles", type=common.PAGE, default=1, help="films side by side, or rows of a sheet"
        )
        _add_shown(parser)

    @staticmethod
    def check(options):
        """Raise `UserError` for options that nothing would read."""
        if options.through:
            why = "the latents stay where --through changes attributes"
            common.refuse_given(options, ("count", "path"), why)
        _refuse_other_form(options, of_films=("steps", "fps"))
        stops = _stops(options)
        if stops < 2:
            what = "set of attributes" if options.through else "latent"
            raise UserError(f"one {what} gives no path; give 2 or more")
        if any(_films(options)):
            steps = options.steps or _STEPS
            common.refuse_many(stops * steps * options.tiles, bounds.FILM)
        if not all(_films(options)):
            columns = options.columns or _COLUMNS
            common.refuse_many(max(columns, stops) * options.tiles, bounds.PAGE)

    @staticmethod
    def film(generator, options):
        """The loop."""
        from serving.explore.paths import interpolate

        return interpolate(
            generator, options.count or _COUNT, options.steps or _STEPS, path=options.path or _PATH,
            through=options.through, tiles=options.tiles, fps=options.fps or _FPS,
            **common.sampling(generator, options),
        )  # fmt: skip

    @staticmethod
    def page(generator, options):
        """Positions on the path, one a column."""
        from serving.explore.paths import interpolation_sheet

        return interpolation_sheet(
            generator, options.count or _COUNT, options.columns or _COLUMNS,
            path=options.path or _PATH, through=options.through, rows=options.tiles,
            **common.sampling(generator, options),
        )  # fmt: skip


class Walk:
    """Latents moved along a direction.

    The direction comes from the first layer's factorisation (--direction), from two groups of
    pictures (--between), or from a property (--property).
    """

    suffixes = (".png", *film.SUFFIXES)

    @staticmethod
    def add_options(parser):
        """The direction, and how it is shown."""
        way = parser.add_mutually_exclusive_group()
        way.add_argument(
            "--direction", type=numbers.whole(), default=0, metavar="K",
            help="number K of the closed-form factorisation of the first layer",
        )  # fmt: skip
        way.add_argument(
            "--between", type=common.picture_numbers, nargs=2, metavar="N,N,N",
            help="from the first group's mean latent to the second's; pictures are numbers of "
            "--seed",
        )  # fmt: skip
        way.add_argument(
            "--property", metavar="NAME",
            help="towards more brightness, saturation, warmth or turn",
        )  # fmt: skip
        parser.add_argument(
            "--reach", type=numbers.real(), default=6.0,
            help="how far to move each way, in standard deviations of a latent's numbers",
        )  # fmt: skip
        parser.add_argument("--rows", type=common.SIDE, default=6, help="latents shown")
        _add_shown(parser)

    @staticmethod
    def check(options):
        """Raise `UserError` for options that nothing would read."""
        _refuse_other_form(options, of_films=("fps",))
        if not all(_films(options)):
            common.refuse_many(options.rows * (options.columns or _COLUMNS), bounds.PAGE)

    @staticmethod
    def page(generator, options):
        """Positions on the way, one a column."""
        from serving.explore.directions import walk

        return walk(
            generator, _direction(generator, options), options.reach, options.rows,
            options.columns or _COLUMNS, **common.sampling(generator, options),
        )  # fmt: skip

    @staticmethod
    def film(generator, options):
        """There and back."""
        from serving.explore.directions import walk_clip

        return walk_clip(
            generator, _direction(generator, options), options.reach, options.rows,
            fps=options.fps or _FPS, **common.sampling(generator, options),
        )  # fmt: skip


def _stops(options) -> int:
    """Through how many latents, or sets of attributes, a path goes."""
    return len(options.through or ()) or options.count or _COUNT


def _add_shown(parser) -> None:
    parser.add_argument(
        "--columns", type=common.SIDE, help=f"of a sheet: positions shown (default: {_COLUMNS})"
    )
    parser.add_argument(
        "--fps", type=common.RATE, help=f"of a film: frames a second (default: {_FPS})"
    )
    add_space(parser)


def _refuse_other_form(options, of_films) -> None:
    """Raise `UserError` for options of sheets if only films are written, and the reverse."""
    films = _films(options)
    if all(films):
        common.refuse_given(options, ("columns",), "a film has no columns")
    if not any(films):
        common.refuse_given(options, of_films, "a sheet is no film")


def _films(options) -> list[bool]:
    """Whether each file of --out is a film."""
    return [path.suffix.lower() in film.SUFFIXES for path in options.out]


def _direction(generator, options) -> np.ndarray:
    from serving.explore import directions

    if options.between:
        return directions.between(generator, *options.between, options.seed)
    if options.property:
        return directions.by_property(generator, options.property, options.seed)
    found, values = directions.factorise(generator)
    if options.direction >= len(found):
        raise UserError(f"--direction must be below {len(found)}, not {options.direction}")
    share = values[options.direction] / values.sum()
    say(f"direction {options.direction} moves {share:.1%} of the first layer's change")
    return found[options.direction]
