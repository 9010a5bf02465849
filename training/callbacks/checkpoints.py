"""Checkpoints: the newest few, written whole or not at all, and on request."""

from __future__ import annotations

import errno
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from console.errors import TrainingStopped
from console.screen import say
from console.wording import size
from foreign.files import replaced
from runs.checkpoints import BEST, KEPT, name, newest, of_kind, plain
from training.callbacks.base import StepCallback

REQUEST = "checkpoint.now"
_TOO_LITTLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class NotFinite(TrainingStopped):
    """A weight is no longer a number; `found` says which."""

    def __init__(self, found: str, message: str) -> None:
        super().__init__(message)
        self.found = found


class Checkpoints(StepCallback):
    """Save the whole GAN every `every` steps to `folder`, keeping the newest `keep`.

    A checkpoint holds all that is needed to go on bit for bit. It is written beside its name and
    renamed when complete. On request, by `request()` or by a file `checkpoint.now` in the run
    folder, one more is written; asked for with `keep=True` (and by the file), only a rollback
    removes it. So it is with the one after the last step, with `keep_last`: what a phase of several
    came to. That of the best measurement, which `measured_best` tells of, stays until a better one;
    `measures(step)` says beforehand that there will be a measurement. `listeners` are called after
    each checkpoint.

    Raises `TrainingStopped` when the disk is full or a weight is not finite, unless then
    `go_back(message)` plans a return; the checkpoints before stay as they are.
    """

    def __init__(
        self,
        folder: Path,
        every: int,
        keep: int,
        keep_last: bool = False,
        measures: Callable[[int], bool] = lambda step: False,
        go_back: Callable[[str], bool] = lambda message: False,
    ) -> None:
        super().__init__()
        self.folder, self.every, self._keep, self._keep_last = folder, every, keep, keep_last
        self._measures, self._go_back = measures, go_back
        self.listeners: list[Callable[[], None]] = []
        self._requested: str | None = None
        self._best = self._asked_by_file = False
        self._request_file = folder.parent / REQUEST

    def request(self, keep: bool = False) -> None:
        """Ask for a checkpoint after the running step. Safe in a signal handler."""
        self._requested = KEPT if keep else ""

    def measured_best(self) -> None:
        """Ask for a checkpoint of the running step, which is the best so far."""
        self._best = True

    def due(self, step: int) -> bool:
        """On schedule, on request, after the last step, and perhaps after a measurement."""
        if self._request_file.exists():
            self._asked_by_file = True
            self.request(keep=True)
        return self._planned(step) or self._measures(step)

    def _planned(self, step: int) -> bool:
        return self._requested is not None or step == self.last_step or super().due(step)

    def on_step(self, step: int) -> None:
        """Save, then remove the oldest beyond `keep`, and the best but one."""
        try:
            self._save_due(step)
        except NotFinite as error:
            if not self._go_back(f"{error.found} after step {step}."):
                raise

    def _save_due(self, step: int) -> None:
        if self._asked_by_file:  # not before: a rollback may come between
            self._asked_by_file = False
            self._request_file.unlink(missing_ok=True)
        if self._planned(step):
            asked, self._requested = self._requested == KEPT, None
            kept = asked or (self._keep_last and step == self.last_step)
            path = self._save(step, KEPT if kept else "")
            if asked:
                say(f"checkpoint on request: {path}")
            for old in plain(self.folder)[: -self._keep]:
                old.unlink()
        if self._best:
            self._best = False
            self._save(step, BEST)
            for old in of_kind(self.folder, BEST)[:-1]:
                old.unlink()

    def _save(self, step: int, kind: str) -> Path:
        path = self.folder / name(step, kind)
        save(self.model, path, newest(self.folder))
        for tell in self.listeners:
            tell()
        return path


def save(gan: keras.Model, path: Path, before: Path | None = None) -> None:
    """Write `gan`'s whole state to `path`, or raise `TrainingStopped` and leave nothing there."""
    kept, onward = "there is none before it", "start again"
    if before:
        kept, onward = f"the checkpoint before it is whole: {before}", "go on with --resume"
    try:
        refuse_not_finite(gan)
    except ValueError as error:
        raise NotFinite(str(error), f"stopped: {error}; not saved, {kept}") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    needed = 4 * sum(math.prod(each.shape) for each in [*gan.variables, *gan.optimizer.variables])
    free = shutil.disk_usage(path.parent).free
    try:
        if free < 1.1 * needed:
            raise OSError(f"{size(1.1 * needed)} needed, {size(free)} free")
        with replaced(path) as unfinished:
            _reserve(unfinished, int(needed))
            gan.save_weights(unfinished)
    except (OSError, RuntimeError) as error:  # h5py reports some failed writes as RuntimeError
        reason = " ".join(str(error).split())[:160]
        raise TrainingStopped(
            f"stopped: checkpoint {path} could not be written ({reason}); {kept}. "
            f"Make room and {onward}"
        ) from error


def refuse_not_finite(gan: keras.Model) -> None:
    """Raise ValueError that names a variable with a number that is not finite."""
    for each in gan.variables:
        if not np.isfinite(keras.ops.convert_to_numpy(each).sum(dtype=np.float64)):
            raise ValueError(f"{each.path} is no longer finite")


def _reserve(path: Path, size: int) -> None:
    """Take `size` bytes for `path`, or raise OSError: HDF5 cannot be stopped in order later.

    Free space may be more than a user's quota or a file's limit. File systems that cannot reserve
    are left to fail as they do.
    """
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError as error:
                if error.errno in _TOO_LITTLE:
                    raise
