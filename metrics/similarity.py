"""MS-SSIM between generated pictures: how alike they are to each other (Odena et al. 2017).

Near the reals' own value is good: above it the generator repeats itself. It sees large-scale
collapse alone, and says nothing about quality.
"""

from __future__ import annotations

import numpy as np

from metrics.errors import MetricError

WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])  # of the scales, the finest first
SMALLEST = 1 << (len(WEIGHTS) - 1)  # pixels: one is left at the coarsest scale
_WINDOW, _SIGMA = 11, 1.5  # of the Gaussian window, smaller where the picture is
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_BATCH = 256


def ms_ssim(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Multi-scale structural similarity of pairs, (N,), 1 for equal ones.

    Wang, Simoncelli and Bovik 2003, equation 7, the mean over channels taken at each scale; values
    below 0 count as 0. The window shrinks with pictures of less than 11 pixels.

    Args:
        first, second: uint8 (N, H, W, C), both sides multiples of 16.

    Raises:
        MetricError: other sides.
    """
    height, width = first.shape[1:3]
    if height % SMALLEST or width % SMALLEST:
        raise MetricError(f"MS-SSIM needs sides that are multiples of 16, not {width}x{height}")
    x, y = (np.asarray(each, "float32") for each in (first, second))
    product = np.ones(len(x))
    for scale, weight in enumerate(WEIGHTS):
        if scale:
            x, y = _halved(x), _halved(y)
        similarity, contrast = _compared(x, y)
        value = similarity if scale == len(WEIGHTS) - 1 else contrast
        product *= np.maximum(value, 0.0) ** weight
    return product


def of_pairs(pictures: np.ndarray) -> np.ndarray:
    """MS-SSIM of pictures 0 and 1, 2 and 3, …: (N // 2,) for uint8 (N, H, W, C)."""
    count = len(pictures) // 2 * 2
    if not count:
        raise MetricError("MS-SSIM needs two pictures")
    parts = [
        ms_ssim(pictures[start : min(start + _BATCH, count) : 2],
                pictures[start + 1 : min(start + _BATCH, count) : 2])
        for start in range(0, count, _BATCH)
    ]  # fmt: skip
    return np.concatenate(parts)


def _compared(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """SSIM and its contrast-structure part, (N,) each, means over positions and channels."""
    mean_x, mean_y = _windowed(x), _windowed(y)
    covariance = _windowed(x * y) - mean_x * mean_y
    variances = _windowed(x * x) - mean_x**2 + _windowed(y * y) - mean_y**2
    contrast = (2 * covariance + _C2) / (variances + _C2)
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    axes = (1, 2, 3)
    return (luminance * contrast).mean(axis=axes), contrast.mean(axis=axes)


def _windowed(x: np.ndarray) -> np.ndarray:
    """The Gaussian mean at each place where the whole window lies in the picture."""
    size = min(_WINDOW, *x.shape[1:3])
    places = np.arange(size) - (size - 1) / 2
    weights = np.exp(-(places**2) / (2 * (_SIGMA * size / _WINDOW) ** 2))
    weights = (weights / weights.sum()).astype("float32")
    rows, columns = (side - size + 1 for side in x.shape[1:3])
    x = sum(weight * x[:, place : place + rows] for place, weight in enumerate(weights))
    return sum(weight * x[:, :, place : place + columns] for place, weight in enumerate(weights))


def _halved(x: np.ndarray) -> np.ndarray:
    """The mean of each 2×2 pixels."""
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4
