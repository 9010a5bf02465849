"""Training without a run folder: for toys, comparisons and benchmarks."""

from __future__ import annotations

import math

import keras

from console.errors import TrainingStopped
from models import autodiff
from models.recipe import Recipe
from models.system import System
from training.feed import Feed, Prefetch


def advance(system: System, feed: Feed, step: int) -> dict[str, float]:
    """Train `system` up to step `step` on `feed`'s batches; the mean logs of the backend's calls.

    A call of several steps counts with its last one.

    Raises `TrainingStopped` when a loss is not finite.
    """
    start = system.step
    if start >= step:
        return {}
    heard = _MeanLogs()
    with Prefetch(feed, start, step) as batches:
        system.fit(
            batches, steps_per_epoch=step - start, epochs=1, verbose=0,
            callbacks=[heard],
        )  # fmt: skip
    logs = heard.means()
    bad = [name for name, value in logs.items() if not math.isfinite(value)]
    if bad:
        raise TrainingStopped(f"{bad[0]} is {logs[bad[0]]} by step {step}")
    return logs


class _MeanLogs(keras.callbacks.Callback):
    """The mean of each log over the calls."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[dict[str, float]] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Remember the logs of one call."""
        self._calls.append({name: float(value) for name, value in (logs or {}).items()})

    def means(self) -> dict[str, float]:
        """By name; not finite if one call's was not."""
        return {
            name: math.fsum(call[name] for call in self._calls) / len(self._calls)
            for name in (self._calls[0] if self._calls else ())
        }


def release() -> None:
    """Free what Keras and TensorFlow keep of systems that are no longer used."""
    keras.backend.clear_session()
    autodiff.forget_traced()


def steps_at_once(*marks: int) -> int:
    """How many steps per call of the backend divide all `marks`, at most 25; on torch always 1.

    For small networks the call takes longer than the computation.
    """
    return 1 if keras.backend.backend() == "torch" else math.gcd(*marks, 25)


def compiled(recipe: Recipe) -> bool | str:
    """A system's `jit_compile`: on points, XLA halves the time of a step, mostly call overhead."""
    return (
        True
        if getattr(recipe, "point_dim", 0) and keras.backend.backend() == "tensorflow"
        else "auto"
    )
