"""Latent distributions, drawn by NumPy so that a seed means the same numbers on every backend."""

import numpy as np

from layers.initializers import truncated_normal


def _truncated_normal(shape, rng, truncation):
    # As in the notes: standard deviation 0.5, cut at ±1, which is two standard deviations.
    return truncated_normal(rng, shape, std=0.5, cut=1.0) * truncation


def _normal(shape, rng, truncation):
    if truncation == 1.0:
        return rng.standard_normal(shape)
    # BigGAN's trick: values beyond the threshold are drawn again; 1 here stands for two deviations.
    return truncated_normal(rng, shape, std=1.0, cut=2.0 * truncation)


def _uniform(shape, rng, truncation):
    return rng.uniform(-truncation, truncation, shape)


def _binomial(shape, rng, truncation):
    return rng.integers(0, 2, shape) * truncation


DISTRIBUTIONS = {
    "truncated_normal": _truncated_normal,
    "normal": _normal,
    "uniform": _uniform,
    "binomial": _binomial,
}


def sample(
    name: str, count: int, dim: int, rng: np.random.Generator, truncation: float = 1.0
) -> np.ndarray:
    """Draw `count` latents: float32 (count, dim).

    Args:
        name: "truncated_normal" (standard deviation 0.5, cut at ±1), "normal" (standard deviation
            1), "uniform" in [-1, 1), "binomial" (0 or 1 with equal probability).
        truncation: in (0, 1]; below 1 latents are nearer to the centre, for more fidelity and less
            variety.

    Raises:
        ValueError: unknown name, or a truncation outside (0, 1].
    """
    if name not in DISTRIBUTIONS:
        raise ValueError(f"Unknown latent {name!r}. Known: {', '.join(DISTRIBUTIONS)}.")
    if not 0 < truncation <= 1:
        raise ValueError(f"truncation must be above 0 and at most 1, not {truncation}.")
    return DISTRIBUTIONS[name]((count, dim), rng, truncation).astype("float32")
