"""Crops and small copies of pictures: within a step on every backend alike, and by Pillow."""

from typing import Any

import numpy as np
from keras import ops
from PIL import Image

from metrics import resize


def crops(pictures: Any, top: Any, left: Any, size: int) -> Any:
    """From pictures (B, H, W, C) each row's square of `size` px that begins at (top, left).

    Args:
        top, left: (B,) whole numbers.
    """
    _, height, width, channels = pictures.shape
    side = np.arange(size, dtype="int32")
    rows = ops.cast(top, "int32")[:, None] + side  # (B, size)
    columns = ops.cast(left, "int32")[:, None] + side
    first = ops.arange(ops.shape(pictures)[0], dtype="int32") * (height * width)
    index = first[:, None, None] + rows[:, :, None] * width + columns[:, None, :]
    return ops.take(ops.reshape(pictures, (-1, channels)), index, axis=0)


def shrunk(pictures: Any, factor: int) -> Any:
    """Pictures (B, H, W, 3) in [-1, 1] → the same H/factor × W/factor large.

    By Pillow's BICUBIC, and rounded to the 256 levels that a file would hold.
    """
    _, height, width, _ = pictures.shape
    rows, columns = (
        resize.matrix("bicubic-antialias", old, old // factor).astype("float32")
        for old in (height, width)
    )
    x = ops.matmul(rows, ops.transpose(pictures, (0, 3, 1, 2)))
    x = ops.matmul(x, columns.T)
    levels = ops.round((ops.transpose(x, (0, 2, 3, 1)) + 1.0) * 127.5)
    return ops.clip(levels, 0.0, 255.0) / 127.5 - 1.0


def averaged(pictures: Any, factor: int) -> Any:
    """Pictures (B, H, W, C) → (B, H/factor, W/factor, C): the mean of every square of pixels."""
    _, height, width, channels = pictures.shape
    if factor == 1:
        return pictures
    shape = (-1, height // factor, factor, width // factor, factor, channels)
    return ops.mean(ops.reshape(pictures, shape), axis=(2, 4))


def repeated(pictures: Any, factor: int) -> Any:
    """Pictures (B, H, W, C) → (B, factor·H, factor·W, C): every pixel as a square."""
    return ops.repeat(ops.repeat(pictures, factor, axis=1), factor, axis=2)


def small_copies(pictures: np.ndarray, factor: int) -> np.ndarray:
    """uint8 (N, R, R, 3) → (N, R/factor, R/factor, 3) by Pillow's BICUBIC, as `shrunk` does."""
    return resized(pictures, pictures.shape[1] // factor, "bicubic")


def resized(pictures: np.ndarray, side: int, way: str) -> np.ndarray:
    """uint8 (N, R, R, 3) → (N, side, side, 3) by the Pillow filter of that name."""
    method = Image.Resampling[way.upper()]
    return np.stack([Image.fromarray(each).resize((side, side), method) for each in pictures])
