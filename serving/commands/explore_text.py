"""Captions in `explore.py`: its verb `stages`."""

from __future__ import annotations

from console.errors import UserError
from foreign import bounds
from serving.commands import common


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
        parser.add_argument("--columns", type=common.SIDE, default=6, help="captions drawn")
        parser.add_argument("--rows", type=common.SIDE, default=2, help="latents")

    @staticmethod
    def page(generator, options):
        """The sheet."""
        from serving.explore.stages import stages_sheet
        from serving.texts import TextSet

        if options.attributes or options.text:
            raise UserError("stages takes --captions; leave out --text and --attributes")
        count = len(options.captions or ()) or options.columns
        takes_text = isinstance(generator.labels, TextSet)
        for caption in (options.captions or ()) if takes_text else ():
            common.say_understood(generator, caption)
        common.refuse_many(2 * count * options.rows, bounds.PAGE)
        return stages_sheet(
            generator, options.captions, options.rows, options.columns, options.seed,
            options.truncation,
        )  # fmt: skip
