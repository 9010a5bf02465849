"""`export.py`: a generator for use without this project."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from console.options import Parser
from console.wording import size
from serving.commands import common
from serving.output import check_folder

FORMATS = ("keras", "saved_model", "onnx", "litert")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and carry it out; returns the exit code.

    TensorFlow makes every format except `keras`; it also loads generators of JAX and torch.
    """
    return common.run(build_parser(), export_all, arguments, backend="tensorflow")


def build_parser() -> Parser:
    """The options of export.py."""
    parser = Parser(
        description="Write a trained generator in formats for use elsewhere. Each file is checked "
        "against the Keras generator at once. Needs TensorFlow, also for generators of other "
        "backends."
    )
    common.add_source(parser)
    parser.add_argument(
        "--format", nargs="+", choices=FORMATS, default=["saved_model"],
        metavar="|".join(FORMATS), help="which formats",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="each format gets a folder in it"
    )
    common.add_overwrite(parser)
    return parser


def export_all(options: argparse.Namespace) -> None:
    """Export in every format asked for. Raises `UserError`."""
    formats = list(dict.fromkeys(options.format))
    for form in formats:
        check_folder(options.out / form, options.overwrite)
    import serving

    generator = serving.load(options.source, options.weights)  # first: it wakes Keras silently
    from serving.export.export import export

    for form in formats:
        made = export(generator, form, options.out / form)
        common.say(f"{form:<12}{size(made.size)}, largest error {made.error:.1e}: {made.folder}")
