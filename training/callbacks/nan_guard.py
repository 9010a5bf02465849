"""Stop, or go back, when a loss is no longer a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from console.errors import TrainingStopped
from runs.rows import Row
from training.callbacks.base import StepCallback


class NaNGuard(StepCallback):
    """End the training at the first row with a value that is not finite.

    `go_back(message)` may plan a return to a checkpoint; if it says that there is none,
    `TrainingStopped` is raised. It must come before the checkpoints in the list: rows are read
    before a checkpoint is due, so a broken network never replaces a good one.
    `newest_checkpoint()` is the last one that is whole.
    """

    def __init__(
        self,
        newest_checkpoint: Callable[[], Path | None],
        go_back: Callable[[str], bool] = lambda message: False,
    ) -> None:
        super().__init__()
        self._newest_checkpoint, self._go_back = newest_checkpoint, go_back

    def on_rows(self, rows: list[Row]) -> None:
        """Look for the first bad value."""
        for row in rows:
            bad = [name for name, value in row.items() if not math.isfinite(value)]
            if bad:
                self._end(f"{bad[0]} is {row[bad[0]]} at step {int(row['step'])}")
                return

    def _end(self, found: str) -> None:
        if self._go_back(f"{found}."):
            return
        kept = self._newest_checkpoint()
        saved = f"the last good checkpoint is kept: {kept}" if kept else "no checkpoint yet"
        raise TrainingStopped(
            f"stopped: {found}; {saved}. Try lower learning rates (--help names their options) or "
            "--precision float32"
        )
