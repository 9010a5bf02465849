"""CMMD: the distance of CLIP's embeddings, by a Gaussian kernel.

Jayasumana et al. 2024, arXiv:2401.09603, as the authors' code computes it:

    k(x, y) = exp(-|x - y|² / (2 · 10²)),
    CMMD = 1000 · (mean_{ij} k(xᵢ, xⱼ) + mean_{ij} k(yᵢ, yⱼ) - 2 mean_{ij} k(xᵢ, yⱼ)),

with the pairs i = j, whose share, 1 / N, biases it upwards by a little. Pictures that are not
square are squeezed; the authors' code cuts out the middle.
"""

import numpy as np

SIGMA, SCALE = 10.0, 1000.0
ROWS = 1024


def cmmd(real: np.ndarray, fake: np.ndarray) -> float:
    """CMMD of embeddings (N, d) and (M, d) of length 1; 0 for equal sets."""
    once = [np.ones((len(each), 1)) for each in (real, fake)]
    return float(weighted(real, fake, *once)[0])


def weighted(
    real: np.ndarray, fake: np.ndarray, real_weights: np.ndarray, fake_weights: np.ndarray
) -> np.ndarray:
    """CMMD (S,) of S weightings of the pictures, (N, S) and (M, S), such as bootstrap's counts."""
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    ours, theirs = (each / each.sum(axis=0) for each in (real_weights, fake_weights))
    within = _mean(real, real, ours, ours) + _mean(fake, fake, theirs, theirs)
    return SCALE * (within - 2 * _mean(real, fake, ours, theirs))


def _mean(x, y, x_weights, y_weights) -> np.ndarray:
    """Σ_ij aᵢ bⱼ k(xᵢ, yⱼ) for every column of weights."""
    total, lengths = np.zeros(x_weights.shape[1]), np.square(y).sum(axis=1)
    for start in range(0, len(x), ROWS):
        rows = slice(start, start + ROWS)
        squares = np.square(x[rows]).sum(axis=1)[:, None] + lengths - 2 * x[rows] @ y.T
        kernel = np.exp(-np.maximum(squares, 0) / (2 * SIGMA**2))
        total += np.einsum("is,is->s", x_weights[rows], kernel @ y_weights)
    return total
