"""Captions in `explore.py`: its verb `stages`."""

from __future__ import annotations

from foreign import bounds
from serving.commands import common

_COLUMNS = 6


class Stages:
    """Pictures of captions, Stage I's above those that Stage II makes of them (StackGAN)."""

    suffixes = (".png",)

    @staticmethod
    def add_options(parser):
        """Which captions, how many pictures of each."""
        parser.add_argument(
            "--captions", nargs="+", metavar="SENTENCE",
            help="one a column; by default captions of the training data",
        )  # fmt: skip
        parser.add_argument(
            "--columns", type=common.SIDE,
            help=f"how many captions of the training data (default: {_COLUMNS})",
        )  # fmt: skip
        parser.add_argument("--rows", type=common.SIDE, default=2, help="latents")

    @staticmethod
    def check(options):
        """Raise `UserError` for options that nothing would read."""
        common.refuse_given(options, ("attributes", "text"), "stages takes --captions")
        why = "stages draws with the running statistics"
        common.refuse_given(options, ("statistics",), why)
        if options.captions:
            common.refuse_given(options, ("columns",), "each of --captions is a column")
        count = len(options.captions or ()) or options.columns or _COLUMNS
        common.refuse_many(2 * count * options.rows, bounds.PAGE)

    @staticmethod
    def page(generator, options):
        """The sheet."""
        from serving.explore.stages import stages_sheet
        from serving.texts import TextSet

        columns = options.columns or _COLUMNS
        takes_text = isinstance(generator.labels, TextSet)
        for caption in (options.captions or ()) if takes_text else ():
            common.say_understood(generator, caption)
        return stages_sheet(
            generator, options.captions, options.rows, columns, options.seed,
            options.truncation,
        )  # fmt: skip
