"""Checkpoints: the newest few, written whole or not at all, and on request."""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path

import keras
import numpy as np

from training.callbacks.base import StepCallback
from training.callbacks.progress import say
from training.errors import TrainingStopped
from training.files import replaced
from training.wording import size

_NAME = re.compile(r"checkpoint-(\d{8})(-kept)?\.weights\.h5")
REQUEST = "checkpoint.now"


class Checkpoints(StepCallback):
    """Save the whole GAN every `every` steps to `folder`, keeping the newest `keep`.

    A checkpoint holds all that is needed to go on bit for bit. It is written beside its name and
    renamed when complete. On request, by `request()` or by a file `checkpoint.now` in the run
    folder, one more is written; asked for with `keep=True` (and by the file), it is never removed.

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
        path = self.folder / f"checkpoint-{step:08d}{'-kept' if kept else ''}.weights.h5"
        save(self.model, path, newest(self.folder))
        if kept:
            say(f"checkpoint on request: {path}")
        for old in _plain(self.folder)[: -self._keep]:
            old.unlink()


def newest(folder: Path) -> Path | None:
    """The checkpoint of the latest step in `folder`, or `None`."""
    return max(_all(folder), key=step_of, default=None)


def step_of(path: Path) -> int:
    """The training step at which the checkpoint `path` was written."""
    return int(_NAME.fullmatch(path.name).group(1))


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


def _all(folder: Path) -> list[Path]:
    return [path for path in folder.glob("checkpoint-*") if _NAME.fullmatch(path.name)]


def _plain(folder: Path) -> list[Path]:
    return sorted(path for path in _all(folder) if not _NAME.fullmatch(path.name).group(2))
