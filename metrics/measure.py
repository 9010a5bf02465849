"""All measures of two sets of features at once, for `evaluate.py` and training runs."""

import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from tqdm import tqdm

from metrics import prd
from metrics.errors import MetricError
from metrics.extractors import Extractor, Features
from metrics.intervals import Estimate
from metrics.measures import FRECHET, TAKE

MEASURES = tuple(TAKE)


@dataclass(frozen=True)
class Settings:
    """The settings of the measures; they are part of the protocol."""

    kernel_subsets: int = 100
    kernel_subset_size: int = 1000  # or as many as there are pictures, if fewer; then recorded
    score_splits: int = 10
    precision_neighbours: int = 3
    density_neighbours: int = 5
    manifold_pictures: int = 10_000  # of each kind, at most: all pairs are compared
    prd_clusters: int = 20
    prd_runs: int = 10
    bootstrap: int = 25  # replicates behind each interval; 0: no intervals
    seed: int = 2020

    def fitted(self, real_count: int, fake_count: int) -> "Settings":
        """These settings with the subset sizes that the counts allow, for the record."""
        smaller = min(real_count, fake_count)
        values = asdict(self)
        values["kernel_subset_size"] = min(self.kernel_subset_size, smaller)
        if values["kernel_subset_size"] == real_count == fake_count:
            values["kernel_subsets"] = 1  # there is one such subset
        values["manifold_pictures"] = min(self.manifold_pictures, max(real_count, fake_count))
        return Settings(**values)


@dataclass(frozen=True)
class Classes:
    """The class of each picture, (N,) int; below 0: none. `what`: the name of the labels."""

    real: np.ndarray
    fake: np.ndarray
    names: tuple[str, ...] = ()
    what: str = "class"

    def name(self, label: int) -> str:
        """A class's name, or its number if it has none."""
        return self.names[label] if self.names else str(label)


@dataclass(frozen=True)
class Floor:
    """The measures between two disjoint sets of reals: how good a perfect generator would look.

    `counts`: of both sets. If they are smaller than what is measured, Fréchet distances are higher.
    """

    values: dict[str, float]
    counts: tuple[int, int]
    curve: prd.Curve | None
    seconds: float


@dataclass
class Result:
    """Estimates by name ("FD-lite0@224", "precision", …), with settings and notes."""

    estimates: dict[str, Estimate] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    curve: prd.Curve | None = None
    floor: Floor | None = None
    per_class: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str):
        """Note how many seconds the block takes, under this name."""
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def measure(
    extractor: Extractor,
    real: Features,
    fake: Features,
    *,
    measures: tuple[str, ...] = MEASURES,
    settings: Settings | None = None,
    floor: Floor | None = None,
    classes: Classes | None = None,
    progress: bool = False,
) -> Result:
    """The chosen measures of `fake` against `real`, each with a bootstrap interval.

    `floor` comes from `floor_of`; `classes` give the intra-class distance. Measures that are not
    possible (too few pictures, no logits, one class) are left out and named in the notes. All
    measures use the settings in `Result.settings`.
    Raises `MetricError` if nothing can be measured: fewer than 2 pictures, NaN, unknown names.
    """
    unknown = sorted(set(measures) - set(MEASURES))
    if unknown:
        raise MetricError(f"Unknown measure {unknown[0]!r}. Known: {', '.join(MEASURES)}.")
    if min(len(real), len(fake)) < 2:
        raise MetricError(
            f"2 pictures of each kind are needed. Received: {len(real)} real and "
            f"{len(fake)} generated."
        )
    settings = (settings or Settings()).fitted(len(real), len(fake))
    result = Result(settings=settings)
    _note_counts(result, extractor, real, fake, FRECHET in measures)
    with tqdm(
        total=len(measures), desc="measures", unit="", leave=False, disable=not progress
    ) as bar:
        for name in measures:
            bar.set_postfix_str(name)
            _attempt(result, name, extractor, real, fake, classes)
            bar.update()
    if floor is not None:
        _add_floor(result, floor)
    return result


def floor_of(
    extractor: Extractor,
    first: Features,
    second: Features,
    *,
    measures: tuple[str, ...] = MEASURES,
    settings: Settings | None = None,
    classes: Classes | None = None,
    progress: bool = False,
) -> Floor:
    """The measures of `second` reals against `first` ones, without intervals; see `measure`.

    `classes` are those of the first (`real`) and of the second set (`fake`).
    """
    settings = replace(settings or Settings(), bootstrap=0)
    started = time.perf_counter()
    found = measure(
        extractor,
        first,
        second,
        measures=measures,
        settings=settings,
        classes=classes,
        progress=progress,
    )
    values = {name: one.value for name, one in found.estimates.items()}
    seconds = round(time.perf_counter() - started, 3)
    return Floor(values, (len(first), len(second)), found.curve, seconds)


def _note_counts(
    result: Result, extractor: Extractor, real: Features, fake: Features, frechet: bool
):
    width, smaller = real.pool.shape[1], min(len(real), len(fake))
    name = extractor.measure_name(FRECHET)
    if smaller <= width:
        result.notes.append(
            f"{smaller} pictures for {width} features: {name} is biased upwards, compare it at "
            "equal counts only."
        )
    elif frechet:
        result.notes.append(f"{name} falls with the number of pictures: compare equal counts only.")
    if len(fake) > 1 and np.ptp(fake.pool, axis=0).max() == 0:
        result.notes.append("All generated pictures are the same one.")
    if len(real) > 1 and np.ptp(real.pool, axis=0).max() == 0:
        result.notes.append("All real pictures are the same one.")
    if not extractor.is_inception:
        result.notes.append(
            f"Measured with {extractor.label}: not to be compared with published FID, KID or IS."
        )


def _attempt(result, name, extractor, real, fake, classes):
    """Take one measure; its `MetricError` becomes a note."""
    try:
        with result.timed(name):
            TAKE[name](result, extractor, real, fake, classes)
    except MetricError as error:
        result.notes.append(f"{name} left out: {error}")


def _add_floor(result: Result, floor: Floor):
    for name, value in floor.values.items():
        if name in result.estimates:
            result.estimates[name] = replace(result.estimates[name], floor=value)
    result.floor, result.seconds["floor"] = floor, floor.seconds
    result.notes.append(f"Floor: {floor.counts[0]} reals against {floor.counts[1]} other reals.")
