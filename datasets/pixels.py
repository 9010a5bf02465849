"""Conversion between stored pixels (uint8, 0..255) and network inputs (float32, -1..1)."""

import numpy as np


def to_float(images: np.ndarray) -> np.ndarray:
    """uint8 (…) 0..255 → float32 (…) in [-1, 1]: `x / 127.5 - 1`."""
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1)


def to_uint8(images: np.ndarray) -> np.ndarray:
    """float (…) in [-1, 1] → uint8 (…) 0..255, rounded; values outside are clipped.

    The inverse of `to_float`: every uint8 value stays the same.
    """
    scaled = (np.asarray(images, np.float32) + np.float32(1)) * np.float32(127.5)
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
