"""Quality of a crop, from its pixels only.

No threshold on these numbers fits all drawings, so they are only ranked within the set.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image
from scipy import ndimage

SIZE = 128  # pixels: sharpness is measured at the size that a network will see
GREY_BELOW = 4.0  # mean chroma, of 255, of a scan or a JPEG without colours


def sharpness(crop: Image.Image) -> float:
    """The variance of the Laplacian of the grey crop at 128 px, of values 0..255.

    It is low for blurred or enlarged crops.
    """
    grey = crop.convert("L").resize((SIZE, SIZE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return float(ndimage.laplace(np.asarray(grey, np.float32), mode="nearest").var())


def chroma(crop: Image.Image) -> float:
    """The mean difference of a pixel's largest and smallest channel, 0..255."""
    small = crop.resize((SIZE, SIZE), Image.Resampling.BOX)
    pixels = np.asarray(small, np.int16)
    return float((pixels.max(axis=2) - pixels.min(axis=2)).mean())


def ranks(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Values (N,) → their ranks in the set, from 0 for the lowest to 1 for the highest."""
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return order / max(len(values) - 1, 1)
