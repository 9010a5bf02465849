"""Batches as a pure function of (seed, step), so that a resumed run sees the same ones."""

import numpy as np

from datasets.data import ImageData
from datasets.errors import DataError

# Philox draws from (key, counter): the key is the seed and the step or epoch, the highest word of
# the counter separates the two uses, and the word below it separates the streams.
_ORDER, _MIRROR = 1, 2


class Batches:
    """Shuffled batches of a data set, endlessly.

    The pictures are taken in the order of one permutation of the whole set per epoch: each once,
    then the next permutation. A batch may reach over the end of an epoch; nothing is dropped.
    Each `stream` (0, 1, 2, …) is shuffled and mirrored independently: two domains take two
    streams, both parts of a pair the same one, so that their rows stay together.

    Raises `DataError` if the batch is larger than the data.
    """

    def __init__(
        self,
        data: ImageData,
        batch_size: int,
        seed: int,
        mirror: bool = False,
        stream: int = 0,
    ) -> None:
        if batch_size < 1:
            raise DataError(f"The batch size must be at least 1, not {batch_size}.")
        if batch_size > len(data.images):
            raise DataError(
                f"A batch of {batch_size} is larger than the data: {data.name!r} has "
                f"{len(data.images)} pictures. Lower --batch-size or add pictures."
            )
        self.data, self.batch_size, self.mirror = data, batch_size, mirror
        self.seed, self.stream = seed % 2**64, stream
        self._orders: dict[int, np.ndarray] = {}

    def batch(self, step: int, only: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Batch `step` (from 0) → images uint8 (B, H, W, 3), labels.

        Labels are int32 (B,) classes, float32 (B, A) attributes, or int32 zeros (B,) without any.
        With `only`, only these rows of the batch are read, for several machines that share it.
        """
        mine = slice(None) if only is None else only
        rows = self.rows(step)[mine]
        images = np.take(self.data.images, rows, axis=0)
        if self.mirror:
            flip = (self._generator(_MIRROR, step).random(self.batch_size) < 0.5)[mine]
            images[flip] = images[flip, :, ::-1]
        return images, self._labels(rows)

    def rows(self, step: int) -> np.ndarray:
        """The indices of the pictures in batch `step` → int64 (B,)."""
        count = len(self.data.images)
        epoch, first = divmod(step * self.batch_size, count)
        last = first + self.batch_size
        if last <= count:
            return self._order(epoch)[first:last]
        return np.concatenate([self._order(epoch)[first:], self._order(epoch + 1)[: last - count]])

    def labels(self, step: int) -> np.ndarray:
        """The labels of all pictures of batch `step`, (B, …) as in `batch`."""
        return self._labels(self.rows(step))

    def random_labels(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """The labels of random pictures, with the joint frequencies of the data."""
        return self._labels(rng.integers(len(self.data.images), size=count))

    def _labels(self, rows: np.ndarray) -> np.ndarray:
        if self.data.labels is None:
            return np.zeros(len(rows), np.int32)
        return self.data.labels.values[rows]

    def _order(self, epoch: int) -> np.ndarray:
        if epoch not in self._orders:
            order = self._generator(_ORDER, epoch).permutation(len(self.data.images))
            self._orders = {e: o for e, o in self._orders.items() if e == epoch - 1}
            self._orders[epoch] = order
        return self._orders[epoch]

    def _generator(self, use: int, number: int) -> np.random.Generator:
        key = np.array([self.seed, number], np.uint64)
        return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, self.stream, use]))
