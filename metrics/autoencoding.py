"""Measures of autoencoders: bits per dimension, mean squared error, active units."""

import numpy as np
from scipy.special import log_ndtr

ACTIVE = 0.01  # Burda et al.'s threshold


def grey_level_nats(pictures: np.ndarray, means: np.ndarray, sigma: float) -> np.ndarray:
    """-log P(picture) for each picture: pixel values are normal, rounded to grey levels.

    The probability of a level is the mass of the normal within half a level of it; black and white
    get the tails. The 256 probabilities add up to 1, so the result is the code length of the
    stored pictures, unlike -log of a density, which can be negative.

    Args:
        pictures: uint8 (N, …).
        means: float (N, …), in grey levels.
        sigma: the standard deviation, in grey levels.

    Returns:
        Nats, float64 (N,).
    """
    levels = pictures.astype(np.float64)
    upper = np.where(levels == 255, np.inf, (levels + 0.5 - means) / sigma)
    lower = np.where(levels == 0, -np.inf, (levels - 0.5 - means) / sigma)
    # Masses are symmetric; in the lower tail their logarithms are precise.
    flip = lower > 0
    upper, lower = np.where(flip, -lower, upper), np.where(flip, -upper, lower)
    larger, smaller = log_ndtr(upper), log_ndtr(lower)
    mass = larger + np.log1p(-np.exp(smaller - larger))
    return -mass.reshape(len(pictures), -1).sum(axis=1)


def bits_per_dimension(nats: np.ndarray, numbers: int) -> float:
    """The mean over pictures of `nats` (N,), in bits per dimension, of `numbers` dimensions."""
    return float(np.mean(nats) / (numbers * np.log(2)))


def divergence(means: np.ndarray, log_variances: np.ndarray) -> np.ndarray:
    """KL(N(mean, variance) || N(0, 1)) of codes (N, k), in nats: float64 (N,)."""
    mean, log_variance = (np.asarray(each, np.float64) for each in (means, log_variances))
    return 0.5 * (np.exp(log_variance) + mean**2 - 1.0 - log_variance).sum(axis=1)


def active_units(means: np.ndarray) -> int:
    """How many dimensions of a code depend on the picture: the variance of their mean is over 0.01.

    `means` (N, k) of N pictures (Burda et al. 2016, arXiv:1509.00519, section 5.2).
    """
    return int((np.var(means, axis=0) > ACTIVE).sum())


def mean_square(pictures: np.ndarray, others: np.ndarray) -> float:
    """The mean squared difference of pictures (N, …), 0..255, after scaling to 0..1."""
    step, total = 256, 0.0
    for start in range(0, len(pictures), step):
        part = slice(start, start + step)
        gap = pictures[part].astype(np.float32) - others[part]
        total += float(np.square(gap, dtype=np.float64).sum())
    return total / (255.0**2 * pictures.size)
