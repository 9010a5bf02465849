"""`quality.csv`, `quality.png` and `best_….keras`: the measure over training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from console.screen import say
from metrics.errors import MetricError
from metrics.intervals import Estimate
from metrics.monitor import Reading
from models import files
from quality.during import QualityMeasure
from runs import Run
from runs.rows import column, lowest, read_rows
from training.callbacks.base import StepCallback
from training.callbacks.csv_log import CSVLog

COLUMN = "distance"
KERNEL = "kernel"
_NEEDED = ("step", COLUMN)
_JUDGED = ("step", KERNEL)


class Quality(StepCallback):
    """Measure every `every` steps and after the last; keep the outputs of the best kernel distance.

    `keep(place, more)` saves every output to `place(name)` with the metadata `more`; `listeners`
    get (step, reading), and `told_best` are called after the best so far. A run that continues from
    `first_step` first drops the readings after it.
    """

    def __init__(
        self,
        run: Run,
        measure: QualityMeasure,
        every: int,
        first_step: int,
        outputs: Sequence[str],
        keep: Callable[[Callable[[str], Path], dict[str, Any]], None],
    ) -> None:
        super().__init__()
        self._run, self._measure, self.every = run, measure, every
        self._outputs, self._keep = outputs, keep
        self._path = run.folder / "quality.csv"
        self._csv = CSVLog(self._path, first_step)
        self.listeners: list[Callable[[int, Reading], None]] = []
        self.told_best: list[Callable[[], None]] = []
        self.best = self._best_before(first_step)

    def _best_before(self, first_step: int) -> tuple[float, int]:
        """(kernel distance, step) of the kept outputs, unless they are from after `first_step`."""
        rows = [row for row in read_rows(self._path, _JUDGED) if row["step"] <= first_step]
        best = min(((row[KERNEL], int(row["step"])) for row in rows), default=(float("inf"), 0))
        kept = [self._run.best(name) for name in self._outputs]
        if all(path.exists() and _step_of(path) == best[1] for path in kept):
            return best
        for path in kept:
            path.unlink(missing_ok=True)
        return float("inf"), 0

    def on_step(self, step: int) -> None:
        """Measure, log, draw, keep the best, tell the listeners."""
        try:
            reading = self._measure.read(self.model)
        except MetricError as error:  # no reason to end a training
            say(f"the quality was not measured at step {step:,}: {error}")
            return
        monitor = self._measure.monitor
        error = reading.kernel.standard_error
        row = {"step": float(step), COLUMN: reading.distance, KERNEL: reading.kernel.value}
        if error is not None:
            row["kernel_error"] = error
        if monitor.floor is not None:
            row["floor"] = monitor.floor
        self._csv.on_rows([row | {"duplicate_share": reading.duplicate_share}])
        note = ""
        if reading.kernel.value < self.best[0]:
            self.best, note = (reading.kernel.value, step), ", the best so far"
            passport = self._measure.passport(self.model, reading).to_dict()
            self._keep(self._run.best, {"passport": passport})
            for tell in self.told_best:
                tell()
        plot_quality(self._path, self._run.folder / "quality.png", monitor.name)
        floor = "" if monitor.floor is None else f", floor {monitor.floor:.4g}"
        around = "" if error is None else f" ± {error:.2g}"
        say(f"{monitor.kernel_name} {reading.kernel.value:.3g}{around} at step {step:,}{note}; "
            f"{monitor.name} {reading.distance:.4g} (N = {monitor.count}{floor})")  # fmt: skip
        for listen in self.listeners:
            listen(step, reading)

    def on_train_end(self, logs: object = None) -> None:
        """Close the file."""
        self._csv.close()


def _step_of(path: Path) -> int | None:
    """The step at which the network `path` was kept, or None if it cannot be read."""
    try:
        return files.read_metadata(path).get("step")
    except ValueError as error:
        say(f"{error}; the best network is looked for anew")
        return None


def plot_quality(log: Path, picture: Path, name: str) -> None:
    """Draw the measure in the CSV file `log` against the step, with the floor of real pictures.

    The star is at the kept step, the one with the lowest kernel distance.
    """
    from metrics.plots import quality_over_steps

    rows = read_rows(log, _NEEDED)
    if not rows:
        return
    values = zip(column(rows, "step"), column(rows, COLUMN), strict=True)
    entries = [(int(step), Estimate(value)) for step, value in values]
    line = "averaged generator"
    floor, kept = rows[-1].get("floor"), lowest(rows, KERNEL)
    quality_over_steps({line: entries}, name, picture, {line: floor}, {line: kept})
