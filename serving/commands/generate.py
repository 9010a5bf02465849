"""`generate.py`: pictures from a trained generator."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from console.errors import UserError, user_errors
from console.options import Parser
from console.screen import say
from foreign import arrays, bounds, names, numbers, records
from foreign.files import remove_unfinished, replaced, write_json
from serving.commands import common
from serving.output import NpzWriter, check_folder, disk_errors, whole_file

SHEET, ARRAYS, RECORD = "sheet.png", "pictures.npz", "pictures.json"
_WRITE = ("png", "sheet", "npz")
_ON_SHEET = 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and carry it out; returns the exit code."""
    return common.run(build_parser(), generate, arguments)


def build_parser() -> Parser:
    """The options of generate.py."""
    parser = Parser(description="Draw pictures with a trained generator.")
    common.add_source(parser)
    most = numbers.whole(1, bounds.PICTURES)
    parser.add_argument("--count", type=most, default=64, help="how many pictures")
    common.add_sampling(parser)
    parser.add_argument(
        "--vector",
        type=names.path,
        metavar="FILE",
        help="an .npy with your own vector of a sentence, if the training had vectors (--vectors)",
    )
    parser.add_argument(
        "--out", type=names.path, required=True, metavar="DIR", help="folder to write to"
    )
    parser.add_argument(
        "--write",
        nargs="+",
        choices=_WRITE,
        default=["png", "sheet"],
        metavar="png|sheet|npz",
        help="one PNG per picture, a sheet of the first 64, or arrays of pictures, latents, labels",
    )
    parser.add_argument("--batch-size", type=common.PAGE, default=64, help="pictures at a time")
    common.add_overwrite(parser)
    return parser


def generate(options: argparse.Namespace) -> None:
    """Write the pictures, a batch at a time. Raises `UserError`."""
    check_folder(options.out, options.overwrite)
    common.check_source(options.source)
    if options.vector is not None:
        if options.text or options.attributes:
            raise UserError("--vector says all; leave out --text and --attributes")
        with user_errors(records.Unreadable):
            arrays.mapped(options.vector)
    import serving

    generator = serving.load(options.source, options.weights)
    wanted = _wish(generator, options)
    if generator.labels is not None and wanted is None:
        what = "captions " if generator.labels.kind == "captions" else "labels   "
        way = "--text" if generator.labels.kind == "captions" else "--attributes"
        say(f"{what}  drawn as in the training data; choose them with {way}")
    batches = generator.stream(
        options.count, options.seed, wanted, options.truncation,
        options.statistics, options.batch_size,
    )  # fmt: skip
    first = next(batches)  # errors come here, before the folder is made
    with disk_errors(options.out):
        options.out.mkdir(parents=True, exist_ok=True)
        _remove_earlier(options.out)
    with Writer(options, generator) as writer:
        writer.add(first)
        for batch in batches:
            writer.add(batch)
        writer.finish()
    say(f"done: {options.count:,} pictures in {options.out}")


def _wish(generator, options: argparse.Namespace):
    """The attributes, sentence or vector that the options ask for, or None."""
    if options.vector is None:
        return common.wish(generator, options) or None
    if generator.labels is None or generator.labels.kind != "captions":
        raise UserError(f"--vector is for captions; {generator.origin} was not trained on any")
    return generator.labels.read(options.vector)


class Writer(contextlib.ExitStack):
    """Writes batches of pictures to a folder in the forms asked for, with a progress bar."""

    def __init__(self, options: argparse.Namespace, generator):
        super().__init__()
        self._options, self._generator = options, generator
        self._done = 0
        self._digits = _digits(options.count)
        self._shown: list = []
        self._inputs: list = []  # (latents, labels) of each batch, for the arrays
        self._arrays: NpzWriter | None = None

    def __enter__(self) -> Writer:
        from tqdm import tqdm

        options = self._options
        with disk_errors(options.out):
            # Before the first picture, so that after an interruption ours are known.
            write_json(options.out / RECORD, self._record())
        if "npz" in options.write:
            unfinished = self.enter_context(whole_file(options.out / ARRAYS))
            shape = (options.count, *self._generator.recipe.data_shape)
            self._arrays = NpzWriter(unfinished, "images", shape, "uint8")
            self.callback(self._arrays.abandon)
        self._bar = self.enter_context(
            tqdm(total=options.count, unit=" pictures", file=sys.stderr, mininterval=0.5)
        )
        return self

    def add(self, batch) -> None:
        """Write one batch."""
        from datasets.decode import image_of

        with self._told():
            for image in batch.images if "png" in self._options.write else ():
                path = self._options.out / f"{self._done:0{self._digits}d}.png"
                with replaced(path, durable=False) as unfinished:
                    image_of(image).save(unfinished)
                self._done += 1
        if sum(map(len, self._shown)) < _ON_SHEET:
            self._shown.append(batch.images)
        if self._arrays is not None:
            with self._told():
                self._arrays.add(batch.images)
            self._inputs.append((batch.latents, batch.labels))
        self._bar.update(len(batch.images))

    def finish(self) -> None:
        """Write the sheet, close the arrays."""
        import numpy as np

        from media.sheet import sheet
        from serving.pictures import square

        options, generator = self._options, self._generator
        if "sheet" in options.write:
            images = np.concatenate(self._shown)[:_ON_SHEET]
            with whole_file(options.out / SHEET) as unfinished:
                sheet(images, square(len(images))).save(unfinished, format="PNG")
        if self._arrays is not None:
            latents, labels = zip(*self._inputs, strict=True)
            more = {"latents": np.concatenate(latents)}
            if generator.labels is not None and generator.labels.kind == "captions":
                more["text"] = np.concatenate(labels)
            elif generator.labels is not None:
                more["labels"] = np.concatenate(labels)
                more["label_names"] = np.array(generator.labels.names)
            with self._told():
                self._arrays.finish(**more)

    def _record(self) -> dict:
        options, generator = self._options, self._generator
        return {
            "count": options.count,
            "seed": options.seed,
            "truncation": options.truncation,
            "statistics": options.statistics,
            "attributes": options.attributes,
            "text": options.text,
            "vector": options.vector and options.vector.name,
            "weights": generator.metadata.get("weights", options.weights),
            "generator": generator.origin.name,
            "recipe": generator.recipe.name,
            "step": generator.metadata.get("step"),
            "write": options.write,
        }

    @contextlib.contextmanager
    def _told(self):
        """Add the number of complete pictures to an error."""
        try:
            with disk_errors(self._options.out):
                yield
        except UserError as error:
            raise UserError(f"{error}; {self._done:,} pictures are complete") from error


def _remove_earlier(folder: Path) -> None:
    """Remove what an earlier call wrote to `folder`, whole or in part, and nothing else.

    Its record, which it wrote first, says what that is; without one, nothing is known to be ours.
    """
    remove_unfinished(folder)
    found = _earlier(folder / RECORD)
    if found is None:
        return
    count, wrote = found
    digits = _digits(count)
    for number in range(count if "png" in wrote else 0):
        (folder / f"{number:0{digits}d}.png").unlink(missing_ok=True)
    for kind, name in (("sheet", SHEET), ("npz", ARRAYS)):
        if kind in wrote:
            (folder / name).unlink(missing_ok=True)
    (folder / RECORD).unlink()  # last, so that an interruption here loses no name


def _digits(count: int) -> int:
    """How many digits the names of `count` pictures have."""
    return max(5, len(str(count - 1)))


def _earlier(record: Path) -> tuple[int, list[str]] | None:
    """How many pictures an earlier call was to write, and in which forms; None without a record."""
    try:
        found = records.read_object(record, {"count": int, "write": [str]}, needed=("count",))
    except records.Unreadable:
        return None
    if not 0 <= found["count"] <= bounds.PICTURES:
        return None
    return found["count"], found.get("write", list(_WRITE))  # earlier versions did not say it
