"""How near an enlarged picture is to the truth: PSNR and SSIM on luma, and the sharpness of edges.

As the super-resolution papers measure: on Y of BT.601 (16 to 235), with a border left out, the mean
over pictures.
"""

import numpy as np
from scipy import ndimage

_LUMA = np.array([65.481, 128.553, 24.966]) / 255.0
_SIGMA, _RADIUS = 1.5, 5  # of SSIM's window: 11 × 11
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_BINS = 256


def luma(pictures: np.ndarray) -> np.ndarray:
    """Y of uint8 RGB (…, 3): float64 (…), 16 for black and 235 for white (BT.601)."""
    return np.asarray(pictures, "float64") @ _LUMA + 16.0


def psnr(pictures: np.ndarray, truth: np.ndarray, border: int = 4) -> np.ndarray:
    """10 log10(255² / MSE) of Y in decibel, (N,), for uint8 (N, H, W, 3); equal ones give ∞."""
    error = _inner(luma(pictures) - luma(truth), border)
    mean = np.square(error).mean(axis=(1, 2))
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(255.0**2 / mean)


def ssim(pictures: np.ndarray, truth: np.ndarray, border: int = 4) -> np.ndarray:
    """Structural similarity of Y, (N,), 1 for equal ones (Wang et al. 2004, equation 13).

    Gaussian windows of 11 × 11 with deviation 1.5, those within the picture alone, K 0.01 and 0.03.
    """
    x, y = (_inner(luma(each), border) for each in (pictures, truth))
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x = _blurred(x * x) - mean_x**2
    variance_y = _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    similar = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    similar /= (mean_x**2 + mean_y**2 + _C1) * (variance_x + variance_y + _C2)
    inside = similar[:, _RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
    return inside.mean(axis=(1, 2))


def gradient_distance(pictures: np.ndarray, truth: np.ndarray) -> float:
    """The Earth-Mover distance between both sets' gradient magnitudes of Y, in grey levels.

    0 where edges are as sharp and as many; blurred pictures have more small gradients and fewer
    large ones. Which pixel has which gradient does not matter.
    """
    shares = [_cumulative(_gradients(luma(each))) for each in (pictures, truth)]
    return float(np.abs(shares[0] - shares[1]).sum())


def _gradients(y: np.ndarray) -> np.ndarray:
    """|∇Y| by forward differences, (N, H - 1, W - 1)."""
    across = y[:, :-1, 1:] - y[:, :-1, :-1]
    down = y[:, 1:, :-1] - y[:, :-1, :-1]
    return np.hypot(across, down)


def _cumulative(values: np.ndarray) -> np.ndarray:
    """The share of `values` below each whole grey level from 1 on."""
    counts, _ = np.histogram(values, bins=_BINS, range=(0, _BINS))
    return np.cumsum(counts) / values.size


def _blurred(y: np.ndarray) -> np.ndarray:
    sigma = (0.0, _SIGMA, _SIGMA)
    return ndimage.gaussian_filter(y, sigma, radius=(0, _RADIUS, _RADIUS), mode="nearest")


def _inner(y: np.ndarray, border: int) -> np.ndarray:
    return y[:, border : y.shape[1] - border, border : y.shape[2] - border]
