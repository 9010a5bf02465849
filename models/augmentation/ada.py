"""Adaptive discriminator augmentation (Karras et al. 2020, arXiv:2006.06676, appendix B).

Each operation happens to each picture with probability p: where its first uniform number is below
p. Each of the two rotations has 1 - sqrt(1 - p), so that at least one happens with probability p.
Those of "pixel" and "geometry" become one affine map, by which a picture is sampled once; those of
"colour" one affine map of its colours.

An operation of "pixel" or "geometry" is (height and width, numbers, p) → matrices (N, 3, 3) from
a pixel to where it comes from, in pixels around the centre. One of "colour" is (numbers, p) →
matrices (N, 4, 4) of colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.augmentation import sampling
from models.augmentation.operation import Operation, shares
from models.lazy import ops

_PI = 3.141592653589793
_LOG_2 = 0.6931471805599453

# In shares of a side: _SHIFT at most, _MOVE by standard deviation, _CUT. Others: the standard
# deviation of what is added (_BRIGHTNESS), or of log2 of a factor (the rest).
_SHIFT, _SCALE, _STRETCH, _MOVE = 0.125, 0.2, 0.2, 0.125
_BRIGHTNESS, _CONTRAST, _SATURATION = 0.2, 0.5, 1.0
_CUT = 0.5


def _gated(u: Any, p: Any, value: Any, otherwise: float) -> Any:
    """`value` (N,) where the operation happens, else what changes nothing."""
    return ops.where(u[:, 0] < p, value, otherwise)


def _power(n: Any, spread: float) -> Any:
    """2 to the power of a normal number."""
    return ops.exp(_LOG_2 * spread * n)


# === Where pixels come from ===


def _matrix(*rows: Sequence[Any]) -> Any:
    """Matrices (N, 3, 3) of rows of numbers and of (N,)."""
    one = next(each for row in rows for each in row if not isinstance(each, (int, float)))
    full = [[each if not isinstance(each, (int, float)) else each + 0.0 * one for each in row]
            for row in rows]  # fmt: skip
    return ops.stack([ops.stack(row, axis=-1) for row in full], axis=-2)


def _turned(angle: Any) -> Any:
    """The inverse of a rotation by -angle, as the authors' pipeline takes it."""
    cosine, sine = ops.cos(angle), ops.sin(angle)
    return _matrix((cosine, -sine, 0), (sine, cosine, 0), (0, 0, 1))


def _scaled(x: Any, y: Any) -> Any:
    return _matrix((1.0 / x, 0, 0), (0, 1.0 / y, 0), (0, 0, 1))


def _moved(x: Any, y: Any) -> Any:
    return _matrix((1, 0, -x), (0, 1, -y), (0, 0, 1))


def flip(sides, u, n, p):
    """Mirrored, half of the time."""
    sign = 1.0 - 2.0 * _gated(u, p, ops.floor(2.0 * u[:, 1]), 0.0)
    return _scaled(sign, 0.0 * sign + 1.0)


def rotate90(sides, u, n, p):
    """Turned by a number of right angles."""
    return _turned(0.5 * _PI * _gated(u, p, ops.floor(4.0 * u[:, 1]), 0.0))


def shift(sides, u, n, p):
    """Shifted by whole pixels."""
    height, width = sides
    x, y = (_SHIFT * (2.0 * u[:, axis] - 1.0) for axis in (1, 2))
    return _moved(ops.round(_gated(u, p, x, 0.0) * width), ops.round(_gated(u, p, y, 0.0) * height))


def scale(sides, u, n, p):
    """Larger or smaller."""
    size = _gated(u, p, _power(n[:, 0], _SCALE), 1.0)
    return _scaled(size, size)


def _half_as_often(p: Any) -> Any:
    """1 - sqrt(1 - p): if two operations each have it, at least one happens with probability p."""
    return 1.0 - ops.sqrt(ops.maximum(1.0 - p, 0.0))


def rotate(sides, u, n, p):
    """Turned by any angle, before or after `stretch`."""
    return _turned(_gated(u, _half_as_often(p), _PI * (2.0 * u[:, 1] - 1.0), 0.0))


def stretch(sides, u, n, p):
    """Wider and lower, or narrower and higher. It lies between two rotations."""
    size = _gated(u, p, _power(n[:, 0], _STRETCH), 1.0)
    return _scaled(size, 1.0 / size)


def move(sides, u, n, p):
    """Shifted by any distance."""
    height, width = sides
    x, y = (_MOVE * _gated(u, p, n[:, axis], 0.0) for axis in (0, 1))
    return _moved(x * width, y * height)


# === Colours ===


def _colours(linear: Any, constant: Any = 0.0) -> Any:
    """Affine maps (N, 4, 4) of a linear part (N, 3, 3) and a constant (N,) of all channels."""
    column = (constant + 0.0 * linear[:, 0, 0])[:, None, None] + 0.0 * linear[:, :, :1]
    top = ops.concatenate([linear, column], axis=-1)
    last = 0.0 * top[:, :1] + ops.convert_to_tensor([[[0.0, 0.0, 0.0, 1.0]]])
    return ops.concatenate([top, last], axis=-2)


def _times(factor: Any) -> Any:
    return factor[:, None, None] * ops.eye(3)[None]


def brightness(u, n, p):
    """+ a normal number."""
    return _colours(_times(1.0 + 0.0 * n[:, 0]), _gated(u, p, _BRIGHTNESS * n[:, 0], 0.0))


def contrast(u, n, p):
    """× a power of two."""
    return _colours(_times(_gated(u, p, _power(n[:, 0], _CONTRAST), 1.0)))


def _luma() -> Any:
    """The projection onto grey, (1, 3, 3)."""
    return ops.ones((1, 3, 3)) / 3.0


def lumaflip(u, n, p):
    """Luma mirrored, chroma kept, half of the time."""
    how = _gated(u, p, ops.floor(2.0 * u[:, 1]), 0.0)[:, None, None]
    return _colours(ops.eye(3)[None] - 2.0 * how * _luma())


def hue(u, n, p):
    """Colours turned around grey by any angle."""
    angle = _gated(u, p, _PI * (2.0 * u[:, 1] - 1.0), 0.0)[:, None, None]
    across = ops.convert_to_tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
    across = across[None] / 3.0**0.5
    cosine = ops.cos(angle)
    return _colours((1.0 - cosine) * _luma() + cosine * ops.eye(3)[None] + ops.sin(angle) * across)


def saturation(u, n, p):
    """The distance from grey × a power of two."""
    factor = _gated(u, p, _power(n[:, 0], _SATURATION), 1.0)[:, None, None]
    return _colours(_luma() + factor * (ops.eye(3)[None] - _luma()))


# === Holes ===


def cutout(pictures, u, p):
    """A rectangle of half the sides is 0, its centre anywhere in the picture."""
    height, width = pictures.shape[1:3]
    size = _gated(u, p, 0.0 * u[:, 0] + _CUT, 0.0)[:, None]

    def inside(side, centre):
        place = (ops.arange(side, dtype="float32")[None] + 0.5) / side
        return ops.cast(ops.abs(place - centre[:, None]) < 0.5 * size, "float32")

    hole = inside(height, u[:, 2])[:, :, None, None] * inside(width, u[:, 1])[:, None, :, None]
    return pictures * (1.0 - hole)


_PLACING = {
    "pixel": (
        Operation("flip", 2, 0, flip),
        Operation("rotate90", 2, 0, rotate90),
        Operation("shift", 3, 0, shift),
    ),
    "geometry": (
        Operation("scale", 1, 1, scale),
        Operation("rotate", 2, 0, rotate),
        Operation("stretch", 1, 1, stretch),
        Operation("rotate", 2, 0, rotate),
        Operation("move", 1, 2, move),
    ),
}
_COLOUR = (
    Operation("brightness", 1, 1, brightness),
    Operation("contrast", 1, 1, contrast),
    Operation("lumaflip", 2, 0, lumaflip),
    Operation("hue", 2, 0, hue),
    Operation("saturation", 1, 1, saturation),
)
_HOLES = (Operation("cutout", 3, 0, cutout),)
OPERATIONS = {**_PLACING, "colour": _COLOUR, "cutout": _HOLES}


def apply(operations: Sequence[Operation], pictures: Any, numbers: Any, p: Any) -> Any:
    """Pictures sampled once and coloured once, by all operations; then holes."""
    sides = pictures.shape[1:3]
    placing = {each.name for group in _PLACING.values() for each in group}
    colouring = {each.name for each in _COLOUR}
    source, colours, holes = None, None, []
    for each, u, n in shares(operations, numbers):
        if each.name in placing:
            matrix = each.function(sides, u, n, p)
            source = matrix if source is None else ops.matmul(source, matrix)
        elif each.name in colouring:
            matrix = each.function(u, n, p)
            colours = matrix if colours is None else ops.matmul(matrix, colours)
        else:
            holes.append((each, u))
    if source is not None:
        pictures = sampling.resampled(pictures, source)
    if colours is not None:
        pictures = _recoloured(pictures, colours)
    for each, u in holes:
        pictures = each.function(pictures, u, p)
    return pictures


def _recoloured(pictures: Any, colours: Any) -> Any:
    """Pictures (N, H, W, C) by maps (N, 4, 4): a grey pixel becomes the mean of its mapped RGB."""
    channels = pictures.shape[-1]
    if channels == 1:
        factor = ops.mean(ops.sum(colours[:, :3, :3], axis=2), axis=1)
        constant = ops.mean(colours[:, :3, 3], axis=1)
        return pictures * factor[:, None, None, None] + constant[:, None, None, None]
    changed = ops.einsum("nij,nhwj->nhwi", colours[:, :3, :3], pictures[..., :3])
    changed = changed + colours[:, None, None, :3, 3]
    return changed if channels == 3 else ops.concatenate([changed, pictures[..., 3:]], axis=-1)
