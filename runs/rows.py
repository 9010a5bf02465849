"""Tables of numbers by step, such as `losses.csv`."""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from foreign.records import Unreadable, table_lines

Row = dict[str, float]
_PLOTTED = 1e30


def read_rows(path: Path, needed: Sequence[str] = ("step",)) -> list[Row]:
    """The rows of a table, without lines that are no rows; none if there is no file."""
    return sound_rows(path, needed)[0]


def sound_rows(path: Path, needed: Sequence[str] = ("step",)) -> tuple[list[Row], int]:
    """The rows of a table, and how many lines were left out because they are no rows."""
    found = list(each_row(path, needed))
    return [row for row in found if row], found.count(None)


def columns(path: Path, needed: Sequence[str] = ("step",)) -> dict[str, np.ndarray]:
    """The columns of a table, float64 (N,), without lines that are no rows; {} without any.

    Long tables take about a tenth of the memory that their rows would.
    """
    found: dict[str, array] = {}
    for row in each_row(path, needed):
        for name, value in (row or {}).items():
            found.setdefault(name, array("d")).append(value)
    return {name: np.frombuffer(values) for name, values in found.items()}


def each_row(path: Path, needed: Sequence[str] = ("step",)) -> Iterator[Row | None]:
    """A table row by row; None for a line that is no row.

    A row has a number in every column. A last line that was cut off is left out. Without one of the
    columns `needed`, no line is a row.
    """
    if not path.exists():
        return
    try:
        lines = (line for _, line in table_lines(path, errors="replace"))
        names: list[str] = next(lines, [])
        if names and not {*needed} <= {*names}:
            yield from (None for _ in itertools.chain([names], lines))
            return
        last: list[str] = next(lines, [])
        for line in lines:
            yield _row(names, last)
            last = line
        if last and len(last) >= len(names) and all(last):
            yield _row(names, last)
    except Unreadable:
        yield None


def _row(columns: list[str], line: list[str]) -> Row | None:
    if len(line) != len(columns):
        return None
    try:
        row = {name: float(value) for name, value in zip(columns, line, strict=True)}
    except ValueError:
        return None
    step = row.get("step", 0.0)
    return row if math.isfinite(step) and step >= 0 else None


def column(rows: list[Row], name: str) -> np.ndarray:
    """One column (N,), for a plot: see `plottable`."""
    return plottable(np.array([row[name] for row in rows]))


def plottable(values: np.ndarray) -> np.ndarray:
    """Numbers for a plot: those beyond ±1e30, which have no axis, are set to that."""
    return np.clip(values, -_PLOTTED, _PLOTTED)


def lowest(rows: Sequence[Row], name: str) -> int | None:
    """The step of the first row with the lowest `name`; None if no row has it."""
    known = [row for row in rows if name in row]
    return int(min(known, key=lambda row: row[name])["step"]) if known else None
