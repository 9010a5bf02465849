"""`publish.py`: a trained network as a web page that runs in the browser."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from console.errors import UserError
from console.options import Parser
from console.screen import say
from console.wording import size
from foreign import names
from serving.commands import common
from serving.export import packages
from serving.output import check_file, check_folder
from serving.publish import FORMAT


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and carry it out; returns the exit code.

    TensorFlow writes the network, also for those of JAX and torch.
    """
    return common.run(build_parser(), publish, arguments, backend="tensorflow")


def build_parser() -> Parser:
    """The options of publish.py."""
    parser = Parser(
        description="Write a static web page that runs a trained network in the browser: a "
        "generator to draw faces with, or a network that changes the visitor's own pictures. Put "
        "the folder on any file host; nothing is computed there, and nothing is sent anywhere. "
        "Needs TensorFlow, also for networks of other backends."
    )
    common.add_source(parser)
    parser.add_argument(
        "out", type=names.path, metavar="OUT", help="folder for the page; with --single, its file"
    )
    parser.add_argument(
        "--network", metavar="NAME",
        help="which network, if the run has several, such as translator_back; default: the first",
    )  # fmt: skip
    parser.add_argument(
        "--single", action="store_true",
        help="one HTML file that works when it is opened from a disk",
    )  # fmt: skip
    parser.add_argument(
        "--space", action="store_true",
        help="what a Gradio Space needs, for those who prefer a server: app, requirements, card",
    )  # fmt: skip
    parser.add_argument("--title", help="the page's heading")
    parser.add_argument(
        "--runtime", type=names.path, metavar="DIR",
        help="folder with the unpacked npm packages onnxruntime-web and gifenc, for machines "
        "without a network; by default they are fetched once and kept",
    )  # fmt: skip
    common.add_overwrite(parser)
    return parser


def publish(options: argparse.Namespace) -> None:
    """Write the page. Raises `UserError`."""
    out: Path = options.out
    _refuse_together(options)
    if options.single:
        if out.suffix.lower() not in (".html", ".htm"):
            raise UserError(f"--single writes one file; call it page.html, not {out.name}")
        check_file(out, options.overwrite)
    else:
        _refuse_nameless(out)
        check_folder(out, options.overwrite, FORMAT)
    common.check_source(options.source)
    packages.require(["onnx"])
    from serving.publish import runtime

    given = runtime.load(options.runtime) if options.runtime else None
    import serving

    network = serving.load_any(options.source, options.weights, options.network)
    from serving.publish import page, space

    page.check(network)
    if options.space:
        made = space.write(network, out, options.title)
    else:
        loaded = given or runtime.load(None)  # fetched only for a network that a page can show
        write = page.write_single if options.single else page.write_folder
        made = write(network, out, loaded, options.title)
    say(f"page       {size(made.size)}, {size(made.packed)} compressed; largest error "
        f"{127.5 * made.error:.2g} of 255: {made.path}")  # fmt: skip
    if options.space:
        say(f"try it     pip install -r {out}/requirements.txt; python {out}/app.py")
    elif options.single:
        say(f"open it    {made.path}")
    else:
        say(f"try it     python -m http.server --directory {made.path} 8000, then open "
            "http://localhost:8000")  # fmt: skip


def _refuse_nameless(folder: Path) -> None:
    """Raise `UserError` for a folder called ".", which cannot be replaced by another one."""
    if folder.name in ("", ".."):
        raise UserError(f"{folder} has no name of its own; name a folder in it or beside it")


def _refuse_together(options: argparse.Namespace) -> None:
    """Raise `UserError` for options of which one would be ignored."""
    if options.space and options.single:
        raise UserError("--single writes one file and --space a folder; choose one of them")
    if options.space and options.runtime:
        raise UserError("--runtime is for pages in the browser; a Space needs none")
