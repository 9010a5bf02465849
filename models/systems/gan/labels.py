"""Noise on labels, so that a generator must draw sensible pictures between them too."""

from __future__ import annotations

import numpy as np


def noisy(
    labels: np.ndarray, kind: str, num_labels: int, noise: float, rng: np.random.Generator
) -> np.ndarray:
    """`labels` with conditioning noise, of the same shape and type.

    Attributes get normal noise of standard deviation `noise`; of classes, the share `noise` is
    replaced by random classes. `kind`: "none", "classes" or "attributes".
    """
    if not noise or kind == "none":
        return labels
    if kind == "attributes":
        return labels + np.float32(noise) * rng.standard_normal(labels.shape, dtype=np.float32)
    others = rng.integers(num_labels, size=labels.shape, dtype=labels.dtype)
    return np.where(rng.random(labels.shape) < noise, others, labels)
