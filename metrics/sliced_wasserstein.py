"""The sliced Wasserstein distance of patches, per scale (Karras et al. 2018, section 5).

Each picture becomes a Laplacian pyramid (Burt and Adelson 1983), whose levels hold details of one
size each. 7×7 patches of a level, of both sets, are compared by the 1-D Wasserstein distance along
random directions: low at the highest resolution means alike edges and noise, low at 16 pixels alike
layout. The paper prints the distances times 1 000.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from metrics.errors import MetricError

SMALLEST = 16  # pixels of the coarsest level's shorter side
PATCH = 7
PATCHES = 128  # of a picture and level
DIRECTIONS = 512
PRINTED = 1_000.0
_BLUR = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
_PART = 64  # directions at once
_BATCH = 256  # pictures at once


def sides(shape: tuple[int, ...]) -> list[int]:
    """The shorter sides of the levels of pictures (H, W, C), the finest first.

    Raises `MetricError` if there is no level, or a level has an odd side.
    """
    height, width = shape[:2]
    found: list[int] = []
    while min(height, width) >= SMALLEST:
        found.append(min(height, width))
        if min(height, width) // 2 >= SMALLEST and (height % 2 or width % 2):
            raise MetricError(f"pictures of {shape[1]}x{shape[0]} cannot be halved down to 16 px")
        height, width = height // 2, width // 2
    if not found:
        raise MetricError(f"patches need pictures of 16 px or more, not {shape[1]}x{shape[0]}")
    return found


def distances(real: np.ndarray, fake: np.ndarray, seed: int = 0) -> dict[int, float]:
    """Shorter side of a level → the distance of two sets there, times 1 000.

    Each set has patches of its own at random places. So equal sets are near 0, not at it, and the
    nearer the more pictures there are: compare equal counts only.

    Args:
        real, fake: uint8 (N, H, W, 3), as many of each.

    Raises:
        MetricError: unequal numbers or shapes, or pictures that have no pyramid.
    """
    if real.shape != fake.shape:
        raise MetricError(f"patches need equal sets, not {real.shape} and {fake.shape}")
    found = {}
    for level, side in enumerate(sides(real.shape[1:])):
        rng = np.random.default_rng((seed, level))
        ours, theirs = (normalised(_patches(each, level, rng)) for each in (real, fake))
        directions = rng.standard_normal((ours.shape[1], DIRECTIONS)).astype("float32")
        directions /= np.linalg.norm(directions, axis=0)
        found[side] = PRINTED * sliced_wasserstein(ours, theirs, directions)
    return found


def sliced_wasserstein(first: np.ndarray, second: np.ndarray, directions: np.ndarray) -> float:
    """Mean over `directions` (d, K) of the 1-D Wasserstein distance of two point sets (N, d)."""
    total = 0.0
    for start in range(0, directions.shape[1], _PART):
        part = directions[:, start : start + _PART].T
        ours, theirs = (np.sort(part @ points.T, axis=1) for points in (first, second))
        total += float(np.abs(ours - theirs).mean(axis=1, dtype="float64").sum())
    return total / directions.shape[1]


def normalised(patches: np.ndarray) -> np.ndarray:
    """Patches (N, P, P, C) → points (N, P·P·C) with mean 0 and deviation 1 of each channel."""
    axes = (0, 1, 2)
    mean = patches.mean(axis=axes, dtype="float64")
    deviation = patches.std(axis=axes, dtype="float64")
    flat = (patches - mean.astype("float32")) / np.where(deviation, deviation, 1).astype("float32")
    return flat.reshape(len(patches), -1)


def pyramid(pictures: np.ndarray, levels: int) -> Iterator[np.ndarray]:
    """float32 levels of pictures (N, H, W, C), the finest first; the last is the blurred rest."""
    rest = np.asarray(pictures, "float32")
    for _ in range(levels - 1):
        smaller = _halved(rest)
        yield rest - _doubled(smaller)
        rest = smaller
    yield rest


def _patches(pictures: np.ndarray, level: int, rng: np.random.Generator) -> np.ndarray:
    """`PATCHES` patches of a level of each picture, at random places: (N·PATCHES, 7, 7, C)."""
    found = []
    for start in range(0, len(pictures), _BATCH):
        levels = pyramid(pictures[start : start + _BATCH], len(sides(pictures.shape[1:])))
        chosen = next(itertools.islice(levels, level, None))
        windows = np.lib.stride_tricks.sliding_window_view(chosen, (PATCH, PATCH), axis=(1, 2))
        count, rows, columns = windows.shape[:3]
        which = np.repeat(np.arange(count), PATCHES)
        y, x = (rng.integers(0, most, len(which)) for most in (rows, columns))
        found.append(np.moveaxis(windows[which, y, x], 1, -1))
    return np.concatenate(found)


def _blurred(pictures: np.ndarray) -> np.ndarray:
    """A binomial blur of 5×5; beyond the border pixels are mirrored about its pixels' centres."""
    rows = ndimage.correlate1d(pictures, _BLUR, axis=1, mode="mirror")
    return ndimage.correlate1d(rows, _BLUR, axis=2, mode="mirror")


def _halved(pictures: np.ndarray) -> np.ndarray:
    return _blurred(pictures)[:, ::2, ::2]


def _doubled(pictures: np.ndarray) -> np.ndarray:
    count, height, width, channels = pictures.shape
    spread = np.zeros((count, 2 * height, 2 * width, channels), pictures.dtype)
    spread[:, ::2, ::2] = pictures
    return 4.0 * _blurred(spread)
