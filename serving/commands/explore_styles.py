"""StyleGAN in `explore.py`: its verbs `mix` and `noise`, and the space in which others work."""

from __future__ import annotations

from console.errors import UserError
from serving.commands import common


class Mix:
    """Pictures that take some styles from one latent and the others from another (StyleGAN).

    Rows give the pictures, columns the styles of the layers that --layers names.
    """

    suffixes = (".png",)

    @staticmethod
    def add_options(parser):
        """Which pictures, which layers."""
        for name, default in (("rows", [0, 1, 2]), ("columns", [3, 4, 5, 6])):
            parser.add_argument(
                f"--{name}", type=common.picture_numbers, default=default, metavar="N,N,N",
                help=f"picture numbers of --seed for the {name}, such as 3,17,40",
            )  # fmt: skip
        parser.add_argument(
            "--layers", nargs="+", metavar="LAYERS",
            help="which styles come from the columns, a block of rows for each: coarse (4 and 8 "
            "px), middle (16 and 32), fine, or numbers of layers such as 2-5; default: all levels",
        )  # fmt: skip

    @staticmethod
    def check(options):
        """Raise `UserError` for options that nothing would read."""
        _refuse_unread(options)

    @staticmethod
    def page(generator, options):
        """The sheet of all pairs."""
        from serving.explore.styles import mixing_sheet

        return mixing_sheet(
            generator, options.rows, options.columns, options.layers, options.seed,
            options.truncation,
        )  # fmt: skip


class Noise:
    """The same styles without noise, with the kept noise, and with others (StyleGAN)."""

    suffixes = (".png",)

    @staticmethod
    def add_options(parser):
        """How many pictures, how many draws."""
        parser.add_argument("--count", type=common.SIDE, default=4, help="pictures, one a row")
        parser.add_argument("--draws", type=common.SIDE, default=3, help="other noises shown")

    @staticmethod
    def check(options):
        """Raise `UserError` for options that nothing would read."""
        _refuse_unread(options)

    @staticmethod
    def page(generator, options):
        """One picture a row, one noise a column."""
        from serving.explore.styles import noise_sheet

        return noise_sheet(
            generator, options.count, options.draws, options.seed, options.truncation
        )


def add_space(parser) -> None:
    """In which space a verb works."""
    parser.add_argument(
        "--space", choices=("z", "w"), metavar="z|w",
        help="latents z, or styles w of a StyleGAN; by default w where there are styles",
    )  # fmt: skip


def in_space(generator, space: str | None):
    """The generator, or a StyleGAN with its styles as latents. Raises `UserError`."""
    from serving.style_generator import StyleGenerator

    if isinstance(generator, StyleGenerator):
        return generator if space == "z" else generator.in_styles
    if space == "w":
        raise UserError(f"--space w is for a stylegan; this is a {generator.recipe.system}")
    return generator


def _refuse_unread(options) -> None:
    common.refuse_given(options, ("attributes", "text"), "a stylegan takes no labels")
    common.refuse_given(options, ("statistics",), "a stylegan has no batch norm")
