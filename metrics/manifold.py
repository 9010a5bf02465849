"""Precision and recall, density and coverage: how far the two sets of features overlap.

- Precision, recall (Kynkäänniemi et al., arXiv:1904.06991, eq. 1–2): the share of fakes inside the
  reals' manifold, and of reals inside the fakes'. The manifold is the union of balls around the
  pictures, each reaching its k-th nearest other picture; k = 3, a point on the border is inside.
- Density, coverage (Naeem et al., arXiv:2002.09797, eq. 3–4): the number of real balls that contain
  a fake, divided by k; the share of real balls that contain a fake. k = 5, a point on the border is
  outside.

prdc 0.2 treats the border as outside for precision and recall too; we follow the paper's code and
torch-fidelity. The two differ only for exact ties, such as duplicates.
"""

from dataclasses import dataclass

import numpy as np

from metrics.errors import MetricError

ROWS = 1024


@dataclass(frozen=True)
class Manifold:
    """The four measures, and each picture's contribution; a measure is the mean of these."""

    precise: np.ndarray  # (M,) per fake: inside a real ball (k of precision)
    recalled: np.ndarray  # (N,) per real: inside a fake ball
    dense: np.ndarray  # (M,) per fake: real balls that hold it, over k (k of density)
    covered: np.ndarray  # (N,) per real: its ball holds a fake

    @property
    def precision(self) -> float:
        """The share of fakes inside a real ball, 0 to 1."""
        return float(self.precise.mean())

    @property
    def recall(self) -> float:
        """The share of reals inside a fake ball, 0 to 1."""
        return float(self.recalled.mean())

    @property
    def density(self) -> float:
        """The mean over fakes of the number of real balls around it, divided by k; 0 and up."""
        return float(self.dense.mean())

    @property
    def coverage(self) -> float:
        """The share of reals whose ball holds a fake, 0 to 1."""
        return float(self.covered.mean())


def squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|xᵢ - yⱼ|² (N, M) of float64 features; distances within rounding errors of zero are zero.

    Otherwise copies of a picture would be inside or outside by chance.
    """
    x_norms, y_norms = np.einsum("id,id->i", x, x), np.einsum("jd,jd->j", y, y)
    scale = x_norms[:, None] + y_norms[None]
    squared = scale - 2.0 * (x @ y.T)
    squared[squared < 64 * np.finfo(np.float64).eps * scale] = 0.0
    return squared


def _prepared(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sets in float64 minus the reals' mean, so that distances lose the fewest digits."""
    if not (np.isfinite(real).all() and np.isfinite(fake).all()):
        raise MetricError("Features hold NaN or infinite numbers.")
    mean = real.mean(axis=0, dtype=np.float64)
    return real - mean, fake - mean


def squared_radii(x: np.ndarray, neighbours: tuple[int, ...]) -> np.ndarray:
    """Squared distance (len(neighbours), N) of each x to its k-th nearest other, for each k."""
    radii = np.empty((len(neighbours), len(x)))
    for start in range(0, len(x), ROWS):
        squared = squared_distances(x[start : start + ROWS], x)
        squared[np.arange(len(squared)), start + np.arange(len(squared))] = np.inf
        squared.partition([k - 1 for k in neighbours], axis=1)
        for row, k in enumerate(neighbours):
            radii[row, start : start + ROWS] = squared[:, k - 1]
    return radii


def manifold(
    real: np.ndarray, fake: np.ndarray, precision_k: int = 3, density_k: int = 5
) -> Manifold:
    """All four measures of features (N, d) and (M, d), in one pass over blocks of distances.

    Raises `MetricError` if a set has no k-th neighbour, or for NaN.
    """
    needed = max(precision_k, density_k) + 1
    if min(len(real), len(fake)) < needed or min(precision_k, density_k) < 1:
        raise MetricError(
            f"Precision with k = {precision_k} and density with k = {density_k} need k ≥ 1 and "
            f"{needed} pictures of each kind. Received: {len(real)} real, {len(fake)} generated."
        )
    real, fake = _prepared(real, fake)
    real_wide, real_ball = squared_radii(real, (precision_k, density_k))
    (fake_wide,) = squared_radii(fake, (precision_k,))
    precise, dense = np.empty(len(fake), bool), np.empty(len(fake))
    recalled, nearest = np.zeros(len(real), bool), np.full(len(real), np.inf)
    for start in range(0, len(fake), ROWS):
        rows = slice(start, start + ROWS)
        squared = squared_distances(fake[rows], real)  # (fakes, reals)
        precise[rows] = (squared <= real_wide).any(axis=1)
        dense[rows] = (squared < real_ball).sum(axis=1) / density_k
        recalled |= (squared <= fake_wide[rows, None]).any(axis=0)
        nearest = np.minimum(nearest, squared.min(axis=0))
    return Manifold(precise, recalled, dense, nearest < real_ball)
