"""Measures of edits: does the attribute change, does the rest stay, how near is the true edit?"""

from __future__ import annotations

import dataclasses

import numpy as np

import datasets
from datasets import DataError, faces
from datasets.pixels import to_uint8
from metrics import classifier
from metrics.classifier import LabelSpace


@dataclasses.dataclass(frozen=True)
class Row:
    """One way to add or remove an attribute, measured on held-out pictures.

    Attributes:
        attribute, change, way: its name, "add" or "remove", and the method.
        count: number of pictures.
        flipped: the share in which the classifier then sees the intended change.
        kept: the mean share of the other attributes that it sees as in the plain reconstruction; a
            one-of group counts as one attribute.
        error: the mean absolute difference to the true edit, in levels 0 to 255, over the pixels
            that the true edit changes; nan if the pictures cannot be drawn again.
    """

    attribute: str
    change: str
    way: str
    count: int
    flipped: float
    kept: float
    error: float


def true_edits(
    data: datasets.ImageData, rows: np.ndarray, name: str, on: bool
) -> np.ndarray | None:
    """The drawn faces `rows` with the attribute added or removed.

    uint8 (N, R, R, 3); `None` for pictures that are not drawn, or attributes that cannot be drawn.
    """
    edit = {name: on}
    if not drawn(data):
        return None
    indices = data.images.rows[rows]
    try:
        faces.check_edit(edit)
        made = [faces.draw(int(index), data.images.shape[1], edit) for index in indices]
    except DataError:
        return None
    return np.stack(made)


def drawn(data: datasets.ImageData) -> bool:
    """Whether the pictures are this project's faces, drawn with the attributes of their number."""
    known = data.labels is not None and tuple(data.labels.names) == datasets.ATTRIBUTES
    return known and data.name.split("-")[0] == "faces"


def masked_error(made: np.ndarray, true: np.ndarray | None, original: np.ndarray) -> float:
    """The mean over pictures of |made - true| on the pixels where the true edit changes something.

    All are (N, R, R, 3) in grey levels; nan without true edits. Pictures that the true edit leaves
    unchanged do not count.
    """
    if true is None:
        return float("nan")
    true, original = (np.asarray(each, np.float32) for each in (true, original))
    mask = (true != original).any(axis=3)  # (N, R, R)
    gap = np.abs(np.asarray(made, np.float32) - true).mean(axis=3)
    changed = mask.any(axis=(1, 2))
    if not changed.any():
        return float("nan")
    sums, sizes = (gap * mask).sum(axis=(1, 2)), mask.sum(axis=(1, 2))
    return float((sums[changed] / sizes[changed]).mean())


def seen(judge, pictures: np.ndarray, space: LabelSpace) -> np.ndarray:
    """Which attributes the classifier sees in pictures of grey levels: bool (N, names).

    In a one-of group the attribute with the largest logit is on; others are on above logit 0.
    """
    logits = classifier.predict(judge, to_uint8(np.asarray(pictures) / 127.5 - 1.0))
    found = logits > 0
    for columns in space.columns.values():
        found[:, columns] = np.arange(len(columns)) == logits[:, columns].argmax(axis=1)[:, None]
    return found


def flipped(found: np.ndarray, column: int, on: bool) -> float:
    """The share of pictures in which the attribute is seen as intended."""
    return float((found[:, column] == on).mean())


def kept(found: np.ndarray, before: np.ndarray, column: int, space: LabelSpace) -> float:
    """The mean share of the other attributes seen as `before`, bool (N, names) both.

    A one-of group counts as one attribute; the changed one's own group is left out.
    """
    groups = [columns for columns in space.columns.values() if column not in columns]
    groups += [[other] for other in space.independent if other != column]
    same = [(found[:, columns] == before[:, columns]).all(axis=1) for columns in groups]
    return float(np.mean(same)) if same else float("nan")


def table(rows: list[Row]) -> str:
    """The rows in words."""
    head = ("attribute", "change", "way", "pictures", "flipped", "others kept", "error to the edit")
    cells = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 3 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def _cells(row: Row) -> tuple[str, ...]:
    numbers = (f"{row.flipped:.1%}", f"{row.kept:.1%}", f"{row.error:.1f}")
    shown = ("–" if number.startswith("nan") else number for number in numbers)
    return (row.attribute, row.change, row.way, f"{row.count:,}", *shown)
