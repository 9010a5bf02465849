"""Ctrl-C and SIGTERM: finish the step, save, say how to go on. A second signal ends at once."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

from training.callbacks.base import StepCallback
from training.callbacks.checkpoints import Checkpoints

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM") if hasattr(signal, name))
_SAVE_SIGNAL = getattr(signal, "SIGUSR1", None)


class Interrupts(StepCallback):
    """Turn signals into a checkpoint and an orderly end.

    A context manager: the handlers are active only inside it. SIGINT and SIGTERM ask `checkpoints`
    to save and stop the training after the running step; a second one ends the process at once.
    SIGUSR1 asks for a checkpoint, and the training continues. `received` is the signal that ended
    the training, or `None`. It must come after the checkpoints in the list.
    """

    def __init__(self, checkpoints: Checkpoints | None) -> None:
        super().__init__()
        self.received: int | None = None
        self._checkpoints = checkpoints
        self._before: dict[int, object] = {}

    def __enter__(self) -> Interrupts:
        # Python allows handlers in the main thread only.
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._stop)
            if _SAVE_SIGNAL is not None:
                self._before[_SAVE_SIGNAL] = signal.signal(_SAVE_SIGNAL, self._save)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def due(self, step: int) -> bool:
        """After the step in which a signal came."""
        return self.received is not None

    def on_step(self, step: int) -> None:
        """End the training; the checkpoint was written just before."""
        self.model.stop_training = True

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            os._exit(128 + number)
        self.received = number
        if self._checkpoints is not None:
            self._checkpoints.request()
        # Not `print`: a signal may come in the middle of another one.
        os.write(2, b"\nstopping after this step and saving; once more to stop at once\n")

    def _save(self, number: int, frame: FrameType | None) -> None:
        if self._checkpoints is not None:
            self._checkpoints.request(keep=True)
