"""Random numbers as functions of (seed, step): NumPy's Philox, the same on every machine."""

import numpy as np

# Separates the step's random stream from the one that shuffles the data with the same seed.
_STREAM = 0x67616E


def step_rng(seed: int, step: int, use: int = 0) -> np.random.Generator:
    """The random numbers of one training step (Philox, keyed by seed and step), for each `use`."""
    key = np.array([seed, step], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, use, _STREAM]))
