"""What is measured against what: generators and folders of pictures against real pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

import datasets
from datasets import decode
from metrics import cache, measure, neighbours, protocol
from metrics.errors import MetricError
from metrics.extractors import Extractor, Features, extract
from training.errors import UserError, user_errors

if TYPE_CHECKING:
    from serving.generator import Generator

SHOWN = 256  # fakes that are kept as pictures, for the sheet of nearest reals


@dataclasses.dataclass(frozen=True)
class Sampling:
    """How fakes are drawn from a generator."""

    weights: str = "ema"
    seed: int = 0
    truncation: float = 1.0
    statistics: str = "auto"
    batch_size: int = 64


class Drawn:
    """Fakes drawn from a generator, a batch at a time."""

    def __init__(self, generator: Generator, sampling: Sampling):
        self.generator, self.sampling = generator, sampling
        self.name = str(generator.origin)
        self.resolution = generator.recipe.resolution
        self.most = None  # as many as one likes

    def passport(self) -> dict:
        """The part of the protocol that says how fakes were drawn."""
        chosen = dataclasses.asdict(self.sampling)
        return {key: chosen[key] for key in ("weights", "truncation", "statistics")}

    def subject(self) -> dict:
        """What was measured."""
        known = {key: self.generator.metadata.get(key) for key in ("step", "data_fingerprint")}
        recipe = self.generator.recipe.name
        return {"name": self.name, "recipe": recipe, "seed": self.sampling.seed, **known}

    def batches(self, count: int) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """(pictures uint8, labels or None), `count` in all."""
        chosen = self.sampling
        for part in self.generator.stream(
            count, chosen.seed, None, chosen.truncation, chosen.statistics, chosen.batch_size
        ):
            yield part.images, part.labels


class Stored:
    """Fakes in a folder of pictures."""

    def __init__(self, data: datasets.ImageData, folder: Path):
        self.data, self.name = data, str(folder)
        self.resolution, self.most = data.images.shape[1], len(data.images)

    def passport(self) -> dict:
        """The part of the protocol that says how fakes were drawn: unknown."""
        return {"weights": "pictures", "truncation": None, "statistics": None}

    def subject(self) -> dict:
        """What was measured."""
        return {"name": self.name, "fingerprint": self.data.fingerprint}

    def batches(self, count: int, size: int = 256) -> Iterator[tuple[np.ndarray, None]]:
        """(pictures uint8, None), `count` in all, evenly chosen from the folder."""
        chosen = np.arange(count) * len(self.data.images) // count
        for start in range(0, count, size):
            yield self.data.images[chosen[start : start + size]], None


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """One subject measured: the record, and what the plots and the sheet are drawn from."""

    record: protocol.Record
    result: measure.Result
    sheet: Image.Image


class Reference:
    """The real pictures: `count` of them to measure against, and others for the floor.

    Features are kept on disk by the data's fingerprint.
    """

    def __init__(self, data: datasets.ImageData, seed: int, cache_folder: Path | None = None):
        self.data, self._seed, self._folder = data, seed, cache_folder
        order = np.random.default_rng(seed).permutation(len(data.images))
        self._order = order

    def features(self, extractor: Extractor, part: slice) -> Features:
        """Features of a part of the pictures in a random order fixed by the seed."""
        rows = self._order[part]
        selection = {"seed": self._seed, "start": part.start, "stop": part.stop}
        compute = lambda: extract(  # noqa: E731
            extractor, self._batches(rows), len(rows), progress="real pictures"
        )
        return cache.cached(extractor, self.data.fingerprint, selection, compute, self._folder)

    def _batches(self, rows: np.ndarray, size: int = 256) -> Iterator[np.ndarray]:
        for start in range(0, len(rows), size):
            yield self.data.images[rows[start : start + size]]

    def pictures(self, count: int) -> np.ndarray:
        """The first `count` rows of the order, to look pictures up in."""
        return self._order[:count]

    def labels(self, count: int) -> np.ndarray | None:
        """Class indices (count,), or `None` where there are no classes."""
        known = self.data.labels
        if known is None or known.kind != "classes":
            return None
        return known.values[self._order[:count]]

    def floor(self, extractor: Extractor, count: int) -> tuple[Features, Features] | None:
        """Two disjoint sets of `count` reals, or of half of them where there are not so many."""
        count = min(count, len(self._order) // 2)
        if count < 2:
            return None
        first = self.features(extractor, slice(0, count))
        return first, self.features(extractor, slice(count, 2 * count))

    def passport(self, count: int) -> dict:
        """The part of the protocol that says what the fakes are measured against."""
        return {
            "data": self.data.name,
            "fingerprint": self.data.fingerprint,
            "resolution": self.data.images.shape[1],
            "split": "all",
            "count": count,
        }


def count_of(subject: Drawn | Stored, real: Reference, samples: int) -> int:
    """How many of each kind are compared: as many as asked for, and as there are."""
    return min(samples, len(real.data.images), subject.most or samples)


def protocol_of(
    extractor: Extractor,
    subject: Drawn | Stored,
    real: Reference,
    count: int,
    settings: measure.Settings,
) -> dict:
    """The protocol, known before anything is measured."""
    return {
        "extractor": extractor.passport(),
        "real": real.passport(count),
        "fake": {"count": count, **subject.passport()},
        "settings": dataclasses.asdict(settings.fitted(count, count)),
    }


def evaluate(
    extractor: Extractor,
    subject: Drawn | Stored,
    real: Reference,
    count: int,
    settings: measure.Settings,
    floor: bool = True,
) -> Evaluation:
    """Measure `count` fakes against as many reals. Raises `UserError`."""
    with user_errors(MetricError):
        shown, labels = [], []

        def pictures():
            for images, own in subject.batches(count):
                if sum(map(len, shown)) < SHOWN:
                    shown.append(images)
                if own is not None and np.ndim(own) == 1:
                    labels.append(own)
                yield images

        ours = real.features(extractor, slice(0, count))
        theirs = extract(extractor, pictures(), count, progress=f"fakes of {subject.name}")
        result = measure.measure(
            extractor,
            ours,
            theirs,
            settings=settings,
            floor=real.floor(extractor, count) if floor else None,
            real_labels=real.labels(count),
            fake_labels=np.concatenate(labels) if labels else None,
            progress=True,
        )
        sheet = _sheet(real, ours, theirs, np.concatenate(shown)[:SHOWN], count)
    record = protocol.Record(
        protocol=protocol_of(extractor, subject, real, count, settings),
        subject=subject.subject(),
        results={name: one.to_dict() for name, one in result.estimates.items()},
        notes=tuple(result.notes),
        seconds=result.seconds,
    )
    return Evaluation(record, result, sheet)


def _sheet(real: Reference, ours: Features, theirs: Features, fakes: np.ndarray, count: int):
    found = neighbours.nearest_reals(
        ours.pool, theirs.pool[: len(fakes)], min(5, max(1, count - 1))
    )
    wanted, places = np.unique(found.indices, return_inverse=True)
    reals = real.data.images[real.pictures(count)[wanted]]
    local = dataclasses.replace(found, indices=places.reshape(found.indices.shape))
    return neighbours.sheet(fakes, reals, local)


def folder_resolution(folder: Path) -> tuple[int, str | None]:
    """The resolution to read a folder of pictures at, and a note when that changes them.

    It is the pictures' own where they are square and a power of two; else the power of two at or
    below the smaller side of the first ones.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in decode.SUFFIXES)
    sizes = set()
    for path in paths[:64]:
        try:
            with Image.open(path) as image:
                sizes.add(image.size)
        except OSError:
            continue  # reported when the pictures are read
    if not sizes:
        raise UserError(f"{folder} holds no picture that can be read")
    smallest = min(min(size) for size in sizes)
    side = min(1024, max(8, 1 << (smallest.bit_length() - 1)))
    if sizes == {(side, side)}:
        return side, None
    text = ", ".join(f"{width}×{height}" for width, height in sorted(sizes)[:3])
    return side, (
        f"{folder} holds pictures of {text}: cropped to squares and resized to {side} px before "
        "the extractor resizes them; --resolution chooses."
    )
