"""Colouring a picture of any size with a network of one size.

The eye sees colour less sharply than brightness. So the network colours a small copy, squeezed into
a square, and the picture gets its chroma and keeps its own luma.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from PIL import Image

from metrics import colour_space
from models import sampling

_ROWS = 256  # of a large picture that are coloured at a time
_SMOOTH = Image.Resampling.BILINEAR


def rendered(
    network: keras.Model, pictures: Sequence[np.ndarray], batch_size: int = 16
) -> list[np.ndarray]:
    """Pictures uint8 (H, W, 3), of any sizes → each of them in colour, uint8 (H, W, 3).

    Args:
        network: (N, S, S, 3) → the same in colour, both in [-1, 1].
        batch_size: how many the network colours at a time.
    """
    if not len(pictures):
        return []
    side = network.inputs[0].shape[1]
    small = [np.asarray(Image.fromarray(each).resize((side, side), _SMOOTH)) for each in pictures]
    made = sampling.translate(network, np.stack(small), batch_size)
    chroma = colour_space.chroma(0.5 * (made + 1.0))
    return [with_chroma(*both) for both in zip(pictures, chroma, strict=True)]


def with_chroma(picture: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """The luma of `picture`, uint8 (H, W, 3), with U and V (S, S, 2), enlarged smoothly.

    Only some rows are held as floats at a time.
    """
    height, width = picture.shape[:2]
    parts = [Image.fromarray(np.ascontiguousarray(part)) for part in np.moveaxis(chroma, -1, 0)]
    made = np.empty_like(picture)
    for top in range(0, height, _ROWS):
        bottom = min(top + _ROWS, height)
        side = chroma.shape[0]
        box = (0, top * side / height, side, bottom * side / height)
        size = (width, bottom - top)
        uv = np.stack([np.asarray(part.resize(size, _SMOOTH, box)) for part in parts], axis=-1)
        y = colour_space.luma(picture[top:bottom]) / np.float32(255)
        made[top:bottom] = np.rint(255.0 * colour_space.coloured(y, uv)).astype(np.uint8)
    return made
