"""DiffAugment (Zhao et al. 2020, arXiv:2006.10738; constants of the authors' code).

An operation is pictures (N, H, W, C), its uniform numbers (N, u) → pictures. All are applied, or to
a share p of the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.augmentation.operation import Operation, shares
from models.lazy import ops

_SHIFT = 0.125  # of a side
_CUT = 0.5


def _column(u: Any, index: int) -> Any:
    """Number `index` of every picture, (N, 1, 1, 1)."""
    return u[:, index][:, None, None, None]


def _coloured(pictures: Any, change: Any) -> Any:
    """`change` applied to the colours; opacity, the fourth channel, stays."""
    if pictures.shape[-1] != 4:
        return change(pictures)
    return ops.concatenate([change(pictures[..., :3]), pictures[..., 3:]], axis=-1)


def brightness(pictures: Any, u: Any) -> Any:
    """+ U(-1/2, 1/2)."""
    return _coloured(pictures, lambda x: x + (_column(u, 0) - 0.5))


def saturation(pictures: Any, u: Any) -> Any:
    """The distance of a pixel's channels from their mean × U(0, 2)."""

    def change(x):
        mean = ops.mean(x, axis=-1, keepdims=True)
        return mean + 2.0 * _column(u, 0) * (x - mean)

    return _coloured(pictures, change)


def contrast(pictures: Any, u: Any) -> Any:
    """The distance from the picture's mean × U(1/2, 3/2)."""

    def change(x):
        mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
        return mean + (_column(u, 0) + 0.5) * (x - mean)

    return _coloured(pictures, change)


def translation(pictures: Any, u: Any) -> Any:
    """Shifted by whole pixels, up to an eighth of a side; what comes in is 0."""
    height, width = pictures.shape[1:3]
    rows, columns = (_shifted(u[:, axis], side) for axis, side in ((0, height), (1, width)))
    moved = ops.einsum("nij,njwc->niwc", rows, pictures)
    return ops.einsum("nij,nhjc->nhic", columns, moved)


def _shifted(u: Any, side: int) -> Any:
    """Matrices (N, side, side) that shift a line by whole pixels.

    A product with them is exact, and faster on processors than gathering pixels and its gradient.
    """
    most = int(side * _SHIFT + 0.5)
    shift = ops.floor(u * (2 * most + 1)) - most
    place = ops.arange(side, dtype="float32")
    source = place[None, :, None] + shift[:, None, None]
    return ops.cast(ops.abs(source - place[None, None, :]) < 0.5, "float32")


def cutout(pictures: Any, u: Any) -> Any:
    """A rectangle of half the sides is 0, its centre anywhere in the picture."""
    height, width = pictures.shape[1:3]
    rows, columns = (_inside(u[:, axis], side) for axis, side in ((0, height), (1, width)))
    hole = rows[:, :, None, None] * columns[:, None, :, None]
    return pictures * (1.0 - hole)


def _inside(u: Any, side: int) -> Any:
    """Which places of a line lie in the rectangle, (N, side) of 0 and 1."""
    length = int(side * _CUT + 0.5)
    offset = ops.floor(u * (side + 1 - length % 2)) - length // 2
    place = ops.arange(side, dtype="float32")[None]
    first = offset[:, None]
    return ops.cast(ops.logical_and(place >= first, place < first + length), "float32")


OPERATIONS = {
    "colour": (
        Operation("brightness", 1, 0, brightness),
        Operation("saturation", 1, 0, saturation),
        Operation("contrast", 1, 0, contrast),
    ),
    "translation": (Operation("translation", 2, 0, translation),),
    "cutout": (Operation("cutout", 2, 0, cutout),),
}


def apply(operations: Sequence[Operation], pictures: Any, numbers: Any, p: Any) -> Any:
    """All operations one after the other, on a share p of the pictures: numbers[:, 0] < p."""
    changed = pictures
    for each, u, _ in shares(operations, numbers[:, 1:]):
        changed = each.function(changed, u)
    if isinstance(p, float) and p >= 1.0:
        return changed
    return ops.where(numbers[:, 0][:, None, None, None] < p, changed, pictures)
