"""`open_data`: from the user's words to pictures and labels in memory-mapped arrays."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datasets import cache, sources
from datasets.captions import Captions
from datasets.errors import DataError
from datasets.labels import Labels
from datasets.rows import Rows
from datasets.sentences import Sentences
from datasets.shapes import KINDS, RGB, Resolution, Shape, shape_of, simplest
from datasets.source import Source
from datasets.text import TextEncoder
from foreign import numbers

MIN_RESOLUTION, MAX_RESOLUTION = 8, 1024
WORKERS = 1024  # drawing processes


@dataclass(frozen=True)
class ImageData:
    """Pictures ready to train on.

    images       uint8 (N, H, W, C), a read-only memory map, or `Rows` of one; C is 3 for RGB, 1
                 for grey, 4 for RGBA
    labels       `Labels` of the same N pictures, or None
    name         "faces" or the folder's name, safe in a path
    fingerprint  12 hexadecimal digits that change when the pictures or the settings do
    left_out     (file, reason) of each picture that could not be used
    notes        further information for the user, one sentence each
    folder       the folder of the cache
    captions     the captions of each picture, or None
    encoder      makes vectors of the captions, if something needs them
    """

    images: np.ndarray | Rows
    labels: Labels | None
    name: str
    fingerprint: str
    left_out: list[tuple[str, str]]
    notes: list[str]
    folder: Path
    captions: Captions | None = None
    encoder: TextEncoder | None = None

    def sentences(self, together: int) -> Sentences:
        """The captions as vectors, each the mean of `together` captions of a picture.

        Raises `DataError` without captions or an encoder, and as `Sentences` does.
        """
        if self.captions is None or self.encoder is None:
            raise DataError(f"{self.name!r} has no captions, or nothing that encodes them.")
        return Sentences(self.captions, self.encoder, together)

    def report(self, most: int = 5) -> list[str]:
        """Lines to print: the number of pictures, those left out and why, the notes."""
        count, shape = len(self.images), Shape(*self.images.shape[-3:])
        told = "" if self.captions is None else f", {sum(map(len, self.captions)):,} captions"
        known = self._label_line() + told
        kind = "" if shape.channels == RGB else f", {KINDS[shape.channels]}"
        lines = [f"{count:,} pictures of {self.name!r} at {shape.size} px{kind}; {known}."]
        if self.left_out:
            lines.append(f"Pictures left out: {len(self.left_out)}")
            lines += [f"  {name}: {reason}" for name, reason in self.left_out[:most]]
            if len(self.left_out) > most:
                listed = self.folder / "meta.json"
                lines.append(f"  … and {len(self.left_out) - most} more, listed in {listed}")
        return lines + self.notes

    def _label_line(self) -> str:
        if self.labels is None:
            return "no labels"
        return f"{len(self.labels.names)} {self.labels.kind}"


def open_data(
    spec: str | os.PathLike,
    resolution: Resolution,
    *,
    labels: str | os.PathLike | None = None,
    captions: str | os.PathLike | None = None,
    count: int | None = None,
    cache_dir: str | os.PathLike | None = None,
    workers: int | None = None,
    progress: bool = True,
    check: Callable[[Source], None] = lambda source: None,
) -> ImageData:
    """Open a set of pictures, caching it first if that has not been done.

    spec        "faces", "ages" or "triangles" (drawn here), "cifar10", "mnist", "fashion_mnist"
                (Keras downloads them), "digits" (of scikit-learn), or a folder of pictures
    resolution  side of the square RGB pictures in pixels, a power of two from 8 to 1024; or any
                (height, width, channels), see `datasets.decode`
    labels      a CSV file, a folder of JSON files, "folders", "none", or None: the set's own
                labels, if any (faces, public sets), none for a folder
    captions    "files" (one .txt beside each picture, a caption a line), a CSV file (columns file
                and caption), "drawn" (faces: made from the attributes), or None
    count       how many pictures, evenly spread over a folder; default all, or 20 000 faces
    cache_dir   default `datasets/cache`
    workers     drawing processes; default one per core
    check       called with the source before a picture is read; may raise, to refuse unfit data
                before minutes of drawing

    Raises `DataError`, one clear line, for anything that cannot be used.
    """
    resolution = simplest(resolution)
    check_settings(resolution, workers)
    texts = (None if given is None else os.fspath(given) for given in (labels, captions))
    source = sources.find(spec, next(texts), count, next(texts))
    return open_source(source, resolution, cache_dir, workers, progress, check)


def open_source(
    source: Source,
    resolution: Resolution,
    cache_dir: str | os.PathLike | None = None,
    workers: int | None = None,
    progress: bool = True,
    check: Callable[[Source], None] = lambda source: None,
) -> ImageData:
    """`open_data` for a known source, with settings already checked (`check_settings`).

    A source of pairs gives images (N, 2, H, W, 3). Raises `DataError`.
    """
    check(source)
    folder = cache.DEFAULT_FOLDER if cache_dir is None else Path(cache_dir).expanduser()
    path = cache.ensure(source, resolution, folder, workers, progress)
    pair = (source.together,) if source.together > 1 else ()
    images, known, captions, meta = cache.read(path, (*pair, *shape_of(resolution)))
    if source.told is not None:
        captions = source.told()
    return ImageData(
        images=images,
        labels=known,
        name=source.name,
        fingerprint=cache.fingerprint(source, resolution),
        left_out=[(name, reason) for name, reason in meta["left_out"]],
        notes=meta["notes"],
        folder=path,
        captions=captions,
    )


def check_settings(resolution: Resolution, workers: int | None) -> None:
    """Refuse a resolution that `check_resolution` refuses, and a number of workers out of range."""
    check_resolution(resolution)
    check_workers(workers)


def check_workers(workers: int | None) -> None:
    """Refuse less than one worker, and more than any machine has cores."""
    if workers is not None and (wrong := numbers.outside(workers, int, (1, None, WORKERS, None))):
        raise DataError(f"The number of workers must be {wrong}, not {workers}.")


def check_resolution(resolution: Resolution) -> None:
    """Refuse a side that is not a power of two from 8 to 1024; the error names the nearest ones.

    Other shapes than squares may have any sides in this range, the longer one up to 4096.
    """
    shape = shape_of(resolution)
    if shape.channels not in KINDS:
        raise DataError(f"Pictures have 1, 3 or 4 channels, not {shape.channels}.")
    if shape.height != shape.width:
        shorter, longer = sorted(shape[:2])
        if not MIN_RESOLUTION <= shorter <= MAX_RESOLUTION or longer > 4 * MAX_RESOLUTION:
            raise DataError(
                f"The shorter side must be from {MIN_RESOLUTION} to {MAX_RESOLUTION} px and the "
                f"longer one at most {4 * MAX_RESOLUTION}, not {shape.size}."
            )
        return
    side = shape.height
    if side & (side - 1) or not MIN_RESOLUTION <= side <= MAX_RESOLUTION:
        powers = [2**k for k in range(3, 11)]
        near = sorted(sorted(powers, key=lambda power: abs(power - side))[:2])
        raise DataError(
            f"The resolution must be a power of two from {MIN_RESOLUTION} to {MAX_RESOLUTION}, "
            f"not {side}; nearest: {near[0]} and {near[1]}."
        )
