"""From stored pixels to the networks' inputs."""

from typing import Any

import keras
import numpy as np
from keras import ops


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
