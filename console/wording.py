"""Numbers as people read them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """`"42 s"`, `"9 min"`, `"1 h 05 min"`, `"2 d 3 h"`."""
    if seconds < 99.5:
        return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.2g} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def size(count: float) -> str:
    """Bytes as `"812 MB"` or `"3.2 GB"` (powers of 1000)."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            value = count / scale
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{count:.0f} B"


def counted(count: int, noun: str) -> str:
    """`"1 seed"`, `"3 seeds"`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(items: list[str], most: int = 5) -> str:
    """`"a, b, c and 4 more"`."""
    shown = ", ".join(items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"
