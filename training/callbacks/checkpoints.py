"""Checkpoints: the newest few, written whole or not at all, and on request."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import keras
import numpy as np

from console.errors import TrainingStopped
from console.screen import say
from console.wording import size
from runs.checkpoints import name, newest, plain
from runs.files import replaced
from training.callbacks.base import StepCallback

REQUEST = "checkpoint.now"


class Checkpoints(StepCallback):
    """Save the whole GAN every `every` steps to `folder`, keeping the newest `keep`.

    A checkpoint holds everything for an exact continuation. It is written under a temporary name
    and renamed when complete. `request()` or a file `checkpoint.now` in the run folder asks for one
    more; a request with `keep=True` or by the file makes one that is never removed.

    Raises `TrainingStopped` when the disk is full or a weight is not finite; the checkpoints
    before stay as they are.
    """

    def __init__(self, folder: Path, every: int, keep: int) -> None:
        super().__init__()
        self.folder, self.every, self._keep = folder, every, keep
        self._requested: str | None = None
        self._request_file = folder.parent / REQUEST

    def request(self, keep: bool = False) -> None:
        """Ask for a checkpoint after the running step. Safe in a signal handler."""
        self._requested = "kept" if keep else "plain"

    def due(self, step: int) -> bool:
        """On schedule, on request, and after the last step."""
        if self._request_file.exists():
            self._request_file.unlink(missing_ok=True)
            self.request(keep=True)
        return self._requested is not None or step == self.last_step or super().due(step)

    def on_step(self, step: int) -> None:
        """Save, then remove the oldest beyond `keep`."""
        kept, self._requested = self._requested == "kept", None
        path = self.folder / name(step, kept)
        save(self.model, path, newest(self.folder))
        if kept:
            say(f"checkpoint on request: {path}")
        for old in plain(self.folder)[: -self._keep]:
            old.unlink()


def save(gan: keras.Model, path: Path, before: Path | None = None) -> None:
    """Write `gan`'s whole state to `path`, or raise `TrainingStopped` and leave nothing there."""
    kept = f"the checkpoint before it is whole: {before}" if before else "there is none before it"
    bad = next((each.path for each in gan.variables if not _finite(each)), None)
    if bad:
        raise TrainingStopped(f"stopped: {bad} is no longer finite; not saved, {kept}")
    path.parent.mkdir(parents=True, exist_ok=True)
    needed = 4 * sum(math.prod(each.shape) for each in [*gan.variables, *gan.optimizer.variables])
    free = shutil.disk_usage(path.parent).free
    try:
        if free < 1.1 * needed:
            raise OSError(f"{size(1.1 * needed)} needed, {size(free)} free")
        with replaced(path) as unfinished:
            gan.save_weights(unfinished)
    except (OSError, RuntimeError) as error:  # h5py reports some failed writes as RuntimeError
        reason = " ".join(str(error).split())[:160]
        raise TrainingStopped(
            f"stopped: checkpoint {path} could not be written ({reason}); {kept}. "
            "Make room and go on with --resume"
        ) from error


def _finite(variable: keras.Variable) -> bool:
    return bool(np.isfinite(keras.ops.convert_to_numpy(variable).sum(dtype=np.float64)))
