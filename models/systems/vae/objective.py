"""The terms of a VAE's loss: a sum for each picture, and the mean of these over a batch.

The bound is a sum: the log density of a picture's D numbers, and the divergence of its code's k
numbers. With means over D and over k, the weight of the divergence would be D / k times too large.
"""

import math

from keras import ops


def divergence(mean, log_variance):
    """KL(N(mean, variance) || N(0, 1)) of each code: (N, k) twice → (N,).

    -1/2 Σ (1 + log σ² - μ² - σ²) (Kingma and Welling 2014, arXiv:1312.6114, appendix B).
    """
    terms = 1.0 + log_variance - ops.square(mean) - ops.exp(log_variance)
    return -0.5 * ops.sum(terms, axis=-1)


def squared_error(x, made):
    """The sum of squared differences of each picture: (N, …) twice → (N,)."""
    return ops.sum(ops.square(x - made), axis=tuple(range(1, len(x.shape))))


def gaussian(errors, numbers: int, variance):
    """-log N(x; x', variance) of each picture, from its squared error: (N,) → (N,).

    Args:
        numbers: D, how many numbers a picture has.
        variance: σ², the same for all of them.
    """
    scale = 0.5 * numbers * ops.log(2 * math.pi * variance)
    return scale + 0.5 * errors / variance


def mean_squares(maps, others):
    """Σ over maps of the mean squared difference of each picture: lists of (N, h, w, c) → (N,).

    Within a map it is the mean, not the sum, as in Hou et al. 2017 (arXiv:1610.00291, equation 3),
    so that a map's weight does not depend on its size.
    """
    return sum(
        ops.mean(ops.square(a - b), axis=(1, 2, 3)) for a, b in zip(maps, others, strict=True)
    )
