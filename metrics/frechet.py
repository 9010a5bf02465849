"""The Fréchet distance between two Gaussians fitted to features.

Dowson and Landau 1982, eq. 4; Heusel et al., arXiv:1706.08500, eq. 6:

    d² = |μ₁ - μ₂|² + Tr(S₁ + S₂ - 2 √(S₁ S₂)),

in float64 with the unbiased covariance (divided by N - 1, as pytorch-fid and torch-fidelity do;
StyleGAN3 divides by N). Tr √(S₁ S₂) is the only costly term. There are three ways to compute it,
all exact, also for a singular covariance:

- "gram": both sets have fewer pictures than features. With S = XᵀX (X centred, / √(N - 1)),
  Tr √(S₁ S₂) is the nuclear norm of X₁ X₂ᵀ, an N₁ × N₂ matrix.
- "mixed": one set is small. The eigenvalues of S₁ S₂ are those of X₂ S₁ X₂ᵀ, an N₂ × N₂ matrix.
- "covariance": both are large. With S₁ = L Lᵀ they are those of Lᵀ S₂ L.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from metrics.errors import MetricError

ROWS = 4096  # features are widened to float64 this many at a time


@dataclass(frozen=True)
class Moments:
    """Mean (d,) and unbiased covariance (d, d), float64, of `count` feature vectors."""

    mean: np.ndarray
    covariance: np.ndarray
    count: int


def _checked(features: np.ndarray) -> np.ndarray:
    features = np.asarray(features)
    if features.ndim != 2:
        raise MetricError(f"Features must be (N, d). Received: {features.shape}.")
    if len(features) < 2:
        raise MetricError(f"A covariance needs 2 pictures or more. Received: {len(features)}.")
    if not np.isfinite(features).all():
        raise MetricError("Features hold NaN or infinite numbers.")
    return features


def _centred(features: np.ndarray) -> tuple[np.ndarray, Iterator[np.ndarray]]:
    """The float64 mean, and the centred features in float64 pieces."""
    mean = features.mean(axis=0, dtype=np.float64)
    return mean, (features[i : i + ROWS] - mean for i in range(0, len(features), ROWS))


def moments(features: np.ndarray) -> Moments:
    """Moments of features (N, d), N ≥ 2, without a float64 copy of all of them."""
    mean, pieces = _centred(_checked(features))
    covariance = np.zeros((len(mean), len(mean)))
    for piece in pieces:
        covariance += piece.T @ piece
    return Moments(mean, covariance / (len(features) - 1), len(features))


def frechet_distance(real: np.ndarray | Moments, fake: np.ndarray | Moments) -> float:
    """The squared Fréchet distance of two sets of features (N, d), or of their moments.

    Never negative. With N ≤ d the covariance is singular; the distance is then exact for that
    covariance, but the covariance itself is a poor estimate: compare equal counts only.
    Raises `MetricError` for fewer than 2 pictures, NaN, or different widths.
    """
    (mean_1, trace_1, factor_1), (mean_2, trace_2, factor_2) = _side(real), _side(fake)
    if mean_1.shape != mean_2.shape:
        raise MetricError(
            f"Features of different widths: {len(mean_1)} and {len(mean_2)}. "
            "Were they made by the same extractor?"
        )
    cross = trace_of_root(factor_1, factor_2)
    distance = np.sum((mean_1 - mean_2) ** 2) + trace_1 + trace_2 - 2.0 * cross
    return float(max(distance, 0.0))  # rounding can leave -1e-9 between equal sets


def _side(data: np.ndarray | Moments):
    """Mean, trace of the covariance, and the covariance in its cheaper form: X (N, d) or S (d, d).

    X is told from S by its shape: X has fewer rows than columns.
    """
    if not isinstance(data, Moments) and len(_checked(data)) < np.shape(data)[1]:
        mean, pieces = _centred(np.asarray(data))
        factor = np.concatenate(list(pieces)) / np.sqrt(len(data) - 1)
        return mean, np.sum(factor**2), factor
    data = data if isinstance(data, Moments) else moments(data)
    if not (np.isfinite(data.mean).all() and np.isfinite(data.covariance).all()):
        raise MetricError("The moments hold NaN or infinite numbers.")
    return data.mean, np.trace(data.covariance), data.covariance


def route(first: np.ndarray, second: np.ndarray) -> str:
    """The route that `trace_of_root` takes for two factors, by their shapes."""
    small = [len(factor) < factor.shape[1] for factor in (first, second)]
    return "gram" if all(small) else "mixed" if any(small) else "covariance"


def trace_of_root(first: np.ndarray, second: np.ndarray) -> float:
    """Tr √(S₁ S₂), each S given as (d, d), or as X (N, d) with N < d and S = XᵀX."""
    taken = route(first, second)
    if taken == "gram":
        # Singular values directly: eigenvalues of the product would lose half the digits.
        return float(scipy.linalg.svdvals(first @ second.T, overwrite_a=True).sum())
    if taken == "mixed":
        data, covariance = (first, second) if len(first) < first.shape[1] else (second, first)
        return _sum_of_roots(data @ covariance @ data.T)
    return _sum_of_roots(_congruent(first, second))


def _congruent(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A symmetric matrix with the eigenvalues of S₁ S₂."""
    try:
        lower = scipy.linalg.cholesky(first, lower=True)
    except np.linalg.LinAlgError:  # singular: identical pictures, or as many pictures as features
        values, vectors = scipy.linalg.eigh(first)
        lower = vectors * np.sqrt(np.maximum(values, 0.0))
    return lower.T @ second @ lower


def _sum_of_roots(symmetric: np.ndarray) -> float:
    values = scipy.linalg.eigvalsh((symmetric + symmetric.T) / 2, overwrite_a=True)
    return float(np.sqrt(np.maximum(values, 0.0)).sum())


def intra_class_frechet(
    real: np.ndarray,
    real_labels: np.ndarray,
    fake: np.ndarray,
    fake_labels: np.ndarray,
    names: Sequence[str] = (),
) -> tuple[float, dict[int, float]]:
    """The mean over classes of the Fréchet distance within a class, and each class's own.

    Miyato and Koyama, arXiv:1802.05637, section 4. Labels are class indices (N,); pictures with a
    negative label have no class and are left out. A class is measured on its first n reals against
    its first n fakes, n the smaller count; the distance of a small n is biased upwards, so rare
    classes weigh more. `names` are the classes' names for errors. Raises `MetricError` if there is
    only one class, or if a class of the reals has fewer than 2 reals or fakes.
    """
    classes = [label for label in np.unique(real_labels).tolist() if label >= 0]
    if len(classes) < 2:
        raise MetricError(
            "The intra-class distance needs 2 classes or more; "
            f"the data has {'one' if classes else 'none'}."
        )
    distances = {}
    for label in classes:
        ours, theirs = real[real_labels == label], fake[fake_labels == label]
        count = min(len(ours), len(theirs))
        if count < 2:
            raise MetricError(
                f"Class {names[label] if names else label} has {len(ours)} real and {len(theirs)} "
                "generated pictures; the intra-class distance needs 2 of each or more. Raise the "
                "sample count."
            )
        distances[label] = frechet_distance(ours[:count], theirs[:count])
    return float(np.mean(list(distances.values()))), distances
