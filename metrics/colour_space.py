"""Luma and chroma, in NumPy: Y = 0.299 R + 0.587 G + 0.114 B (BT.601); U and V as in PAL.

U = 0.492 (B - Y) and V = 0.877 (R - Y). `layers.colour` has the same within a network.
"""

from __future__ import annotations

import numpy as np

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_U, _V = np.float32(0.492), np.float32(0.877)


def luma(pictures: np.ndarray) -> np.ndarray:
    """RGB (…, 3) → Y (…), float32, in the units of the colours."""
    return pictures.astype(np.float32) @ _LUMA


def chroma(pictures: np.ndarray) -> np.ndarray:
    """RGB (…, 3) with colours from 0 to 1, or uint8 → U and V (…, 2), float32; grey gives 0."""
    colours = pictures.astype(np.float32)
    if pictures.dtype == np.uint8:
        colours = colours / np.float32(255)
    y = luma(colours)
    return np.stack([_U * (colours[..., 2] - y), _V * (colours[..., 0] - y)], axis=-1)


def coloured(y: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Y (…) and U, V (…, 2) → RGB (…, 3) of colours from 0 to 1, with exactly this luma.

    Where no colour has this luma and this chroma, it gets less chroma of the same hue.
    """
    blue, red = uv[..., 0] / _U, uv[..., 1] / _V  # B - Y, R - Y
    green = -(_LUMA[0] * red + _LUMA[2] * blue) / _LUMA[1]
    difference, y = np.stack([red, green, blue], axis=-1), y[..., None]
    up, down = np.maximum(1.0 - y, 1e-6), np.maximum(y, 1e-6)
    share = np.maximum(difference / up, -difference / down).max(axis=-1, keepdims=True)
    return y + difference / np.maximum(share, 1.0)
