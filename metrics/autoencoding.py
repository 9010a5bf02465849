"""How well a code keeps pictures: bits per dimension, mean squared error, active units."""

import numpy as np
from scipy.special import log_ndtr

ACTIVE = 0.01  # Burda et al.'s threshold


def grey_level_nats(pictures: np.ndarray, means: np.ndarray, sigma: float) -> np.ndarray:
    """-log P(picture) of each, where a number is normal about its mean, rounded to a grey level.

    A level's probability is the normal's mass within half a level of it; black and white take the
    tails. So those of all 256 levels add up to 1, and the result is that of a code for the stored
    pictures: no density, which could be had below 0.

    Args:
        pictures: uint8 (N, …).
        means: float (N, …), in grey levels.
        sigma: the deviation, in grey levels.

    Returns:
        Nats, float64 (N,).
    """
    levels = pictures.astype(np.float64)
    upper = np.where(levels == 255, np.inf, (levels + 0.5 - means) / sigma)
    lower = np.where(levels == 0, -np.inf, (levels - 0.5 - means) / sigma)
    # In the lower tail, where logarithms of masses keep their digits: masses are symmetric.
    flip = lower > 0
    upper, lower = np.where(flip, -lower, upper), np.where(flip, -upper, lower)
    larger, smaller = log_ndtr(upper), log_ndtr(lower)
    mass = larger + np.log1p(-np.exp(smaller - larger))
    return -mass.reshape(len(pictures), -1).sum(axis=1)


def bits_per_dimension(nats: np.ndarray, numbers: int) -> float:
    """The mean over pictures of `nats` (N,) in bits for each of their `numbers`."""
    return float(np.mean(nats) / (numbers * np.log(2)))


def divergence(means: np.ndarray, log_variances: np.ndarray) -> np.ndarray:
    """KL(N(mean, variance) || N(0, 1)) of codes (N, k), in nats: float64 (N,)."""
    mean, log_variance = (np.asarray(each, np.float64) for each in (means, log_variances))
    return 0.5 * (np.exp(log_variance) + mean**2 - 1.0 - log_variance).sum(axis=1)


def active_units(means: np.ndarray) -> int:
    """How many numbers of a code say something of the picture: their means' variance is over 0.01.

    `means` (N, k) of N pictures (Burda et al. 2016, arXiv:1509.00519, section 5.2).
    """
    return int((np.var(means, axis=0) > ACTIVE).sum())


def mean_square(pictures: np.ndarray, others: np.ndarray) -> float:
    """The mean squared difference of pictures (N, …), 0..255, in units of a range from 0 to 1."""
    step, total = 256, 0.0
    for start in range(0, len(pictures), step):
        part = slice(start, start + step)
        gap = pictures[part].astype(np.float32) - others[part]
        total += float(np.square(gap, dtype=np.float64).sum())
    return total / (255.0**2 * pictures.size)
