"""How callbacks run without making the device wait at every step.

Keras's own `CallbackList` turns the logs into Python numbers after each step: the device then
idles until the next step is launched. Here the logs stay tensors and are read for many steps at
once; weights are brought up to date only before a callback reads them.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from runs.rows import Row


class StepCallback(keras.callbacks.Callback):
    """A callback that counts in training steps.

    `on_rows(rows)` gets the logs of finished steps as numbers, in order, each step once: rows of
    `{"step": …, "d_loss": …, …}`. `on_step(step)` is called after every step for which `due(step)`
    is true (by default every `every` steps, and after the last one). All rows up to that step have
    then been delivered, and `self.model`'s variables are up to date. Callbacks are called in the
    list's order; an exception from any of them ends the training. So does one that sets
    `self.model.stop_training`; `on_step` of those after it is then not called.
    """

    every: int = 0  # steps between calls of `on_step`; 0: never
    last_step: int = 0  # set by the list: the step after which training ends

    def due(self, step: int) -> bool:
        """Whether to call `on_step` after `step`. It is called every step, so it must be cheap."""
        return self.every > 0 and (step % self.every == 0 or step == self.last_step)

    def on_rows(self, rows: list[Row]) -> None:
        """Receive the logs of the steps since the last call."""

    def on_step(self, step: int) -> None:
        """Act after `step`; weights may be read, sampled from and saved."""


class Redrawing:
    """When a picture of the whole run so far is to be drawn again.

    Such a picture takes longer the longer the run is. So it is drawn again when the run has a
    quarter more steps than the last time, ten minutes after the last time, and after the last step.
    """

    _GROWN = 1.25
    _SECONDS = 600.0

    def __init__(self) -> None:
        self._step, self._time = 0, -math.inf

    def due(self, step: int, last_step: int) -> bool:
        """Whether to draw after `step`; if so, it counts as drawn."""
        now = time.monotonic()
        waits = step < self._GROWN * self._step and now < self._time + self._SECONDS
        if waits and step != last_step:
            return False
        self._step, self._time = step, now
        return True


class StepCallbacks(keras.callbacks.CallbackList):
    """The list that `fit` drives: collects logs as tensors, calls `StepCallback`s when due.

    Args: callbacks, in calling order (plain Keras callbacks work too, with tensors as logs);
    `first_step`: steps already done; `last_step`: where training ends; `read_every`: for how many
    steps at most the logs stay on the device; `read_seconds`: for how long at most; `agree`:
    (step, whether a callback wants to stop, whether it is the last step) → whether to stop, since
    hosts that train together must decide together.

    `seconds`: the time that each `StepCallback` has taken so far, by the name of its class,
    without waiting for the device.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        model: keras.Model,
        first_step: int,
        last_step: int,
        read_every: int = 100,
        read_seconds: float = 1.0,
        agree: Callable[[int, bool, bool], bool] | None = None,
    ) -> None:
        self._first_step, self._last_step = first_step, last_step
        self._agree = agree
        self._read_every, self._read_seconds = read_every, read_seconds
        self._unread: list[tuple[int, dict[str, Any]]] = []
        self._last_read = time.monotonic()
        self.seconds: dict[str, float] = {}
        super().__init__(
            list(callbacks), add_history=True, model=model, epochs=1, steps=last_step - first_step
        )
        # Step callbacks read weights and files: never from Keras's executor threads.
        self._async_train = False
        self._steppers = [each for each in self.callbacks if isinstance(each, StepCallback)]
        for each in self._steppers:
            each.last_step = last_step

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Call only the plain Keras callbacks; `StepCallback`s do nothing before a step."""
        for callback in self.callbacks:
            callback.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Keep the step's logs, and call the callbacks that are due."""
        step = self._first_step + batch + 1
        self._unread.append((step, logs or {}))
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs)
        due = [each for each in self._steppers if each.due(step)]
        waited = time.monotonic() - self._last_read
        if due or len(self._unread) >= self._read_every or waited >= self._read_seconds:
            self.read()
        if due:
            sync(self.model)
        for each in due:
            if self.model.stop_training:
                break
            with self._timed(each):
                each.on_step(step)
        if self._agree is not None:
            wanted, last = self.model.stop_training, step == self._last_step
            self.model.stop_training = self._agree(step, wanted, last)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Deliver the unread logs, then call the plain Keras callbacks."""
        self.read()
        super().on_epoch_end(epoch, logs)

    def read(self) -> None:
        """Read the kept logs from the device, all at once, and hand them out as rows."""
        rows = [{"step": step, **_numbers(logs)} for step, logs in self._unread]
        self._unread.clear()
        self._last_read = time.monotonic()
        if rows:
            for each in self._steppers:
                with self._timed(each):
                    each.on_rows(rows)

    @contextlib.contextmanager
    def _timed(self, callback: StepCallback) -> Iterator[None]:
        begin = time.perf_counter()
        try:
            yield
        finally:
            name = type(callback).__name__
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin


def sync(model: keras.Model) -> None:
    """Bring `model`'s variables up to date: Keras's JAX `fit` keeps them outside the model."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()


def _numbers(logs: dict[str, Any]) -> Row:
    return {
        name: float(np.asarray(keras.ops.convert_to_numpy(value)).mean())
        for name, value in logs.items()
    }
