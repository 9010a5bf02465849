"""Pictures sampled by affine maps, without aliasing, on any backend.

As in ADA (appendix B): pictures, mirrored at their edges, are made twice as large by the wavelet
sym6, sampled bilinearly, and made half as large by it. Both filters are products with matrices.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from models.lazy import ops

# The low-pass filter of Daubechies' least asymmetric wavelet with six vanishing moments.
_SYM6 = (
    0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633,
    0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252,
    -0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148,
)  # fmt: skip
_PAD = len(_SYM6) // 4  # pixels around the picture that are sampled for the last filter


@functools.lru_cache
def _doubling(side: int) -> np.ndarray:
    """(2·(3·side - 2), side): a line with its mirror images at both ends, made twice as long."""
    taps = np.array(_SYM6) / np.sum(_SYM6)
    margin = side - 1
    matrix = np.zeros((2 * (side + 2 * margin), side))
    for row in range(len(matrix)):
        for tap, weight in enumerate(taps[::-1]):
            place = row - 2 * margin + tap - len(taps) // 2  # zeros stand between the pixels
            if place % 2 == 0:
                matrix[row, _mirrored(place // 2, side)] += 2.0 * weight
    return matrix.astype(np.float32)


@functools.lru_cache
def _halving(side: int) -> np.ndarray:
    """(side, 2·(side + 2·_PAD)): a line with margins made half as long."""
    taps = np.array(_SYM6) / np.sum(_SYM6)
    matrix = np.zeros((side, 2 * (side + 2 * _PAD)))
    for row in range(side):
        for tap, weight in enumerate(taps):
            matrix[row, 2 * (row + _PAD) + tap - len(taps) // 2 + 1] += weight
    return matrix.astype(np.float32)


def _mirrored(place: int, side: int) -> int:
    """A place on a line that is mirrored at its ends again and again, within 0 … side - 1."""
    place = abs(place) % (2 * side - 2) if side > 1 else 0
    return min(place, 2 * side - 2 - place)


def resampled(pictures: Any, source: Any) -> Any:
    """Pictures (N, H, W, C) whose pixels come from where `source` says: float32.

    Args:
        source: matrices (N, 3, 3), (x, y, 1) of a pixel → (x, y) of where it comes from, in pixels
            around the centre.
    """
    height, width = pictures.shape[1:3]
    large = ops.einsum("ij,njwc->niwc", _doubling(height), ops.cast(pictures, "float32"))
    large = ops.einsum("ij,nhjc->nhic", _doubling(width), large)
    found = _bilinear(large, *_places(source, height, width))
    found = ops.einsum("ij,njwc->niwc", _halving(height), found)
    return ops.einsum("ij,nhjc->nhic", _halving(width), found)


def _places(source: Any, height: int, width: int) -> tuple[Any, Any]:
    """Rows and columns in the doubled picture, (N, 2(H + 2 pad), 2(W + 2 pad)), with fractions.

    A pixel of the doubled picture lies a quarter of a pixel before its place, as the filters'
    centres do.
    """
    y, x = (
        (np.arange(2 * (side + 2 * _PAD)) + 1 - (side + 2 * _PAD)) / 2 for side in (height, width)
    )
    y, x = (each.astype("float32") for each in np.meshgrid(y, x, indexing="ij"))

    def line(row, side):
        a, b, c = (source[:, row, axis][:, None, None] for axis in range(3))
        return 2.0 * (a * x[None] + b * y[None] + c) + (side - 1) + 2 * (side - 1)

    return line(1, height), line(0, width)


def _bilinear(pictures: Any, rows: Any, columns: Any) -> Any:
    """Pictures (N, H, W, C) at places (N, R, S), held at their edges: (N, R, S, C)."""
    height, width, channels = pictures.shape[1:]
    flat = ops.reshape(pictures, (-1, height * width, channels))
    low_row, low_column = ops.floor(rows), ops.floor(columns)
    down, right = (rows - low_row)[..., None], (columns - low_column)[..., None]

    def at(row, column):
        row = ops.cast(ops.clip(row, 0, height - 1), "int32")
        column = ops.cast(ops.clip(column, 0, width - 1), "int32")
        index = ops.reshape(row * width + column, (-1, rows.shape[1] * rows.shape[2], 1))
        taken = ops.take_along_axis(flat, index, axis=1)
        return ops.reshape(taken, (-1, *rows.shape[1:], channels))

    above, below = low_row, low_row + 1.0
    top = (1.0 - right) * at(above, low_column) + right * at(above, low_column + 1.0)
    bottom = (1.0 - right) * at(below, low_column) + right * at(below, low_column + 1.0)
    return (1.0 - down) * top + down * bottom
