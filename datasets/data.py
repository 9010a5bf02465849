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

MIN_RESOLUTION, MAX_RESOLUTION = 8, 1024


@dataclass(frozen=True)
class ImageData:
    """Pictures ready to train on.

    images       uint8 (N, H, W, 3), a read-only memory map, or `Rows` of one
    labels       `Labels` of the same N pictures, or None
    name         "faces" or the folder's name, safe in a path
    fingerprint  12 hexadecimal digits that change when the pictures or the settings do
    left_out     (file, reason) of each picture that could not be used
    notes        further information for the user, one sentence each
    folder       the folder of the cache
    captions     the captions of each picture, or None
    """

    images: np.ndarray | Rows
    labels: Labels | None
    name: str
    fingerprint: str
    left_out: list[tuple[str, str]]
    notes: list[str]
    folder: Path
    captions: Captions | None = None

    def report(self, most: int = 5) -> list[str]:
        """Lines to print: the number of pictures, those left out and why, the notes."""
        count, resolution = self.images.shape[:2]
        told = "" if self.captions is None else f", {sum(map(len, self.captions)):,} captions"
        known = self._label_line() + told
        lines = [f"{count:,} pictures of {self.name!r} at {resolution} px; {known}."]
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
    resolution: int,
    *,
    labels: str | os.PathLike | None = None,
    captions: str | os.PathLike | None = None,
    count: int | None = None,
    cache_dir: str | os.PathLike | None = None,
    workers: int | None = None,
    progress: bool = True,
    check: Callable[[sources.Source], None] = lambda source: None,
) -> ImageData:
    """Open a set of pictures, caching it first if that has not been done.

    spec        "faces", "ages" or "triangles" (drawn here), "cifar10", "mnist", "fashion_mnist", or
                a folder of pictures
    resolution  side of the square pictures in pixels, a power of two from 8 to 1024
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
    check_settings(resolution, workers)
    texts = (None if given is None else os.fspath(given) for given in (labels, captions))
    source = sources.find(spec, next(texts), count, next(texts))
    return open_source(source, resolution, cache_dir, workers, progress, check)


def open_source(
    source: sources.Source,
    resolution: int,
    cache_dir: str | os.PathLike | None = None,
    workers: int | None = None,
    progress: bool = True,
    check: Callable[[sources.Source], None] = lambda source: None,
) -> ImageData:
    """`open_data` for a known source, with settings already checked (`check_settings`).

    A source of pairs gives images (N, 2, H, W, 3). Raises `DataError`.
    """
    check(source)
    folder = cache.DEFAULT_FOLDER if cache_dir is None else Path(cache_dir).expanduser()
    path = cache.ensure(source, resolution, folder, workers, progress)
    images, known, captions, meta = cache.read(path)
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


def check_settings(resolution: int, workers: int | None) -> None:
    """Refuse a resolution that is not a power of two from 8 to 1024, and less than one worker."""
    check_resolution(resolution)
    if workers is not None and workers < 1:
        raise DataError(f"The number of workers must be at least 1, not {workers}.")


def check_resolution(resolution: int) -> None:
    """Refuse a resolution that is not a power of two; the error names the nearest ones."""
    if resolution & (resolution - 1) or not MIN_RESOLUTION <= resolution <= MAX_RESOLUTION:
        powers = [2**k for k in range(3, 11)]
        near = sorted(sorted(powers, key=lambda power: abs(power - resolution))[:2])
        raise DataError(
            f"The resolution must be a power of two from {MIN_RESOLUTION} to {MAX_RESOLUTION}, "
            f"not {resolution}; nearest: {near[0]} and {near[1]}."
        )
