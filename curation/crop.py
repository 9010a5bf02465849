"""Cutting squares out of a picture, without resampling."""

import numpy as np
from PIL import Image

from curation.detection import Square


def cut(picture: Image.Image, square: Square) -> tuple[Image.Image, float]:
    """RGB (side, side) of the picture, and its share, 0..1, that lies beyond the border.

    Beyond the border, border pixels are repeated, so the face is not squeezed and has no bars.
    """
    left, top, side = square.left, square.top, square.side
    right, bottom = left + side, top + side
    inside = (
        min(max(left, 0), picture.width - 1),
        min(max(top, 0), picture.height - 1),
        max(min(right, picture.width), 1),
        max(min(bottom, picture.height), 1),
    )
    part = picture.crop(inside)
    if part.size == (side, side):
        return part, 0.0
    around = (
        (max(inside[1] - top, 0), max(bottom - inside[3], 0)),
        (max(inside[0] - left, 0), max(right - inside[2], 0)),
        (0, 0),
    )
    padded = np.pad(np.asarray(part), around, mode="edge")[:side, :side]
    return Image.fromarray(padded), 1 - part.width * part.height / side**2


def middle(picture: Image.Image) -> Square:
    """The largest square in the middle of a picture that is a face already."""
    side = min(picture.size)
    return Square((picture.width - side) // 2, (picture.height - side) // 2, side)
