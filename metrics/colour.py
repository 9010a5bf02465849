"""Colour apart from brightness: how far it is from the truth, and how much of it there is."""

from __future__ import annotations

import numpy as np

from metrics import colour_space

_LEVELS = 256


def squared_chroma_error(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The mean squared error of U and V (N, H, W, 2) of each picture, (N,)."""
    return np.square(found - truth).mean(axis=(1, 2, 3), dtype=np.float64)


def colourfulness(pictures: np.ndarray) -> np.ndarray:
    """How colourful each uint8 picture (N, H, W, 3) is, (N,); grey gives 0, a rainbow over 100.

    σ + 0.3 μ of the pixels' R - G and (R + G) / 2 - B (Hasler and Süsstrunk 2003, equation 5).
    """
    red, green, blue = np.moveaxis(pictures.astype(np.float64), -1, 0)
    opponents = np.stack([red - green, 0.5 * (red + green) - blue])  # (2, N, H, W)
    spread = np.sqrt(opponents.var(axis=(2, 3)).sum(axis=0))
    mean = np.sqrt(np.square(opponents.mean(axis=(2, 3))).sum(axis=0))
    return spread + 0.3 * mean


class LumaTable:
    """The mean chroma of each grey level: the best that looking at single pixels can do."""

    def __init__(self, pictures: np.ndarray):
        """Learn it from uint8 pictures (N, H, W, 3)."""
        levels = _levels(pictures).ravel()
        counts = np.bincount(levels, minlength=_LEVELS)
        found = colour_space.chroma(pictures).reshape(-1, 2)
        sums = [np.bincount(levels, part, _LEVELS) for part in found.T.astype(np.float64)]
        mean = found.mean(axis=0, dtype=np.float64)
        seen = np.maximum(counts, 1)
        means = np.stack([np.where(counts, s / seen, m) for s, m in zip(sums, mean, strict=True)])
        self._means = means.T.astype(np.float32)  # (256, 2); levels never seen have the mean of all

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """uint8 pictures (N, H, W, 3) → U and V (N, H, W, 2)."""
        return self._means[_levels(pictures)]


def _levels(pictures: np.ndarray) -> np.ndarray:
    return np.rint(colour_space.luma(pictures)).astype(np.int64)
