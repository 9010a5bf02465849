"""All measures of two sets of features at once: what `evaluate.py` and a training run report."""

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import numpy as np
from tqdm import tqdm

from metrics import frechet, intervals, kernel, manifold, neighbours, prd, score
from metrics.errors import MetricError
from metrics.extractors import Extractor, Features
from metrics.intervals import Estimate, estimate

# Bootstrapping the kernel distance needs all pairs; above this many pictures, it resamples the
# subset estimates instead, which overlap little by then.
ALL_PAIRS = 8000

FRECHET, KERNEL, SCORE, INTRA = "frechet", "kernel", "score", "intra"
MANIFOLD, PRD, TWINS = "manifold", "prd", "duplicates"
MEASURES = (FRECHET, KERNEL, SCORE, MANIFOLD, PRD, INTRA, TWINS)


@dataclass(frozen=True)
class Settings:
    """How the measures are taken; part of the protocol, so results under others do not compare."""

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
        """These settings with the subset sizes that the counts allow: what the record holds."""
        smaller = min(real_count, fake_count)
        values = asdict(self)
        values["kernel_subset_size"] = min(self.kernel_subset_size, smaller)
        if values["kernel_subset_size"] == real_count == fake_count:
            values["kernel_subsets"] = 1  # there is one such subset
        values["manifold_pictures"] = min(self.manifold_pictures, max(real_count, fake_count))
        return Settings(**values)


@dataclass
class Result:
    """Estimates by name ("FD-lite0@224", "precision", …), with what a reader must know."""

    estimates: dict[str, Estimate] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    curve: prd.Curve | None = None
    per_class: dict[int, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str):
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
    floor: tuple[Features, Features] | None = None,
    real_labels: np.ndarray | None = None,
    fake_labels: np.ndarray | None = None,
    progress: bool = False,
) -> Result:
    """Every measure asked for, of `fake` against `real`, each with a bootstrap interval.

    `floor` is two disjoint sets of reals: the same measures between them say how good a perfect
    generator would look. Class labels (N,) make the intra-class distance. What the pictures do not
    allow (too few, no logits, one class) is left out and named in the notes; a measure is never
    taken under other settings than `Result.settings` says.
    Raises `MetricError` when nothing can be measured: fewer than 2 pictures, NaN, unknown names.
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
    _note_counts(result, extractor, real, fake)
    labels = None if real_labels is None or fake_labels is None else (real_labels, fake_labels)
    with tqdm(total=len(measures), desc="measures", unit="", disable=not progress) as bar:
        for name in measures:
            bar.set_postfix_str(name)
            _attempt(result, name, extractor, real, fake, labels)
            bar.update()
    if floor is not None:
        _add_floor(result, extractor, floor, measures)
    return result


def _note_counts(result: Result, extractor: Extractor, real: Features, fake: Features):
    width, smaller = real.pool.shape[1], min(len(real), len(fake))
    if smaller <= width:
        name = extractor.measure_name(FRECHET)
        result.notes.append(
            f"{smaller} pictures for {width} features: {name} is biased upwards, compare it at "
            "equal counts only."
        )
    if len(fake) > 1 and np.ptp(fake.pool, axis=0).max() == 0:
        result.notes.append("All generated pictures are the same one.")
    if len(real) > 1 and np.ptp(real.pool, axis=0).max() == 0:
        result.notes.append("All real pictures are the same one.")
    if not extractor.is_inception:
        result.notes.append(
            f"Measured with {extractor.label}: not to be compared with published FID, KID or IS."
        )


def _attempt(result, name, extractor, real, fake, labels):
    """One measure; what it refuses becomes a note."""
    try:
        with result.timed(name):
            _TAKE[name](result, extractor, real, fake, labels)
    except MetricError as error:
        result.notes.append(f"{name} left out: {error}")


def _add_floor(result: Result, extractor, floor, measures):
    """The same measures between two disjoint sets of reals, without intervals of their own."""
    values = asdict(result.settings) | {"bootstrap": 0}
    settings = Settings(**values).fitted(len(floor[0]), len(floor[1]))
    wanted = tuple(name for name in measures if name not in (INTRA, TWINS))
    with result.timed("floor"):
        found = measure(extractor, *floor, measures=wanted, settings=settings)
    for name, one in found.estimates.items():
        if name in result.estimates:
            known = result.estimates[name]
            result.estimates[name] = Estimate(**(asdict(known) | {"floor": one.value}))
    count = len(floor[0])
    result.notes.append(f"Floor: {count} reals against {len(floor[1])} other reals.")


def _frechet(result, extractor, real, fake, labels):
    value = frechet.frechet_distance(real.pool, fake.pool)
    replicates = intervals.bootstrap(
        lambda ours, theirs: frechet.frechet_distance(real.pool[ours], fake.pool[theirs]),
        len(real),
        len(fake),
        result.settings.bootstrap,
        result.settings.seed,
    )
    result.estimates[extractor.measure_name(FRECHET)] = estimate(value, replicates, (0, np.inf))


def _kernel(result, extractor, real, fake, labels):
    chosen = result.settings
    found = kernel.kernel_distance(
        real.pool, fake.pool, chosen.kernel_subsets, chosen.kernel_subset_size, chosen.seed
    )
    replicates = None
    if chosen.bootstrap >= 2 and max(len(real), len(fake)) <= ALL_PAIRS:
        weights = [
            intervals.bootstrap_weights(len(side), chosen.bootstrap, chosen.seed + offset)
            for offset, side in enumerate((real, fake))
        ]
        replicates = kernel.weighted_mmd(real.pool, fake.pool, *weights)
    name = extractor.measure_name(KERNEL)
    result.estimates[name] = estimate(found.mean, replicates)
    if replicates is None and chosen.bootstrap >= 2:
        half = intervals.NORMAL_95 * found.standard_error
        result.estimates[name] = Estimate(
            found.mean, found.mean - half, found.mean + half, found.standard_error
        )
    subsets = f"{found.subsets} subsets" if found.subsets > 1 else "1 subset"
    error = f", standard error over them {found.standard_error:.2g}" if found.subsets > 1 else ""
    result.notes.append(f"{name}: {subsets} of {found.subset_size} pictures{error}.")


def _score(result, extractor, real, fake, labels):
    chosen = result.settings
    found = score.inception_score(fake.logits, chosen.score_splits, chosen.seed)
    order = np.random.RandomState(chosen.seed).permutation(len(fake))
    replicates = intervals.bootstrap(
        lambda _, rows: (
            score.inception_score(fake.logits, chosen.score_splits, order=order[rows]).mean
        ),
        2,
        len(fake),
        chosen.bootstrap,
        chosen.seed,
    )
    result.estimates[extractor.measure_name(SCORE)] = estimate(found.mean, replicates, (1, np.inf))


def _some(features: Features, most: int, seed: int) -> np.ndarray:
    """At most `most` rows of the pooled features, an even choice by seed."""
    if len(features) <= most:
        return features.pool
    return features.pool[np.random.default_rng(seed).choice(len(features), most, replace=False)]


def _manifold(result, extractor, real, fake, labels):
    chosen = result.settings
    sides = [_some(side, chosen.manifold_pictures, chosen.seed) for side in (real, fake)]
    found = manifold.manifold(*sides, chosen.precision_neighbours, chosen.density_neighbours)
    each = {
        "precision": (found.precise, 1.0),
        "recall": (found.recalled, 1.0),
        "density": (found.dense, np.inf),
        "coverage": (found.covered, 1.0),
    }
    for name, (values, highest) in each.items():
        replicates = intervals.bootstrap_mean(values, chosen.bootstrap, chosen.seed)
        result.estimates[name] = estimate(values.mean(), replicates, (0, highest))


def _prd(result, extractor, real, fake, labels):
    chosen = result.settings
    curve = prd.precision_recall_curve(
        real.pool, fake.pool, chosen.prd_clusters, chosen.prd_runs, chosen.seed
    )
    replicates = None
    if chosen.bootstrap >= 2:
        rng = np.random.default_rng(chosen.seed)
        rows = [prd.resampled_f_scores(curve, rng) for _ in range(chosen.bootstrap)]
        replicates = np.array(rows).T
    for index, name in enumerate(("PRD F8", "PRD F1/8")):
        own = None if replicates is None else replicates[index]
        result.estimates[name] = estimate(curve.f_scores[index], own, (0, 1))
    result.curve = curve


def _intra(result, extractor, real, fake, labels):
    if labels is None:
        return
    ours, theirs = labels
    value, result.per_class = frechet.intra_class_frechet(real.pool, ours, fake.pool, theirs)
    replicates = _intra_replicates(result.settings, real.pool, ours, fake.pool, theirs)
    result.estimates[extractor.measure_name(INTRA)] = estimate(value, replicates, (0, np.inf))


def _intra_replicates(chosen, real, real_labels, fake, fake_labels):
    """Redraws within every class, so that no class loses its pictures."""
    if chosen.bootstrap < 2:
        return None
    rng = np.random.default_rng(chosen.seed)

    def redrawn(labels):
        rows = np.arange(len(labels))
        for label in np.unique(labels):
            own = np.flatnonzero(labels == label)
            rows[own] = rng.choice(own, len(own))
        return rows

    values = []
    for _ in range(chosen.bootstrap):
        ours, theirs = redrawn(real_labels), redrawn(fake_labels)
        sides = (real[ours], real_labels[ours], fake[theirs], fake_labels[theirs])
        values.append(frechet.intra_class_frechet(*sides)[0])
    return np.array(values)


def _duplicates(result, extractor, real, fake, labels):
    chosen = result.settings
    count = min(len(real), len(fake), chosen.manifold_pictures)
    ours, theirs = _some(real, count, chosen.seed), _some(fake, count, chosen.seed)
    twins = neighbours.twins(theirs, neighbours.typical_distance(ours))
    replicates = intervals.bootstrap_mean(twins, chosen.bootstrap, chosen.seed)
    result.estimates["duplicate share"] = estimate(twins.mean(), replicates, (0, 1))


_TAKE: dict[str, Callable] = {
    FRECHET: _frechet,
    KERNEL: _kernel,
    SCORE: _score,
    MANIFOLD: _manifold,
    PRD: _prd,
    INTRA: _intra,
    TWINS: _duplicates,
}
