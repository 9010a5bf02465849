"""From stored pixels to the networks' inputs, and to grey."""

from typing import Any

import keras
import numpy as np
from keras import ops

from metrics import colour_space


def as_floats(pictures: Any) -> Any:
    """uint8 (…) 0..255 → float32 (…) in [-1, 1], `x / 127.5 - 1`; floats stay as they are.

    NumPy arrays give NumPy arrays, tensors give tensors.
    """
    pixels = keras.backend.standardize_dtype(pictures.dtype) == "uint8"
    if isinstance(pictures, np.ndarray):
        values = pictures.astype(np.float32)
        return values / np.float32(127.5) - np.float32(1) if pixels else values
    values = ops.cast(pictures, "float32")
    return values / 127.5 - 1.0 if pixels else values


def to_grey(pictures: np.ndarray) -> np.ndarray:
    """uint8 RGB (…, 3) → uint8 (…, 3), of which all channels are the luma of BT.601, rounded."""
    levels = np.rint(colour_space.luma(pictures)).astype(np.uint8)
    return np.repeat(levels[..., None], 3, axis=-1)
