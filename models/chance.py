"""Random numbers by NumPy, the same on every machine: those of a step, and rows of data."""

import numpy as np

# Separates the step's random stream from the one that shuffles the data with the same seed.
_STREAM = 0x67616E


def step_rng(seed: int, step: int, use: int = 0) -> np.random.Generator:
    """The random numbers of one training step (Philox, keyed by seed and step), for each `use`."""
    key = np.array([seed, step], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, use, _STREAM]))


def chosen_rows(
    rng: np.random.Generator, total: int, count: int, repeated: bool = False
) -> np.ndarray:
    """`count` of the rows 0 … total - 1, chosen by `rng`, in the order of a file.

    If there are fewer, all of them; or, if they are `repeated`, each as often as it takes.
    """
    drawn = rng.permutation(total)
    return np.sort(np.resize(drawn, count) if repeated else drawn[:count])
