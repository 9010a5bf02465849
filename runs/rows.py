"""Tables of numbers by step, such as `losses.csv`."""

from __future__ import annotations

import csv
from pathlib import Path

Row = dict[str, float]


def read_rows(path: Path) -> list[Row]:
    """The rows of a `losses.csv`, without an incomplete last row; none if there is no file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        {name: float(value) for name, value in row.items()}
        for row in rows
        if None not in row and all(row.values())
    ]
