"""Measuring generators and folders of pictures against real pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

import datasets
from console.errors import UserError
from metrics import cache, measure, neighbours, pixels, protocol
from metrics.classifier import LabelSpace
from metrics.errors import MetricError
from metrics.extractors import Extractor, Features, extract
from serving.subjects import Aged, Drawn, Restored, Stored

SHOWN = 256  # fakes that are kept as pictures, for the sheet of nearest reals

Subject = Aged | Drawn | Restored | Stored


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The measurement of one subject: its record, and the data of the plots and the sheet."""

    record: protocol.Record
    result: measure.Result
    sheet: Image.Image


@dataclasses.dataclass(frozen=True)
class Grouping:
    """The labels used as classes: the classes themselves, or a one-of group of attributes."""

    space: LabelSpace
    group: str

    @property
    def names(self) -> tuple[str, ...]:
        """The classes' names."""
        return tuple(self.space.names[index] for index in self.space.columns[self.group])

    def __call__(self, labels: np.ndarray) -> np.ndarray:
        """The data's labels → class indices (N,); -1: no class."""
        return self.space.classes(labels, self.group)


class Reference:
    """The real pictures: `count` of them to measure against, and others for the floor.

    Features are kept on disk by the data's fingerprint.
    """

    def __init__(self, data: datasets.ImageData, seed: int, cache_folder: Path | None = None):
        self.data, self._seed, self._folder = data, seed, cache_folder
        self._order = np.random.default_rng(seed).permutation(len(data.images))
        self._floors: dict[tuple, measure.Floor | None] = {}

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
        """The first `count` pictures in that order, to look them up."""
        return self._order[:count]

    def pixels(self, count: int) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray] | None]:
        """The first `count` pictures, at most `pixels.MOST`, and two sides for the floor.

        Each side has as many, or half of the pictures if these are too few; `None` for fewer than 4
        pictures.
        """
        count = min(count, pixels.MOST)
        side = min(count, len(self._order) // 2)
        parts = self._order[:side], self._order[side : 2 * side]
        halves = tuple(self.data.images[rows] for rows in parts) if side > 1 else None
        return self.data.images[self._order[:count]], halves

    def classes(self, grouping: Grouping, part: slice) -> np.ndarray:
        """Class indices of a part of the pictures."""
        return grouping(self.data.labels.values[self._order[part]])

    def floor(
        self,
        extractor: Extractor,
        count: int,
        settings: measure.Settings,
        grouping: Grouping | None = None,
    ) -> measure.Floor | None:
        """`count` reals against as many others, or half against half if there are too few.

        `None` for fewer than 4 reals. It is measured once for all subjects.
        """
        count = min(count, len(self._order) // 2)
        key = (extractor, count, settings, grouping and grouping.group)
        if key not in self._floors:
            self._floors[key] = self._measured_floor(extractor, count, settings, grouping)
        return self._floors[key]

    def _measured_floor(self, extractor, count, settings, grouping):
        if count < 2:
            return None
        parts = slice(0, count), slice(count, 2 * count)
        sides = [self.features(extractor, part) for part in parts]
        classes = None
        if grouping is not None:
            labels = [self.classes(grouping, part) for part in parts]
            classes = measure.Classes(*labels, grouping.names, grouping.group)
        return measure.floor_of(
            extractor, *sides, settings=settings, classes=classes, progress=True
        )

    def passport(self, count: int) -> dict:
        """The part of the protocol that describes the reals."""
        return {
            "data": self.data.name,
            "fingerprint": self.data.fingerprint,
            **_shape(self.data.images.shape[1:]),
            "split": "all",
            "count": count,
        }


def _shape(shape: tuple[int, ...]) -> dict:
    """The reals' resolution, width × height unless they are square, and channels unless RGB.

    The extractor's network takes squares: other pictures are squeezed, as the code of the FID's
    authors does.
    """
    found = datasets.Shape(*shape)
    square, rgb = found.height == found.width, found.channels == 3
    size = {"resolution": found.height if square else found.size}
    return size if rgb else size | {"channels": found.channels}


def grouping_of(subject: Subject, real: Reference, group: str | None) -> Grouping | None:
    """The labels used as classes for a subject and its reals: `group`, or the data's classes.

    `None` if there are none. Raises `UserError` if `group` does not exist.
    """
    own, theirs = subject.labels, real.data.labels
    known = own is not None and theirs is not None
    shared = known and own.kind == theirs.kind and tuple(own.names) == tuple(theirs.names)
    if group is None:
        usable = shared and theirs.kind == "classes"
        return Grouping(LabelSpace("classes", tuple(theirs.names)), "class") if usable else None
    if not shared:
        why = "one of the two has no labels" if not known else "the two have different labels"
        raise UserError(
            f"--classes {group!r} needs the same labels on {subject.name} and on the real "
            f"pictures; {why}"
        )
    space = LabelSpace(theirs.kind, tuple(theirs.names), dict(theirs.groups))
    if group not in space.columns:
        groups = ", ".join(map(repr, space.columns)) or "none"
        raise UserError(f"--classes: there is no one-of group {group!r}. Known: {groups}")
    return Grouping(space, group)


def _why_no_classes(subject: Subject, real: Reference) -> str | None:
    """A note that says how to get the intra-class distance, if there are labels."""
    own, theirs = subject.labels, real.data.labels
    if own is None or theirs is None:
        return None
    if tuple(own.names) != tuple(theirs.names):
        return "No intra-class distance: the real pictures have other labels."
    groups = ", ".join(map(repr, theirs.groups))
    return groups and f"No intra-class distance: --classes takes a group as classes ({groups})."


def count_of(subject: Subject, real: Reference, samples: int) -> int:
    """How many pictures of each kind are compared: `samples`, or fewer if there are fewer."""
    return min(samples, len(real.data.images), subject.most or samples)


def protocol_of(
    extractor: Extractor,
    subject: Subject,
    real: Reference,
    count: int,
    settings: measure.Settings,
    group: str | None = None,
    pixelwise: bool = False,
) -> dict:
    """The protocol of a measurement, before anything is measured."""
    found = {
        "extractor": extractor.passport(),
        "real": real.passport(count),
        "fake": {"count": count, **subject.passport()},
        "settings": dataclasses.asdict(settings.fitted(count, count)),
        "classes": group,
    }
    return found | {"pixels": pixels.protocol(count)} if pixelwise else found


def evaluate(
    extractor: Extractor,
    subject: Subject,
    real: Reference,
    count: int,
    settings: measure.Settings,
    floor: bool = True,
    group: str | None = None,
    pixelwise: bool = False,
) -> Evaluation:
    """Measure `count` fakes against as many reals; see `grouping_of`. Raises `UserError`.

    `pixelwise` adds the measures of `metrics.pixels`.
    """
    grouping = grouping_of(subject, real, group)
    try:
        ours = real.features(extractor, slice(0, count))
        kept = min(count, pixels.MOST) if pixelwise else SHOWN
        theirs, shown, labels = _fakes(extractor, subject, count, grouping, kept)
        classes = None
        if grouping is not None:
            own = real.classes(grouping, slice(0, count))
            classes = measure.Classes(own, labels, grouping.names, grouping.group)
        result = measure.measure(
            extractor,
            ours,
            theirs,
            settings=settings,
            floor=real.floor(extractor, count, settings, grouping) if floor else None,
            classes=classes,
            progress=True,
        )
        sheet = _sheet(real, ours, theirs, shown[:SHOWN], count)
        if pixelwise:
            _add_pixelwise(result, real, shown, floor)
    except MetricError as error:
        raise UserError(f"{subject.name}: {error}") from error
    if grouping is None and (note := _why_no_classes(subject, real)):
        result.notes.append(note)
    if result.floor and (fewer := min(result.floor.counts)) < count:
        result.notes.append(
            f"reals/reals is of {fewer} pictures on each side, fewer than {count}: its Fréchet "
            "distance is higher so, and a generator may come below it."
        )
    record = protocol.Record(
        protocol=protocol_of(extractor, subject, real, count, settings, group, pixelwise),
        subject=subject.subject(),
        results=_results(extractor, result),
        notes=tuple(result.notes),
        seconds=result.seconds,
    )
    return Evaluation(record, result, sheet)


def _add_pixelwise(result: measure.Result, real: Reference, fakes: np.ndarray, floor: bool):
    own, halves = real.pixels(len(fakes))
    settings = result.settings
    with result.timed("pixels"):
        found, notes = pixels.measured(
            own,
            fakes,
            halves if floor else None,
            bootstrap=settings.bootstrap,
            seed=settings.seed,
            progress=True,
        )
    result.estimates.update(found)
    result.notes += notes


def _fakes(extractor, subject, count, grouping, kept):
    """Features of the fakes, the first `kept` pictures, and the fakes' classes or `None`."""
    shown, classes = [], []

    def pictures():
        for images, labels in subject.batches(count):
            if sum(map(len, shown)) < kept:
                shown.append(images)
            if grouping is not None:
                classes.append(grouping(labels))
            yield images

    features = extract(extractor, pictures(), count, progress=f"fakes of {subject.name}")
    return features, np.concatenate(shown)[:kept], np.concatenate(classes) if classes else None


def _results(extractor: Extractor, result: measure.Result) -> dict[str, dict]:
    """The estimates in a record's form, the intra-class distance with its classes."""
    found = {name: one.to_dict() for name, one in result.estimates.items()}
    if result.per_class:
        found[extractor.measure_name("intra")]["classes"] = result.per_class
    return found


def _sheet(real: Reference, ours: Features, theirs: Features, fakes: np.ndarray, count: int):
    found = neighbours.nearest_reals(
        ours.pool, theirs.pool[: len(fakes)], min(5, max(1, count - 1))
    )
    wanted, places = np.unique(found.indices, return_inverse=True)
    reals = real.data.images[real.pictures(count)[wanted]]
    local = dataclasses.replace(found, indices=places.reshape(found.indices.shape))
    return neighbours.sheet(fakes, reals, local)
