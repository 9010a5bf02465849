"""Watches a run for collapse, reports its findings in plain words, and plans rollbacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from console.screen import say
from foreign.files import write_json
from foreign.records import read_object
from metrics.collapse import ALARM, STATE, CollapseGuard, Rollback
from metrics.monitor import Reading
from models.outputs import Collapse
from runs import checkpoints as names
from runs.rows import Row
from training.callbacks.base import StepCallback


class CollapseWatch(StepCallback):
    """Feeds a `CollapseGuard` and prints each finding once, until it has passed.

    With `rollbacks` above 0 an alarm, or a number that is not finite, sets `rollback` and ends the
    training; the session then goes back, calls `went_back`, and continues. The guard's history is
    kept in `state` for a resumed run; `keep` is to be called with each checkpoint. It judges every
    100 steps, and when `also_due(step)` says that there is a new measurement.
    """

    def __init__(
        self,
        reads: Collapse,
        state: Path,
        checkpoints: Path,
        rollbacks: int,
        first_step: int,
        also_due: Callable[[int], bool] = lambda step: False,
    ) -> None:
        super().__init__()
        self.every = 100
        self._also_due = also_due
        self.rollback: Rollback | None = None
        self._reads, self._state, self._checkpoints = reads, state, checkpoints
        self.guard = _restored(state, rollbacks)
        self.guard.forget_after(first_step)
        self._said: set[tuple[str, str]] = set()

    def on_rows(self, rows: list[Row]) -> None:
        """Remember D's zero-loss share, if the loss has one, and G's loss."""
        self.guard.losses(
            [int(row["step"]) for row in rows],
            [row.get(self._reads.zero_share, 0.0) for row in rows],
            [row[self._reads.generator_loss] for row in rows],
        )

    def due(self, step: int) -> bool:
        """On schedule, and when there is a new measurement."""
        return super().due(step) or self._also_due(step)

    def measured(self, step: int, reading: Reading) -> None:
        """Remember a measurement."""
        self.guard.measured(step, reading.distance, reading.duplicate_share)

    def on_step(self, step: int) -> None:
        """Judge, print new findings, keep the history, plan a rollback."""
        findings = self.guard.findings()
        now = {(finding.kind, finding.level) for finding in findings}
        for finding in findings:
            if (finding.kind, finding.level) not in self._said:
                say(f"{'ALARM' if finding.level == ALARM else 'careful'}: {finding.message}")
        self._said = now
        if step == self.last_step or not self._end_with(self.guard.rollback(self._saved())):
            self.keep()

    def keep(self) -> None:
        """Write the history: a run that goes on from a checkpoint of now must know all of it."""
        write_json(self._state, self.guard.state())

    def diverged(self, message: str) -> bool:
        """Plan a rollback because of numbers that are not finite; whether one is left."""
        return self._end_with(self.guard.rollback_of_divergence(message, self._saved()))

    def went_back(self) -> None:
        """Count the return. Only now: a run that dies before it has gone back plans it again."""
        self.guard.rolled_back(self.rollback)
        self.keep()

    def _saved(self) -> list[int]:
        return [names.step_of(path) for path in names.found(self._checkpoints)]

    def _end_with(self, plan: Rollback | None) -> bool:
        if plan is None:
            return False
        self.rollback = plan
        say(plan.message)
        self.model.stop_training = True
        return True


def _restored(state: Path, rollbacks: int) -> CollapseGuard:
    """A guard with the history in `state`, or a new one if there is none that can be read."""
    guard = CollapseGuard(max_rollbacks=rollbacks)
    if state.exists():
        try:
            guard.restore(read_object(state, STATE, needed=tuple(STATE)))
        except ValueError as error:
            say(f"{error}; the watch for a collapse begins anew")
            return CollapseGuard(max_rollbacks=rollbacks)
    return guard
