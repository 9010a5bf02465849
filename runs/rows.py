"""Tables of numbers by step, such as `losses.csv`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from foreign.records import Unreadable, read_table

Row = dict[str, float]
_PLOTTED = 1e30


def read_rows(path: Path, needed: Sequence[str] = ("step",)) -> list[Row]:
    """The rows of a table, without lines that are no rows; none if there is no file."""
    return sound_rows(path, needed)[0]


def sound_rows(path: Path, needed: Sequence[str] = ("step",)) -> tuple[list[Row], int]:
    """The rows of a table, and how many lines were left out because they are no rows.

    A row has a number in every column. A last line that was cut off is not counted. Without one of
    the columns `needed`, no line is a row.
    """
    if not path.exists():
        return [], 0
    try:
        lines = [line for _, line in read_table(path, errors="replace")]
    except Unreadable:
        return [], 1
    columns = lines[0] if lines else []
    if lines and not {*needed} <= {*columns}:
        return [], len(lines)
    found = [_row(columns, line) for line in lines[1:]]
    if found and (len(lines[-1]) < len(columns) or not all(lines[-1])):
        found.pop()  # cut off
    return [row for row in found if row], found.count(None)


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
    """One column (N,), for a plot: numbers beyond ±1e30, which have no axis, are set to that."""
    return np.clip([row[name] for row in rows], -_PLOTTED, _PLOTTED)
