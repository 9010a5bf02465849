"""The batches of the training steps: pure functions of (seed, step), made ahead in a thread.

All random numbers of a step are part of its batch. So a resumed run, another backend and a run
on several devices all see the same reals, latents and labels at step n.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator, Mapping

import numpy as np

import datasets
from models.chance import step_rng
from models.recipe import Recipe

_TEXTS = 1  # the use of a step's random numbers that chooses captions


class Feed:
    """Training batches of `data` for `recipe`; `batch(step)` is the same on every call.

    Args:
        data: the pictures of the recipe's only domain, or of each domain by name. They include the
            held-out pictures, which never come into a batch.
        rows: which rows of each batch to make, in this order, if several machines share it; their
            random numbers are the same as in the whole batch. None: all rows.
    """

    def __init__(
        self,
        data: datasets.ImageData | Mapping[str, datasets.ImageData],
        recipe: Recipe,
        seed: int,
        rows: np.ndarray | None = None,
    ) -> None:
        self.recipe = recipe
        self.seed = seed
        self._rows = rows
        if not isinstance(data, Mapping):
            data = {recipe.domains[0]: data}
        # Paired domains are shuffled and mirrored together, others separately.
        self._domains = {
            name: datasets.Batches(
                datasets.hold_out(data[name], recipe.held_out)[0],
                recipe.batch_size,
                seed,
                mirror=recipe.mirror,
                stream=0 if recipe.paired else number,
            )
            for number, name in enumerate(recipe.domains)
        }
        self._sentences = None
        if recipe.captions_together:
            first = self._domains[recipe.domains[0]].data
            self._sentences = first.sentences(recipe.captions_together)

    def batch(self, step: int) -> dict[str, np.ndarray]:
        """The batch of training step `step` (from 0), arrays (B, columns, …).

        It holds the pictures of every domain under its name, new ones in every column, the random
        numbers of `Recipe.draw`, and the text of the pictures if the networks take captions.
        """
        columns = self.recipe.columns
        steps = range(step * columns, (step + 1) * columns)
        pictures = {
            name: _stack([reals.batch(each, self._rows)[0] for each in steps])
            for name, reals in self._domains.items()
        }
        rng = step_rng(self.seed, step)
        first = self._domains[self.recipe.domains[0]]
        drawn = self.recipe.draw(
            rng,
            _stack([first.labels(each) for each in steps]),
            lambda count: first.random_labels(count, rng),
        )
        if self._sentences is not None:
            drawn |= self._texts([first.rows(each) for each in steps], step)
        if self._rows is not None:
            drawn = {name: array[self._rows] for name, array in drawn.items()}
        return pictures | drawn

    def _texts(self, rows: list[np.ndarray], step: int) -> dict[str, np.ndarray]:
        """text, wrong: (B, columns, size), of the pictures `rows` of each column."""
        rng = step_rng(self.seed, step, _TEXTS)
        columns = [self._sentences.batch(each, rng) for each in rows]
        return {name: _stack([column[name] for column in columns]) for name in columns[0]}


def _stack(arrays: list[np.ndarray]) -> np.ndarray:
    """Arrays (B, …) stacked to (B, d, …); a single one is not copied."""
    return arrays[0][:, None] if len(arrays) == 1 else np.stack(arrays, axis=1)


class Prefetch:
    """Iterate over the batches of the steps `start` ≤ step < `stop`, made ahead in one thread.

    A context manager, so that the thread always ends with the training. An error in the thread is
    raised when the batch is taken.
    """

    def __init__(self, feed: Feed, start: int, stop: int, ahead: int = 4) -> None:
        self._feed, self._steps = feed, range(start, stop)
        self._ready: queue.Queue = queue.Queue(maxsize=ahead)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="feed", daemon=True)

    def __enter__(self) -> Iterator[tuple[dict[str, np.ndarray]]]:
        self._thread.start()
        return self._batches()

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        while self._thread.is_alive():
            with contextlib.suppress(queue.Empty):
                self._ready.get_nowait()  # the thread may be waiting for room
            self._thread.join(timeout=0.02)

    def _batches(self) -> Iterator[tuple[dict[str, np.ndarray]]]:
        for _ in self._steps:
            item = self._take()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield (item,)  # a one-tuple: Keras's word for inputs without targets

    def _take(self) -> dict[str, np.ndarray] | BaseException | None:
        # A reader ahead of the training must not wait for ever after the training has ended.
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Empty):
                return self._ready.get(timeout=0.2)
        return None

    def _work(self) -> None:
        try:
            for step in self._steps:
                if self._stopped.is_set():
                    return
                self._ready.put(self._feed.batch(step))
        except BaseException as error:
            self._ready.put(error)
