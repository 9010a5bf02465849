"""The interface of face detectors, and their common geometry.

A detector is any object with

    detect(picture) -> list[Found]     picture: an RGB `PIL.Image`, upright
    frame(found) -> Square             what to cut out around a face

The margin of `frame` belongs to the detector, since each draws its boxes differently.
"""

import math
from dataclasses import dataclass, replace
from typing import Protocol

from PIL import Image

# Detectors see pictures of a limited size: faces below 1/40 of the side do not matter.
LARGEST_AREA = 1_048_576


@dataclass(frozen=True)
class Found:
    """A face in a picture.

    The centre of its box and the box's size in pixels of the picture, the tilt of the head in
    degrees (clockwise), and the detector's score (larger is more certain).
    """

    x: float
    y: float
    width: float
    height: float
    score: float
    tilt: float = 0.0


@dataclass(frozen=True)
class Square:
    """A square of the picture in whole pixels; it may reach beyond the picture's border."""

    left: int
    top: int
    side: int


class Detector(Protocol):
    """Anything that finds faces."""

    def detect(self, picture: Image.Image) -> list[Found]:
        """The faces, surest first."""
        ...

    def frame(self, found: Found) -> Square:
        """The square to cut out for a face."""
        ...


def shrunk(picture: Image.Image) -> tuple[Image.Image, float]:
    """The picture with `LARGEST_AREA` pixels at most, and the factor of shrinking (≥ 1)."""
    factor = math.sqrt(picture.width * picture.height / LARGEST_AREA)
    if factor <= 1:
        return picture, 1.0
    size = (max(1, round(picture.width / factor)), max(1, round(picture.height / factor)))
    return picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0), factor


def enlarged(found: Found, factor: float) -> Found:
    """The same face in a picture `factor` times as large."""
    return replace(
        found,
        x=found.x * factor,
        y=found.y * factor,
        width=found.width * factor,
        height=found.height * factor,
    )


def square_around(x: float, y: float, side: float) -> Square:
    """The square of whole pixels nearest to this centre and side."""
    side = max(1, round(side))
    return Square(round(x - side / 2), round(y - side / 2), side)


def best_first(found: list[Found]) -> list[Found]:
    """One box per face, most certain first; less certain boxes of the same face are removed.

    Two boxes are of one face if their centres are nearer than half the larger one's width.
    """
    kept: list[Found] = []
    for face in sorted(found, key=lambda face: -face.score):
        if all(
            math.hypot(face.x - other.x, face.y - other.y) > max(face.width, other.width) / 2
            for other in kept
        ):
            kept.append(face)
    return kept
