"""Caching by `prepare.py`: its options, and what it prints; see `curation.command`."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from console.ending import carry_out
from console.errors import UserError
from console.options import Parser
from console.screen import show
from datasets import folders
from datasets.batches import Batches
from datasets.data import ImageData, open_data
from datasets.decode import image_of, to_rgb
from datasets.errors import DataError
from datasets.labels import Labels
from datasets.shapes import KINDS, RGB, Shape, parse
from datasets.sources import KNOWN
from foreign import names, numbers
from foreign.files import replaced


def run(
    parser: Parser,
    command: Callable[[argparse.Namespace], None],
    options: argparse.Namespace,
) -> int:
    """Run a command with its options; 0, 2 after a one-line error, 130 after Ctrl-C."""
    mistakes = (DataError, UserError)
    return carry_out(
        parser.prog, lambda: command(options), "unfinished files were removed", mistakes
    )


def label_table(labels: Labels) -> list[str]:
    """One line per class or attribute: its name, how many pictures have it, the share."""
    if labels.kind == "classes":
        counts = np.bincount(labels.values, minlength=len(labels.names))
    else:
        counts = labels.values.sum(axis=0).astype(int)
    total, width = len(labels.values), max(map(len, labels.names))
    in_group = {name: group for group, names in labels.groups.items() for name in names}
    return [
        f"  {name:<{width}}  {count:>8,}  {count / total:>6.1%}  {in_group.get(name, '')}".rstrip()
        for name, count in zip(labels.names, counts, strict=True)
    ]


def contact_sheet(data: ImageData, side: int, path: Path) -> None:
    """Write a PNG of side × side pictures, chosen at random but always the same ones."""
    count = min(side * side, len(data.images))
    images, _ = Batches(data, count, seed=0).batch(0)
    height, width = data.images.shape[1:3]
    sheet = Image.new("RGB", (side * width, -(-count // side) * height), "white")
    for i, image in enumerate(images):
        sheet.paste(to_rgb(image_of(image)), (i % side * width, i // side * height))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as unfinished:
            sheet.save(unfinished)
    except (OSError, ValueError) as error:
        raise DataError(f"Cannot write the contact sheet {str(path)!r}: {error}.") from None


def prepare(options: argparse.Namespace) -> None:
    """Cache the data set and print what is in it. Raises `DataError`."""
    start = time.perf_counter()
    if options.sheet is not None:
        _refuse_among_pictures(options.sheet, options.data)
    data = open_data(
        options.data,
        Shape(*parse(options.resolution), options.channels),
        labels=options.labels,
        count=options.count,
        cache_dir=options.cache,
        workers=options.workers,
    )
    show(*data.report())
    if data.labels is not None:
        show("Labels:", *label_table(data.labels))
    if options.sheet is not None:
        contact_sheet(data, 8, options.sheet)
        show(f"Contact sheet: {options.sheet}")
    megabytes = data.images.nbytes / 2**20
    seconds = time.perf_counter() - start
    show(f"Cache: {data.folder} ({megabytes:,.0f} MiB), ready in {seconds:.1f} s")


def _refuse_among_pictures(sheet: Path, data: str) -> None:
    if data not in KNOWN and folders.among_pictures(sheet, Path(data).expanduser()):
        raise DataError(
            f"--sheet {sheet} lies in the folder of pictures {data}: the sheet would replace one "
            "or become one of them; give a path elsewhere."
        )


def build_parser() -> Parser:
    """The options of caching."""
    parser = Parser(
        prog="prepare.py",
        description="Cache a data set ahead of training and say what is in it.",
    )
    known, whole = ", ".join(KNOWN), numbers.plain(int)
    parser.add_argument("data", metavar="DATA", help=f"a folder of pictures, or one of: {known}")
    parser.add_argument(
        "--resolution",
        default="64",
        help="a power of two, or width x height, such as 64x96 (default 64)",
    )
    parser.add_argument(
        "--channels", type=whole, choices=list(KINDS), default=RGB, help="1 grey, 3 RGB, 4 RGBA"
    )
    parser.add_argument(
        "--labels",
        help="a CSV file, a folder of JSON files, 'folders' or 'none' "
        "(default: the data set's own, if any)",
    )
    parser.add_argument("--count", type=whole, help="how many pictures (default all, faces 20 000)")
    parser.add_argument("--cache", type=names.path, help="cache folder (default datasets/cache)")
    parser.add_argument("--workers", type=whole, help="drawing processes (default one per core)")
    parser.add_argument("--sheet", type=names.path, metavar="PNG", help="draw a contact sheet")
    return parser
