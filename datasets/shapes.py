"""The shape of pictures: their height and width, and whether they are grey, RGB or RGBA.

Wherever this package takes a `Resolution`, a side R means square RGB pictures, (R, R, 3). Users
write sizes as they are printed: width × height.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from datasets.errors import DataError
from foreign import numbers

GREY, RGB, RGBA = 1, 3, 4
KINDS = {GREY: "grey", RGB: "RGB", RGBA: "RGBA"}  # channels → their name


class Shape(NamedTuple):
    """Height and width in pixels, and the number of channels."""

    height: int
    width: int
    channels: int = RGB

    @property
    def size(self) -> str:
        """The side of squares, else width × height without spaces, such as "64x96"."""
        return str(self.width) if self.width == self.height else f"{self.width}x{self.height}"

    @property
    def label(self) -> str:
        """The size and, unless it is RGB, the kind, safe in a file name: "64", "64x96-RGBA"."""
        return self.size + ("" if self.channels == RGB else f"-{KINDS[self.channels]}")


Resolution = int | Sequence[int]


def shape_of(resolution: Resolution) -> Shape:
    """(R, R, 3) for a side R; (height, width, channels) as a `Shape`."""
    if isinstance(resolution, int):
        return Shape(resolution, resolution)
    return Shape(*resolution)


def simplest(resolution: Resolution) -> int | Shape:
    """The side of square RGB pictures, the `Shape` of others."""
    shape = shape_of(resolution)
    return shape.height if shape == (shape.height, shape.height, RGB) else shape


def parse(text: str) -> tuple[int, int]:
    """`"64"` or `"64x96"`, width × height, → (height, width). Raises `DataError`."""
    found = re.fullmatch(r"(\d{1,6})(?:[x×](\d{1,6}))?", text)
    if not found:
        raise DataError(
            "The resolution is a side such as 64, or width x height such as 64x96, not "
            f"{numbers.shown(text)}."
        )
    width, height = int(found[1]), int(found[2] or found[1])
    return height, width
