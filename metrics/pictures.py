"""Checking and converting pictures for the extractors: uint8, (N, height, width, 3).

The extractors see RGB: grey pictures are repeated, RGBA is shown on white.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeGuard

import numpy as np

from metrics.errors import MetricError

# A generator without a bounded last layer may overshoot [-1, 1] a little; 0..255 is a mistake.
LARGEST_PLAUSIBLE = 8.0


def to_uint8(pictures: np.ndarray, first: int = 0) -> np.ndarray:
    """uint8 pictures (N, H, W, 3); floats in [-1, 1] become floor(127.5 x + 128), clipped.

    uint8 RGB passes through untouched; grey and RGBA become RGB (`as_rgb`). `first` is the number
    of the first picture, for the error messages. Raises `MetricError` for another shape or type,
    for NaN or infinite pixels, and for floats that are clearly not in [-1, 1].
    """
    pictures = np.asarray(pictures)
    if pictures.ndim != 4 or pictures.shape[-1] not in (1, 3, 4):
        raise MetricError(
            "Pictures must be (N, height, width, 3), or with 1 or 4 channels. "
            f"Received: {pictures.shape}."
        )
    if pictures.dtype == np.uint8:
        return as_rgb(pictures)
    if not np.issubdtype(pictures.dtype, np.floating):
        raise MetricError(f"Pictures must be uint8 or floats. Received: {pictures.dtype}.")
    bad = ~np.isfinite(pictures).all(axis=(1, 2, 3))
    if bad.any():
        where = ", ".join(str(first + index) for index in np.flatnonzero(bad)[:5])
        raise MetricError(
            f"{bad.sum()} of {len(pictures)} pictures have NaN or infinite pixels "
            f"(number {where}{', …' if bad.sum() > 5 else ''}): the generator has diverged."
        )
    if len(pictures) and np.abs(pictures).max() > LARGEST_PLAUSIBLE:
        raise MetricError(
            "Float pictures must be in [-1, 1]. "
            f"Received values up to {np.abs(pictures).max():g}; pass 0..255 as uint8."
        )
    return as_rgb(np.clip(pictures.astype(np.float32) * 127.5 + 128, 0, 255).astype(np.uint8))


def as_rgb(pictures: np.ndarray) -> np.ndarray:
    """uint8 (…, C) → (…, 3): grey (C = 1) repeated, RGBA (C = 4) on white."""
    channels = pictures.shape[-1]
    if channels == 3:
        return pictures
    if channels == 1:
        return np.repeat(pictures, 3, axis=-1)
    opacity = pictures[..., 3:].astype(np.uint32)
    mixed = pictures[..., :3] * opacity + 255 * (255 - opacity)
    return ((mixed + 127) // 255).astype(np.uint8)


def is_array(pictures: Any) -> TypeGuard[np.ndarray]:
    """Whether `pictures` is one array of any kind, not an iterable of batches."""
    return hasattr(pictures, "shape")


def rebatch(pictures: np.ndarray | Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """uint8 batches of `size` pictures (the last may be smaller), from an array or from batches."""
    if is_array(pictures):
        for start in range(0, len(pictures), size):
            yield to_uint8(pictures[start : start + size], start)
        return
    rest, seen = None, 0
    for batch in pictures:
        batch = to_uint8(batch, seen)
        seen += len(batch)
        rest = batch if rest is None else np.concatenate([rest, batch])
        while len(rest) >= size:
            yield rest[:size]
            rest = rest[size:]
    if rest is not None and len(rest):
        yield rest
