"""The shape of a GAN's pictures: its aspect, and the sizes that the networks can make.

`resolution` is the shorter side. The generators begin with a map of 4×4 pixels, or of 4×5, 4×6, …
for other aspects, and double it. So the longer side is a multiple of a quarter of the shorter one.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

SQUARE = "1:1"
_MOST = 4  # times as long as the shorter side


def sides(resolution: int, aspect: str) -> tuple[int, int]:
    """(height, width) for the shorter side and the aspect, width to height."""
    width, height = map(int, aspect.split(":"))
    shorter = min(width, height)
    return resolution * height // shorter, resolution * width // shorter


def problem(resolution: Any, aspect: str) -> str | None:
    """Why no network can make pictures of this aspect, or None."""
    found = re.fullmatch(r"([1-9]\d*):([1-9]\d*)", aspect)
    if not found:
        return f"aspect is width to height, such as 2:3, not {aspect!r}"
    width, height = int(found[1]), int(found[2])
    quarters = Fraction(4 * max(width, height), min(width, height))
    if quarters.denominator == 1 and quarters <= 4 * _MOST:
        return None
    near = _nearest(width, height, resolution)
    return (
        f"aspect {aspect}: the longer side must be a multiple of a quarter of the shorter one, "
        f"and at most {_MOST} times as long; nearest: {near}"
    )


def of_text(text: str) -> dict[str, Any]:
    """`"64x96"`, width × height, → the fields `resolution` and `aspect`.

    Raises ValueError for another text, and for sides that no network can make; it names the
    nearest that are possible.
    """
    found = re.fullmatch(r"([1-9]\d*)[x×]([1-9]\d*)", text)
    if not found:
        raise ValueError(
            "resolution must be a number, such as 64, or width x height, such as 64x96, not "
            f"{text!r}"
        )
    width, height = int(found[1]), int(found[2])
    shorter = min(width, height)
    aspect = Fraction(width, height)
    fields = {"resolution": shorter, "aspect": f"{aspect.numerator}:{aspect.denominator}"}
    if shorter & (shorter - 1) or problem(shorter, fields["aspect"]):
        raise ValueError(
            f"resolution {text}: the shorter side must be a power of two and the longer one a "
            f"multiple of a quarter of it, at most {_MOST} times as long; nearest: "
            f"{_nearest(width, height, shorter)}"
        )
    return fields


def _nearest(width: int, height: int, shorter: int) -> str:
    """The possible size that is nearest, such as "64x96"."""
    side = 1 << (max(4, shorter).bit_length() - 1)
    side = min((side, 2 * side), key=lambda each: abs(each - shorter))
    ratio = Fraction(max(width, height), min(width, height))
    longer = side * min(4 * _MOST, max(4, round(4 * ratio))) // 4
    return f"{side}x{longer}" if width < height else f"{longer}x{side}"
