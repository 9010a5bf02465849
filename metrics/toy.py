"""Exact measures for worlds whose density or manifold is known.

Densities are float64 arrays on a regular grid of cells; `cell` is a cell's length, area or volume.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from metrics.errors import MetricError


def optimal_discriminator(data: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """p_data / (p_data + p_g), the best D for a fixed G (Goodfellow et al. 2014, proposition 1).

    1/2 where both densities are 0.
    """
    total = data + generated
    return np.divide(data, total, out=np.full_like(total, 0.5), where=total > 0)


def game_value(judged: np.ndarray, data: np.ndarray, generated: np.ndarray, cell: float) -> float:
    """E_data log D + E_g log(1 - D), equation 1 of the paper, for any D (…) in (0, 1)."""
    terms = _product(data, np.log(_positive(judged))) + _product(
        generated, np.log(_positive(1 - judged))
    )
    return float(terms.sum() * cell)


def jensen_shannon(data: np.ndarray, generated: np.ndarray, cell: float) -> float:
    """The Jensen-Shannon divergence in nats, from 0 (equal) to log 2 (apart)."""
    middle = _positive((data + generated) / 2)
    parts = [_product(p, np.log(_positive(p) / middle)) for p in (data, generated)]
    return float(0.5 * sum(part.sum() for part in parts) * cell)


def optimal_value(data: np.ndarray, generated: np.ndarray, cell: float) -> float:
    """-log 4 + 2 JSD: the game's value at the best D (theorem 1 of the paper)."""
    return -np.log(4) + 2 * jensen_shannon(data, generated, cell)


def _positive(x):
    return np.maximum(x, np.finfo("float64").tiny)


def _product(weight, value):
    """weight · value, 0 where the weight is."""
    return np.where(weight > 0, weight * value, 0.0)


def earth_mover(a: np.ndarray, b: np.ndarray) -> float:
    """The Earth-Mover (Wasserstein-1) distance of two samples (N, D) of one size, exactly.

    It is computed by sorting in one dimension, else by the cheapest assignment, cubic in N.

    Raises:
        MetricError: the samples differ in size.
    """
    if a.shape != b.shape:
        raise MetricError(f"The samples must have one shape. Received: {a.shape} and {b.shape}.")
    if a.shape[1] == 1:
        return float(np.abs(np.sort(a, axis=0) - np.sort(b, axis=0)).mean())
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    costs = cdist(a, b)
    return float(costs[linear_sum_assignment(costs)].mean())


@dataclass(frozen=True)
class Coverage:
    """How a sample spreads over the modes of a mixture.

    covered       modes that have at least one point of high quality
    modes         how many there are
    high_quality  share of points within 3 standard deviations of a mode's centre
    entropy       of the high-quality points over the modes, as a share of the most there can be
    """

    covered: int
    modes: int
    high_quality: float
    entropy: float


def coverage(
    points: np.ndarray, means: np.ndarray, deviation: float, radius: float = 3.0
) -> Coverage:
    """Modes covered and share of high-quality points (Srivastava et al. 2017, section 4.1).

    points (N, D), means (K, D). A point counts for the nearest mode if it is within `radius`
    deviations of it. The literature uses 2 500 points.
    """
    apart = np.linalg.norm(points[:, None, :].astype("float64") - means, axis=-1)
    good = apart.min(axis=1) <= radius * deviation
    counts = np.bincount(apart.argmin(axis=1)[good], minlength=len(means))
    shares = counts[counts > 0] / max(1, int(counts.sum()))
    entropy = float((shares * np.log(1 / shares)).sum() / np.log(len(means)))
    return Coverage(int((counts > 0).sum()), len(means), float(good.mean()), entropy)


# === Triangles ===

NEAR = 0.75  # Euclidean distance of two grey pictures in [0, 1] that counts as the same triangle


def nearest_shape(
    picture: np.ndarray,
    draw: Callable[[np.ndarray], np.ndarray],
    allowed: Callable[[np.ndarray], bool],
    starts: np.ndarray,
    drawn: np.ndarray,
    enough: float = 0.5,
    tries: int = 6,
) -> float:
    """The Euclidean distance of `picture` (H, W), in [0, 1], to the manifold of drawn shapes.

    Simplex searches over the corners start from the nearest of the shapes `starts` (M, K, 2), drawn
    in `drawn` (M, H, W), until one comes within `enough` or `tries` have failed; `allowed` says
    which corners are in the world. The result is an upper bound.
    """
    gaps = np.sqrt(((drawn - picture) ** 2).sum((1, 2)))

    def distance(flat):
        corners = flat.reshape(starts.shape[1:])
        return np.linalg.norm(draw(corners) - picture) if allowed(corners) else 1e3

    order = gaps.argsort()[:tries]
    best = gaps[order[0]]
    for start in order:
        if best <= enough:
            break
        best = min(best, _simplex_search(distance, starts[start].ravel()))
    return float(best)


def _simplex_search(function: Callable[[np.ndarray], float], first: np.ndarray) -> float:
    """The least value that Nelder and Mead's search finds from `first`."""
    from scipy.optimize import minimize

    simplex = first + 0.03 * np.vstack([np.zeros(first.size), np.eye(first.size)])
    options = {"maxfev": 400, "initial_simplex": simplex, "xatol": 1e-3, "fatol": 1e-3}
    return minimize(function, first, method="Nelder-Mead", options=options).fun


def precision_recall(
    generated: np.ndarray, inverted: np.ndarray, near: float = NEAR
) -> dict[str, float]:
    """Precision, recall and F1 of a generator on a known manifold (Lucic et al. 2018, section 4.2).

    generated (N,): distances of its pictures to the manifold; inverted (M,): distances of test
    pictures to the nearest picture that the generator can make, found by latent inversion.
    """
    precision = float((np.asarray(generated) <= near).mean())
    recall = float((np.asarray(inverted) <= near).mean())
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": precision, "recall": recall, "F1": f1}
