"""Precision and recall as a curve (PRD).

Sajjadi et al., "Assessing Generative Models via Precision and Recall", arXiv:1806.00035. Both sets
are clustered together. With the histograms q of the reals and p of the fakes over the clusters,
and slopes λ (algorithm 1),

    precision(λ) = Σ min(λ qᵢ, pᵢ),   recall(λ) = Σ min(qᵢ, pᵢ / λ).

The summary of the curve is (F8, F1/8): the best F-scores that favour recall and precision.
"""

from dataclasses import dataclass

import numpy as np

from metrics.errors import MetricError

ANGLES = 1001
EDGE = 1e-10  # keeps the slope's angle off 0 and π/2


@dataclass(frozen=True)
class Curve:
    """Recall and precision (1001,), and the clusters of the last run for the bootstrap."""

    recall: np.ndarray
    precision: np.ndarray
    real_clusters: tuple[np.ndarray, ...]
    fake_clusters: tuple[np.ndarray, ...]
    clusters: int

    @property
    def f_scores(self) -> tuple[float, float]:
        """(F8, F1/8): F8 weighs recall 8 times, F1/8 precision."""
        return f_scores(self.precision, self.recall)


def f_scores(precision: np.ndarray, recall: np.ndarray, beta: float = 8.0) -> tuple[float, float]:
    """The largest F_β and F_1/β on a curve: (1 + β²) p r / (β² p + r)."""

    def largest(weight):
        below = weight**2 * precision + recall
        return float(((1 + weight**2) * precision * recall / np.maximum(below, EDGE)).max())

    return largest(beta), largest(1.0 / beta)


def curve_of_histograms(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall (1001,) of two histograms that each add up to 1."""
    slopes = np.tan(np.linspace(EDGE, np.pi / 2 - EDGE, ANGLES))
    precision = np.minimum(slopes[:, None] * real, fake).sum(axis=1)
    return np.clip(precision, 0, 1), np.clip(precision / slopes, 0, 1)


def precision_recall_curve(
    real: np.ndarray, fake: np.ndarray, clusters: int = 20, runs: int = 10, seed: int = 0
) -> Curve:
    """The curve of features (N, d) and (M, d), averaged over `runs` clusterings.

    Each clustering has one start; the authors' code takes the best of ten. It also refuses unequal
    counts, by which the clusters lean to the larger set; here they are the caller's to avoid.
    Raises `MetricError` if either set has fewer pictures than clusters, or for NaN.
    """
    if clusters < 2 or min(len(real), len(fake)) < clusters:
        raise MetricError(
            f"The precision-recall curve takes {clusters} clusters; it needs 2 or more, and as "
            f"many pictures of each kind. Received: {len(real)} real, {len(fake)} generated."
        )
    union = np.concatenate([real, fake]).astype(np.float32, copy=False)
    if not np.isfinite(union).all():
        raise MetricError("Features hold NaN or infinite numbers.")
    union = union - union.mean(axis=0)
    curves, real_clusters, fake_clusters = [], [], []
    for run in range(runs):
        labels = cluster(union, clusters, np.random.default_rng((seed, run)))
        real_clusters.append(labels[: len(real)])
        fake_clusters.append(labels[len(real) :])
        curves.append(_curve_of_labels(real_clusters[-1], fake_clusters[-1], clusters))
    precision, recall = np.mean(curves, axis=0)
    return Curve(recall, precision, tuple(real_clusters), tuple(fake_clusters), clusters)


def _curve_of_labels(real, fake, clusters):
    histograms = [np.bincount(side, minlength=clusters) / len(side) for side in (real, fake)]
    return curve_of_histograms(*histograms)


def resampled_f_scores(curve: Curve, rng: np.random.Generator) -> tuple[float, float]:
    """(F8, F1/8) of one bootstrap replicate: the pictures are redrawn, the clusters stay."""
    real_rows = rng.integers(0, len(curve.real_clusters[0]), len(curve.real_clusters[0]))
    fake_rows = rng.integers(0, len(curve.fake_clusters[0]), len(curve.fake_clusters[0]))
    curves = [
        _curve_of_labels(real[real_rows], fake[fake_rows], curve.clusters)
        for real, fake in zip(curve.real_clusters, curve.fake_clusters, strict=True)
    ]
    return f_scores(*np.mean(curves, axis=0))


def cluster(
    points: np.ndarray, clusters: int, rng: np.random.Generator, batch: int = 1000, rounds: int = 60
) -> np.ndarray:
    """Cluster index (N,) of every point, by mini-batch k-means.

    Sculley, "Web-scale k-means clustering", WWW 2010, algorithm 1, started by k-means++. An empty
    cluster is moved to the point that is farthest from its centre.
    """
    centres = _spread_centres(points[_draw(rng, len(points), 3 * batch)], clusters, rng)
    seen = np.zeros(clusters)
    for _ in range(rounds):
        sample = points[_draw(rng, len(points), batch)]
        nearest, squared = _nearest_centre(sample, centres)
        counts = np.bincount(nearest, minlength=clusters)
        members = np.zeros((clusters, len(sample)), np.float32)
        members[nearest, np.arange(len(sample))] = 1.0
        sums = members @ sample
        moved = counts > 0
        seen[moved] += counts[moved]
        rate = (counts[moved] / seen[moved])[:, None]
        means = sums[moved] / counts[moved, None]
        centres[moved] += (rate * (means - centres[moved])).astype(np.float32)
        never = np.flatnonzero(seen == 0)
        centres[never] = sample[np.argsort(squared)[::-1][: len(never)]]
    return np.concatenate(
        [_nearest_centre(points[i : i + 8192], centres)[0] for i in range(0, len(points), 8192)]
    )


def _draw(rng, count, size):
    return rng.choice(count, min(count, size), replace=False)


def _nearest_centre(points, centres):
    squared = (centres**2).sum(axis=1) - 2 * points @ centres.T
    nearest = squared.argmin(axis=1)
    return nearest, squared[np.arange(len(points)), nearest] + (points**2).sum(axis=1)


def _spread_centres(points, clusters, rng):
    """k-means++ (Arthur and Vassilvitskii 2007): each new centre is drawn by squared distance."""
    centres = points[rng.integers(len(points))][None]
    nearest = ((points - centres[0]) ** 2).sum(axis=1, dtype=np.float64)
    while len(centres) < clusters:
        total = nearest.sum()
        chances = nearest / total if total > 0 else None  # all points are the same point
        centre = points[rng.choice(len(points), p=chances)]
        centres = np.concatenate([centres, centre[None]])
        nearest = np.minimum(nearest, ((points - centre) ** 2).sum(axis=1, dtype=np.float64))
    return centres.copy()
