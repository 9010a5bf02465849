"""How sharp pictures are: the distribution of their grey levels' slopes.

Blurred pictures have few steep slopes, noisy ones too many. So the distance between the two
distributions tells missing detail from false detail only together with the means.
"""

from __future__ import annotations

import numpy as np

from metrics.errors import MetricError
from metrics.pictures import to_uint8

QUANTILES = 1_000
_AT_ONCE = 256  # pictures
_LUMA = np.array([0.299, 0.587, 0.114])


def slopes(pictures: np.ndarray) -> np.ndarray:
    """||(dx, dy)|| in grey levels of 255 at all pixels but the last row and column, in one row.

    Args:
        pictures: (N, H, W, C), uint8 or floats in [-1, 1], of at least 2 × 2 pixels.

    Raises `MetricError` for smaller pictures.
    """
    if min(pictures.shape[1:3]) < 2:
        raise MetricError("Slopes need pictures of at least 2 × 2 pixels.")
    found = []
    for start in range(0, len(pictures), _AT_ONCE):
        grey = to_uint8(pictures[start : start + _AT_ONCE], first=start) @ _LUMA
        right = grey[:, :-1, 1:] - grey[:, :-1, :-1]
        down = grey[:, 1:, :-1] - grey[:, :-1, :-1]
        found.append(np.hypot(right, down).astype("float32").ravel())
    return np.concatenate(found)


def quantiles(pictures: np.ndarray) -> np.ndarray:
    """`QUANTILES` quantiles of the pictures' slopes, float64 (QUANTILES,), in grey levels."""
    ranks = (np.arange(QUANTILES) + 0.5) / QUANTILES
    return np.quantile(slopes(pictures), ranks, method="inverted_cdf").astype("float64")


def distance(real: np.ndarray, fake: np.ndarray) -> float:
    """The Wasserstein-1 distance of two sets of slopes by their `quantiles`, in grey levels."""
    return float(np.abs(real - fake).mean())
