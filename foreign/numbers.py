"""The one way in which a number from outside is checked: on a command line and in a record."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any

from foreign import bounds

_SHOWN = 40  # letters of a value in an error
Range = tuple[float | None, float | None, float | None, float | None]  # as in `outside`


def outside(value: Any, kind: type, limits: Range) -> str | None:
    """What `value` must be, in words, if it is not; else None.

    kind    int or float
    limits  it is at least, above, at most, below; None: no such limit. A whole number is at least
            0 unless it is said, and if nothing says how large it may be, at most `bounds.COUNT`
    """
    least, above, most, below = limits
    if kind is int and least is None:
        least = 0
    if not _inside(value, kind, (least, above, most, below)):
        return _words(kind, least, above, most, below)
    if kind is int and most is None and below is None and value > bounds.COUNT:
        return _words(kind, None, None, bounds.COUNT, None)
    return None


def _inside(value: Any, kind: type, limits: Range) -> bool:
    least, above, most, below = limits
    kinds = int if kind is int else (int, float)
    return (
        isinstance(value, kinds)
        and not isinstance(value, bool)
        and (kind is int or _finite(value))
        and (least is None or value >= least)
        and (above is None or value > above)
        and (most is None or value <= most)
        and (below is None or value < below)
    )


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def _words(kind: type, least: Any, above: Any, most: Any, below: Any) -> str:
    if least is not None and most is not None:
        words = f"from {least} to {most}"
    else:
        parts = (("at least", least), ("above", above), ("at most", most), ("below", below))
        words = " and ".join(f"{word} {limit}" for word, limit in parts if limit is not None)
    if kind is int:
        return f"a whole number {'of ' if words.startswith('at') else ''}{words}"
    return words or "a finite number"


def whole(least: int = 0, most: int | None = None) -> Callable[[str], int]:
    """An argparse type: a whole number from `least` to `most`, or to `bounds.COUNT`."""
    return _reader(int, (least, None, most, None))


def real(
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
) -> Callable[[str], float]:
    """An argparse type: a finite number in this range."""
    return _reader(float, (least, above, most, below))


def plain(kind: type) -> Callable[[str], Any]:
    """An argparse type: any number of this kind, int or float, whose range is checked later."""

    def read(text: str) -> Any:
        try:
            return kind(text) if len(text) <= 2 * bounds.DIGITS else kind("")
        except ValueError:
            words = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"must be {words}, not {shown(text)}") from None

    return read


def _reader(kind: type, limits: Range) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = plain(kind)(text)
        if wrong := outside(value, kind, limits):
            raise argparse.ArgumentTypeError(f"must be {wrong}, not {text.strip()}")
        return value

    return read


seed = _reader(int, (0, None, None, 2**63))  # an argparse type


def shown(value: object) -> str:
    """A value as Python writes it, cut if it is long."""
    if isinstance(value, str) and len(value) > _SHOWN:
        return f"{value[:_SHOWN]!r}…"
    if isinstance(value, int) and value.bit_length() > 200:
        return "a number of more than 60 digits"
    text = repr(value)
    return text if len(text) <= 4 * _SHOWN else f"{text[:_SHOWN]}…"
