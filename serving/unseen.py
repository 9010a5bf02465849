"""What a system makes of pictures that it was not trained on: a table, its numbers, a sheet."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from foreign.files import replaced, write_json
from metrics.intervals import Estimate, bootstrap_mean, estimate

_REPLICATES = 1_000


@dataclasses.dataclass(frozen=True)
class Unseen:
    """One system's measures on unseen pictures.

    Attributes:
        text: the table.
        values: its numbers, ready for JSON.
        sheet: the first pictures, and what became of them.
    """

    text: str
    values: dict[str, Any]
    sheet: Image.Image

    def write(self, folder: Path, number: int) -> None:
        """Write the numbers and the sheet to `folder`, of subject `number`."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / f"held_out_{number}.json", self.values)
        with replaced(folder / f"held_out_{number}.png") as unfinished:
            self.sheet.save(unfinished)


def heading(pictures: str, given: str | None, done: str = "") -> str:
    """A table's first line: what was held out, or pictures of `given`, which nobody held out."""
    if given is None:
        return f"held-out: {pictures} that were not trained on{done}"
    return f"{pictures} of {given}{done}; some may have been trained on"


def mean(values: np.ndarray, seed: int) -> Estimate:
    """The mean of one number a picture, (N,), with its interval."""
    return estimate(float(values.mean()), bootstrap_mean(values, _REPLICATES, seed))


def root_mean(squares: np.ndarray, seed: int) -> Estimate:
    """The root of the mean of one square a picture, (N,), with its interval."""
    replicates = np.sqrt(bootstrap_mean(squares, _REPLICATES, seed))
    return estimate(float(np.sqrt(squares.mean())), replicates)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table, indented: the first column on the left, numbers on the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *rest in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append("  " + "  ".join(cells))
    return lines
