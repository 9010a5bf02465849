"""How sharp pictures are: the distribution of their grey levels' slopes.

Blurred pictures have few steep slopes, noisy ones too many. So the distance between the two
distributions tells missing detail from false detail only together with the means.
"""

from __future__ import annotations

import numpy as np

from metrics.errors import MetricError
from metrics.pictures import to_uint8

QUANTILES = 1_000
_LUMA = np.array([0.299, 0.587, 0.114])


def slopes(pictures: np.ndarray) -> np.ndarray:
    """||(dx, dy)|| in grey levels of 255 at all pixels but the last row and column, in one row.

    Args:
        pictures: (N, H, W, C), uint8 or floats in [-1, 1], of at least 2 × 2 pixels.

    Raises `MetricError` for smaller pictures.
    """
    pictures = to_uint8(pictures)
    if min(pictures.shape[1:3]) < 2:
        raise MetricError("Slopes need pictures of at least 2 × 2 pixels.")
    grey = pictures.astype("float64") @ _LUMA
    right = grey[:, :-1, 1:] - grey[:, :-1, :-1]
    down = grey[:, 1:, :-1] - grey[:, :-1, :-1]
    return np.hypot(right, down).ravel()


def distance(real: np.ndarray, fake: np.ndarray) -> float:
    """The Wasserstein-1 distance between the slopes of two sets of pictures, in grey levels.

    It is the mean difference of their quantiles, of which `QUANTILES` are compared.
    """
    ranks = (np.arange(QUANTILES) + 0.5) / QUANTILES
    of_real, of_fake = (
        np.quantile(slopes(each), ranks, method="inverted_cdf") for each in (real, fake)
    )
    return float(np.abs(of_real - of_fake).mean())
