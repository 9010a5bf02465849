"""Principal components: the best linear code of pictures, a baseline for learned ones."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from metrics.errors import MetricError

_BATCH = 500  # pictures that are converted to floats at a time


@dataclass(frozen=True)
class PCA:
    """`mean` (D,) and orthonormal `components` (k, D) of pictures of that `shape`, 0..255."""

    mean: np.ndarray
    components: np.ndarray
    shape: tuple[int, ...]

    def encode(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures (N, H, W, 3), 0..255 → codes float32 (N, k)."""
        starts = range(0, len(pictures), _BATCH)
        return np.concatenate([
            (_rows(pictures[start : start + _BATCH]) - self.mean) @ self.components.T
            for start in starts
        ])  # fmt: skip

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Codes (N, k) → pictures float32 (N, H, W, 3), mostly within 0..255."""
        return (codes @ self.components + self.mean).reshape(-1, *self.shape).astype("float32")


def fit(pictures: np.ndarray, numbers: int) -> PCA:
    """The `numbers` directions in which `pictures` (N, H, W, 3) vary most.

    They come from the N×N matrix of inner products, since a picture has more than N numbers.
    Raises `MetricError` unless there are more pictures than `numbers`.
    """
    count = len(pictures)
    if count <= numbers:
        raise MetricError(f"{numbers} principal components need more than {count} pictures.")
    rows = _rows(pictures)
    mean = rows.mean(axis=0, dtype=np.float64).astype("float32")
    rows -= mean
    last = (count - numbers, count - 1)
    values, vectors = scipy.linalg.eigh(rows @ rows.T, subset_by_index=last)
    # A component's length before it is normalised is the root of its eigenvalue.
    lengths = np.sqrt(np.maximum(values, 1e-6))
    components = (vectors / lengths).T.astype("float32") @ rows
    return PCA(mean, components[::-1], pictures.shape[1:])


def _rows(pictures: np.ndarray) -> np.ndarray:
    return np.asarray(pictures, "float32").reshape(len(pictures), -1)
