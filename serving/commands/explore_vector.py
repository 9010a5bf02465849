"""`explore.py vector`: attribute vectors of an autoencoder, tried on the faces that it held out."""

from __future__ import annotations

from console.screen import show
from foreign import names, numbers
from serving.commands import common


class Vector:
    """Attributes added to and removed from held-out pictures, by vectors of a VAE's mean codes."""

    suffixes = (".png",)

    @staticmethod
    def add_options(parser):
        """Which attributes, how strongly, how many faces."""
        parser.add_argument(
            "--of", nargs="+", required=True, metavar="NAME", help='attributes, such as "glasses"'
        )
        parser.add_argument("--rows", type=common.SIDE, default=2, help="faces of each kind")
        parser.add_argument(
            "--strength", type=numbers.real(), default=1.0, metavar="S", help="factor of the vector"
        )
        parser.add_argument(
            "--data-cache", type=names.path, metavar="DIR", help="folder for prepared pictures"
        )

    @staticmethod
    def check(options):
        """Raise `UserError` for options that nothing would read."""
        unread = ("attributes", "text", "truncation", "statistics")
        common.refuse_given(options, unread, "vector changes faces that the run held out")

    @staticmethod
    def page(generator, options):
        """The sheet; the table is printed."""
        from serving import training_data
        from serving.autoencoder import Autoencoder
        from serving.explore import edits, vectors
        from serving.history import run_of

        model = Autoencoder(options.source, options.weights)
        data = training_data.open_own(run_of(options.source), options.data_cache)
        found = vectors.Vectors(model, data, options.of, options.seed)
        show(*edits.table(found.rows(options.strength)).splitlines())
        return found.page(options.rows, options.strength)
