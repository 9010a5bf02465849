"""What a training step consumes: a pure function of (seed, step), made ahead in a thread.

Every random number of a step travels with its batch. So a resumed run, another backend and a run
on several devices all see the same reals, latents and labels at step n.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator

import numpy as np

import datasets
from models import latents
from models.chance import step_rng
from models.recipe import Recipe


class Feed:
    """Training batches of `data` for `recipe`; `batch(step)` is the same on every call.

    `rows`: which rows of each batch to make, in that order, where several machines share it; the
    numbers in them are those of the whole batch. None: all of them.
    """

    def __init__(
        self,
        data: datasets.ImageData,
        recipe: Recipe,
        seed: int,
        rows: np.ndarray | None = None,
    ) -> None:
        self.recipe = recipe
        self.seed = seed
        self._rows = rows
        self._reals = datasets.Batches(data, recipe.batch_size, seed, mirror=recipe.mirror)

    def batch(self, step: int) -> dict[str, np.ndarray]:
        """The batch of training step `step` (from 0), laid out as `models.layout` says.

        Reals are fresh for every D step; fake_labels are drawn from the training labels.
        """
        size, turns = self.recipe.batch_size, self.recipe.d_steps
        rng = step_rng(self.seed, step)
        rows = self._rows
        reals = [self._reals.batch(step * turns + turn, rows) for turn in range(turns)]
        columns = self.recipe.fake_columns
        fakes = size * columns
        drawn = latents.sample(self.recipe.latent, fakes, self.recipe.latent_dim, rng)
        fake_labels = self._reals.random_labels(fakes, rng)
        mix = rng.random((size, turns), dtype=np.float32)
        labels = _stack([labels for _, labels in reals])
        fake_labels = fake_labels.reshape(size, columns, *fake_labels.shape[1:])
        drawn = drawn.reshape(size, columns, -1)
        if rows is not None:
            drawn, fake_labels, mix = drawn[rows], fake_labels[rows], mix[rows]
        batch = {
            "images": _stack([images for images, _ in reals]),
            "labels": noisy(labels, self.recipe, rng, rows),
            "latents": drawn,
            "fake_labels": noisy(fake_labels, self.recipe, rng, rows),
            "mix": mix,
        }
        if self.recipe.dequantize:  # the last numbers drawn: all others are the same without
            noise = rng.integers(256, size=(size, *batch["images"].shape[1:]), dtype=np.uint8)
            batch["noise"] = noise if rows is None else noise[rows]
        return batch


def _stack(arrays: list[np.ndarray]) -> np.ndarray:
    """Arrays (B, …) side by side: (B, d, …); without a copy where there is but one."""
    return arrays[0][:, None] if len(arrays) == 1 else np.stack(arrays, axis=1)


def noisy(
    labels: np.ndarray,
    recipe: Recipe,
    rng: np.random.Generator,
    rows: np.ndarray | None = None,
) -> np.ndarray:
    """`labels` with the recipe's conditioning noise, of the same shape and type.

    Attributes get normal noise of deviation `label_noise`, so that the generator must draw
    something sensible between them; of the classes, that share is replaced by classes at random.
    `rows`: which rows of the whole batch `labels` are; noise is drawn for the whole.
    """
    if not recipe.label_noise or recipe.label_kind == "none":
        return labels
    rows = np.arange(len(labels)) if rows is None else rows
    whole = (max(recipe.batch_size, len(labels)), *labels.shape[1:])
    if recipe.label_kind == "attributes":
        noise = rng.standard_normal(whole, dtype=np.float32)[rows]
        return labels + np.float32(recipe.label_noise) * noise
    others = rng.integers(recipe.num_labels, size=whole, dtype=labels.dtype)[rows]
    return np.where(rng.random(whole)[rows] < recipe.label_noise, others, labels)


class Prefetch:
    """Iterate over the batches of the steps `start` ≤ step < `stop`, made ahead in one thread.

    A context manager, so that the thread ends with the training however that ends. An error in
    the thread is raised where the batch is taken.
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
        # Whoever reads ahead of the training must not wait for ever once it has ended.
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
