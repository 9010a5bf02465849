"""Some rows of an array on disk, as an array that is never copied as a whole."""

from collections.abc import Sequence
from typing import Literal

import numpy as np


class Rows:
    """The rows `rows` of `array` (N, …), read only when they are needed.

    array  any array, usually a memory map, or `Rows` of one
    rows   int64 (M,): which of its rows, in this order; a row may occur more than once

    Its shape is (M, …). It is indexed by an int, a slice, int or bool arrays, or by a tuple of one
    of them and ints or slices, and works with `np.take(…, axis=0)`; each reads only the rows that
    it returns. It is read-only. `np.asarray` reads all of it into memory.
    """

    def __init__(self, array: "np.ndarray | Rows", rows: Sequence[int] | np.ndarray) -> None:
        self.rows: np.ndarray = np.asarray(rows, np.int64)
        if isinstance(array, Rows):
            self.rows = array.rows[self.rows]
            array = array.array
        # A memory map stays one, without numpy's slow subclass.
        self.array: np.ndarray = np.asarray(array)

    @property
    def shape(self) -> tuple[int, ...]:
        """(M, …)."""
        return (len(self.rows), *self.array.shape[1:])

    @property
    def dtype(self) -> np.dtype:
        """That of the array."""
        return self.array.dtype

    @property
    def ndim(self) -> int:
        """That of the array."""
        return self.array.ndim

    @property
    def nbytes(self) -> int:
        """The bytes of these rows; rows in two views count in each."""
        return int(np.prod(self.shape)) * self.dtype.itemsize

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key) -> np.ndarray:
        first, *rest = key if isinstance(key, tuple) else (key,)
        return self.array[(self.rows[first], *rest)]

    def take(
        self, indices, axis: int = 0, out=None, mode: Literal["raise", "wrap", "clip"] = "raise"
    ) -> np.ndarray:
        """Called by `np.take(self, indices, axis=0)`. Raises `ValueError` for other axes."""
        if axis != 0:
            raise ValueError(f"Rows are taken along axis 0, not {axis}.")
        return np.take(self.array, np.take(self.rows, indices, mode=mode), axis=0, out=out)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        if copy is False:
            raise ValueError("Rows cannot become an array without a copy.")
        return np.asarray(np.take(self.array, self.rows, axis=0), dtype)
