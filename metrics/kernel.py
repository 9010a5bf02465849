"""The kernel distance (KID on the FID Inception): unbiased squared MMD with a cubic kernel.

Bińkowski et al., "Demystifying MMD GANs", arXiv:1801.01401, section 4:

    k(x, y) = (x·y / d + 1)³,
    MMD² = mean_{i≠j} k(xᵢ, xⱼ) + mean_{i≠j} k(yᵢ, yⱼ) - 2 mean_{ij} k(xᵢ, yⱼ),

averaged over 100 random subsets of 1000 pictures. Unlike the Fréchet distance, it is unbiased for
any number of pictures. The subsets are those that torch-fidelity draws for the same seed.
"""

from dataclasses import dataclass

import numpy as np

from metrics.errors import MetricError

SEED = 2020  # torch-fidelity's
ROWS = 2048


@dataclass(frozen=True)
class KernelDistance:
    """Mean over subsets, their standard deviation, and the standard error of the mean.

    The standard deviation is the population's, as in torch-fidelity. The standard error allows for
    subsets that share pictures: subsets of b of n pictures vary together, to first order by b / n
    of their variance (Hoeffding 1948, on U-statistics). Near a distance of 0 it is too large, and
    it is 0 where every subset is the whole set; then only the bootstrap tells.
    """

    mean: float
    std: float
    standard_error: float
    subsets: int
    subset_size: int


def cubic_kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """k (N, M) of features x (N, d) and y (M, d)."""
    kernel = x @ y.T
    kernel /= x.shape[1]
    kernel += 1.0
    cube = kernel * kernel  # NumPy's third power takes the time of the product of the features
    cube *= kernel
    return cube


def weighted_mmd(
    real: np.ndarray, fake: np.ndarray, real_weights: np.ndarray, fake_weights: np.ndarray
) -> np.ndarray:
    """Unbiased MMD² (S,) of S weightings of the pictures, (N, S) and (M, S), ≥ 0.

    Weights of 0 and 1 give a subset; counts give a bootstrap replicate. Pairs of a picture with
    itself or with its copies are left out; NaN if no pair remains. The kernel is computed once for
    all weightings.
    """
    real, fake = real.astype(np.float64, copy=False), fake.astype(np.float64, copy=False)
    within = _within(real, real_weights) + _within(fake, fake_weights)
    sums = _between(real, fake, real_weights, fake_weights)
    return within - 2 * sums / (real_weights.sum(axis=0) * fake_weights.sum(axis=0))


def _between(x, y, x_weights, y_weights, diagonal: bool = True) -> np.ndarray:
    """Σ_ij aᵢ bⱼ k(xᵢ, yⱼ) for every column of weights; without i = j if not `diagonal`."""
    sums = np.zeros(x_weights.shape[1])
    for start in range(0, len(x), ROWS):
        rows = slice(start, start + ROWS)
        kernel = cubic_kernel(x[rows], y)
        if not diagonal:
            kernel[np.arange(len(kernel)), start + np.arange(len(kernel))] = 0.0
        sums += np.einsum("is,is->s", x_weights[rows], kernel @ y_weights)
    return sums


def _within(x, weights) -> np.ndarray:
    pairs = weights.sum(axis=0) ** 2 - (weights**2).sum(axis=0)
    sums = _between(x, x, weights, weights, diagonal=False)
    return np.divide(sums, pairs, out=np.full_like(sums, np.nan), where=pairs > 0)


def kernel_distance(
    real: np.ndarray,
    fake: np.ndarray,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = SEED,
) -> KernelDistance:
    """KID of features (N, d) and (M, d).

    Raises `MetricError` if a set has fewer pictures than `subset_size`, or if that is below 2.
    """
    smaller = min(len(real), len(fake))
    if not 2 <= subset_size <= smaller:
        raise MetricError(
            f"The kernel distance takes subsets of {subset_size} pictures, and there are "
            f"{len(real)} real and {len(fake)} generated ones. Give more pictures or name a subset "
            "size of 2 or more that fits; it is part of the protocol."
        )
    if subsets < 1:
        raise MetricError(f"The kernel distance needs 1 subset or more. Received: {subsets}.")
    rng = np.random.RandomState(seed)
    draws = []
    for _ in range(subsets):
        drawn_fake = rng.choice(len(fake), subset_size, replace=False)
        draws.append((rng.choice(len(real), subset_size, replace=False), drawn_fake))
    values = _subset_values(real, fake, draws, subset_size)
    spread = values.std(ddof=1) if subsets > 1 else float("nan")
    apart = smaller - subset_size
    error = spread * np.sqrt(1 / subsets + (subset_size / apart if apart else 0.0))
    return KernelDistance(
        float(values.mean()), float(values.std()), float(error), subsets, subset_size
    )


def _subset_values(real, fake, draws, size) -> np.ndarray:
    """MMD² of every subset, computed in the way that needs fewer kernel values."""
    if len(real) * len(fake) <= len(draws) * size**2:
        return weighted_mmd(
            real,
            fake,
            _indicator(len(real), [drawn for drawn, _ in draws]),
            _indicator(len(fake), [drawn for _, drawn in draws]),
        )
    ones = np.ones((size, 1))
    return np.concatenate(
        [weighted_mmd(real[ours], fake[theirs], ones, ones) for ours, theirs in draws]
    )


def _indicator(count: int, subsets: list[np.ndarray]) -> np.ndarray:
    weights = np.zeros((count, len(subsets)))
    for column, drawn in enumerate(subsets):
        weights[drawn, column] = 1.0
    return weights
