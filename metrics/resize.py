"""Resizing as in the metrics' papers, written as two matrix products: rows, then columns.

Libraries resize differently, and this changes the Fréchet distance (Parmar et al., "On Aliased
Resizing", arXiv:2104.11222). A linear and separable resize is a product with two small matrices, so
it is the same on every backend.
"""

import keras
import numpy as np
from keras import ops

from metrics.errors import MetricError


def _tf1_bilinear(old: int, new: int) -> np.ndarray:
    """TensorFlow 1: source = index · old/new (corners at 0, no half-pixel centre, no antialias)."""
    source = np.arange(new, dtype=np.float32) * np.float32(old / new)
    low = np.minimum(source.astype(np.int64), old - 1)
    high = np.minimum(low + 1, old - 1)
    matrix = np.zeros((new, old))
    fraction = (source - low).astype(np.float64)
    np.add.at(matrix, (np.arange(new), low), 1.0 - fraction)
    np.add.at(matrix, (np.arange(new), high), fraction)
    return matrix


def _cubic(x: np.ndarray, a: float = -0.5) -> np.ndarray:
    """Keys's cubic convolution kernel, with Pillow's a = -1/2."""
    x = np.abs(x)
    inner = ((a + 2) * x - (a + 3)) * x**2 + 1
    outer = a * (((x - 5) * x + 8) * x - 4)
    return np.where(x < 1, inner, np.where(x < 2, outer, 0.0))


def _bicubic(old: int, new: int) -> np.ndarray:
    """Pillow's BICUBIC: half-pixel centres, the kernel widened when shrinking (antialiasing)."""
    scale = old / new
    stretch = max(scale, 1.0)
    centre = (np.arange(new) + 0.5)[:, None] * scale
    first = np.floor(np.maximum(centre - 2 * stretch + 0.5, 0))
    last = np.floor(np.minimum(centre + 2 * stretch + 0.5, old))
    pixels = np.arange(old)[None]
    weights = _cubic((pixels - centre + 0.5) / stretch)
    weights = np.where((pixels >= first) & (pixels < last), weights, 0.0)
    return weights / weights.sum(axis=1, keepdims=True)


METHODS = {
    "tf1-bilinear": _tf1_bilinear,
    "bicubic-antialias": _bicubic,
    "pillow-bicubic": _bicubic,
}
# Pillow's pictures hold bytes: rounded after the rows and again after the columns, no overshoot.
_OF_BYTES = {"pillow-bicubic"}


def matrix(method: str, old: int, new: int) -> np.ndarray:
    """The (new, old) float64 matrix that resizes a line of `old` pixels to `new`."""
    if method not in METHODS:
        raise MetricError(f"Unknown resize {method!r}. Known: {', '.join(METHODS)}.")
    return np.eye(old) if old == new else METHODS[method](old, new)


class Resize(keras.layers.Layer):
    """Pictures (N, H, W, 3) in 0..255 → (N, *size, 3) float32 in 0..255.

    `bicubic-antialias` may overshoot; `pillow-bicubic` gives whole numbers from 0 to 255, Pillow's.
    """

    def __init__(self, method: str, size: tuple[int, int], name: str | None = None):
        super().__init__(trainable=False, dtype="float32", autocast=False, name=name)
        self.method, self.size = method, size
        self._rows: np.ndarray | None = None
        self._columns: np.ndarray | None = None

    def build(self, shape):
        self._rows = matrix(self.method, shape[1], self.size[0]).astype(np.float32)
        self._columns = matrix(self.method, shape[2], self.size[1]).T.astype(np.float32)
        self.built = True

    def call(self, pictures):
        x = ops.cast(pictures, "float32")
        if x.shape[1:3] == self.size:
            return x
        # Channels first, so that both products are large: (N, 3, H, W) @ (W, W').
        x = self._stored(ops.matmul(ops.transpose(x, (0, 3, 1, 2)), self._columns))
        return ops.transpose(self._stored(ops.matmul(self._rows, x)), (0, 2, 3, 1))

    def _stored(self, x):
        return ops.clip(ops.floor(x + 0.5), 0.0, 255.0) if self.method in _OF_BYTES else x

    def compute_output_shape(self, shape):
        return (shape[0], *self.size, shape[3])
