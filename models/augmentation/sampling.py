"""Pictures sampled by affine maps, without aliasing, on any backend.

As in ADA (appendix B): pictures, mirrored at their edges, are made twice as large by the wavelet
sym6, sampled bilinearly, and made half as large by it. Both filters are products with matrices. A
line that is mirrored at both ends repeats, so only its first period is made.
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
    """(2·period, side): a line with its mirror images at both ends, made twice as long.

    It begins side - 1 pixels before the line.
    """
    taps = np.array(_SYM6) / np.sum(_SYM6)
    margin = side - 1
    matrix = np.zeros((2 * _period(side), side))
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
    place = abs(place) % _period(side)
    return min(place, _period(side) - place)


def _period(side: int) -> int:
    """After how many pixels a line that is mirrored at its ends repeats."""
    return max(1, 2 * side - 2)


def resampled(pictures: Any, source: Any) -> Any:
    """Pictures (N, H, W, C) whose pixels come from where `source` says: float32.

    Args:
        source: matrices (N, 3, 3), (x, y, 1) of a pixel → (x, y) of where it comes from, in pixels
            around the centre.
    """
    height, width = pictures.shape[1:3]
    # Lines across the smaller of two maps: the others need no transposition, and so are cheap.
    large = _across(_doubling(width), ops.cast(pictures, "float32"))
    large = _down(_doubling(height), large)
    found = _bilinear(large, *_places(source, height, width), (height, width))
    return _across(_halving(width), _down(_halving(height), found))


def _across(matrix: np.ndarray, pictures: Any) -> Any:
    """Every row of (N, H, W, C) by a matrix (V, W): (N, H, V, C)."""
    return ops.einsum("ij,nhjc->nhic", matrix, pictures)


def _down(matrix: np.ndarray, pictures: Any) -> Any:
    """Every column of (N, H, W, C) by a matrix (V, H): (N, V, W, C)."""
    height, width, channels = pictures.shape[1:]
    lines = ops.reshape(pictures, (-1, height, width * channels))
    return ops.reshape(ops.matmul(matrix, lines), (-1, len(matrix), width, channels))


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


def _bilinear(pictures: Any, rows: Any, columns: Any, sides: tuple[int, int]) -> Any:
    """Doubled pictures (N, H, W, C) at places (N, R, S): (N, R, S, C).

    All four neighbours are gathered at once: so the gradient is scattered into one map, not four.

    Args:
        sides: height and width before they were doubled. A place that is further outside than a
            side is long counts as one at that distance: the authors' margins end there.
    """
    height, width, channels = pictures.shape[1:]
    first_row, first_column = ops.floor(rows), ops.floor(columns)
    down, right = rows - first_row, columns - first_column
    row, column = (
        [
            ops.cast(ops.clip(first + more, 0, 2 * (3 * side - 2) - 1), "int32") % period
            for more in (0.0, 1.0)
        ]
        for first, side, period in zip(
            (first_row, first_column), sides, (height, width), strict=True
        )
    )
    four = [(0, 0), (0, 1), (1, 0), (1, 1)]
    index = ops.stack([row[y] * width + column[x] for y, x in four], axis=1)
    starts = ops.arange(ops.shape(pictures)[0], dtype="int32") * (height * width)
    pixels = ops.reshape(pictures, (-1, channels))
    taken = ops.take(pixels, index + starts[:, None, None, None], axis=0)
    shares = ((1.0 - down, down), (1.0 - right, right))
    weights = ops.stack([shares[0][y] * shares[1][x] for y, x in four], axis=1)
    return ops.sum(taken * weights[..., None], axis=1)
