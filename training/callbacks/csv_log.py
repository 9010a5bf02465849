"""`losses.csv`: one row per training step."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from console.screen import say
from foreign.files import replaced
from runs.rows import Row, each_row
from training.callbacks.base import StepCallback


class CSVLog(StepCallback):
    """Write every step's logs to `path`, columns `step, d_loss, g_loss, …`.

    A run that continues from `first_step` first drops the rows after it: an interrupted run may
    have logged steps after its last checkpoint.
    """

    def __init__(self, path: Path, first_step: int = 0) -> None:
        super().__init__()
        self._path, self._first_step = path, first_step
        self._columns: list[str] | None = None
        self._file = None

    def on_rows(self, rows: list[Row]) -> None:
        """Append `rows` and flush, so that a reader always sees whole rows."""
        if self._file is None:
            self._open(list(rows[0]))
        self._write(rows, self._file)
        self._file.flush()

    def on_train_end(self, logs: object = None) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, columns: list[str]) -> None:
        if damaged := sum(row is None for row in each_row(self._path)):
            copy = self._path.with_name(f"damaged-{self._path.name}")
            with replaced(copy) as unfinished:
                shutil.copyfile(self._path, unfinished)
            say(f"{self._path}: lines that cannot be read are left out: {damaged}; see {copy.name}")
        # Phases may log different numbers.
        before = list(next(self._kept(), {}))
        self._columns = columns = [*before, *(name for name in columns if name not in before)]
        # Replaced whole, so that a kill here loses no row.
        with replaced(self._path) as unfinished, _opened(unfinished, "w") as file:
            csv.writer(file, lineterminator="\n").writerow(columns)
            self._write(self._kept(), file)
        self._file = _opened(self._path, "a")

    def _kept(self) -> Iterator[Row]:
        """The rows before the first step, one by one: there may be a million."""
        return (row for row in each_row(self._path) if row and row["step"] <= self._first_step)

    def _write(self, rows: Iterable[Row], file: TextIO) -> None:
        """Write rows; a missing number is nan, since an empty cell would look cut off."""
        writer = csv.writer(file, lineterminator="\n")
        for row in rows:
            writer.writerow([_short(row.get(name, float("nan"))) for name in self._columns])


def _opened(path: Path, mode: str) -> TextIO:
    return path.open(mode, newline="", encoding="utf-8")


def _short(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:.7g}"
