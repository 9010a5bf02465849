"""Stop when a loss is no longer a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from console.errors import TrainingStopped
from runs.rows import Row
from training.callbacks.base import StepCallback


class NaNGuard(StepCallback):
    """Raise `TrainingStopped` at the first row with a value that is not finite.

    It must come before the checkpoints in the list: rows are read before a checkpoint is due, so
    a broken network never replaces a good one. `newest_checkpoint()` gives the checkpoint to go
    back to.
    """

    def __init__(self, newest_checkpoint: Callable[[], Path | None]) -> None:
        super().__init__()
        self._newest_checkpoint = newest_checkpoint

    def on_rows(self, rows: list[Row]) -> None:
        """Look for the first bad value."""
        for row in rows:
            bad = [name for name, value in row.items() if not math.isfinite(value)]
            if bad:
                raise TrainingStopped(self._words(int(row["step"]), bad[0], row[bad[0]]))

    def _words(self, step: int, name: str, value: float) -> str:
        kept = self._newest_checkpoint()
        saved = f"the last good checkpoint is kept: {kept}" if kept else "no checkpoint yet"
        return (
            f"stopped: {name} is {value} at step {step}; {saved}. Try lower learning rates "
            "(--help names their options) or --precision float32"
        )
