"""Nearest real pictures of the fakes, and fakes that repeat each other.

If a generator has memorised its training set, a fake and its nearest real look the same; if it has
collapsed, its fakes look like each other. Both are measured on features, in units of the typical
distance between a real and its nearest other real.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from metrics.errors import MetricError
from metrics.manifold import ROWS, squared_distances, squared_radii
from metrics.pictures import as_rgb

# Two fakes are the same picture when they are nearer than this share of the typical distance.
SAME = 0.25
CAPTION = 14  # pixels of text under a picture of a sheet


@dataclass(frozen=True)
class Neighbours:
    """The nearest reals of each fake: indices and distances (M, k), nearest first.

    `typical` is the median distance of a real to its nearest other real.
    """

    indices: np.ndarray
    distances: np.ndarray
    typical: float


def nearest_reals(real: np.ndarray, fake: np.ndarray, count: int = 5) -> Neighbours:
    """The `count` nearest reals of every fake, in feature space.

    Raises `MetricError` when there are fewer reals than `count`, or fewer than 2.
    """
    if len(real) < max(count, 2) or count < 1:
        raise MetricError(f"{count} nearest reals need as many real pictures, not {len(real)}.")
    mean = real.mean(axis=0, dtype=np.float64)
    real, fake = real - mean, fake - mean
    indices = np.empty((len(fake), count), np.int64)
    distances = np.empty((len(fake), count))
    for start in range(0, len(fake), ROWS):
        rows = slice(start, start + ROWS)
        squared = squared_distances(fake[rows], real)
        indices[rows] = np.argsort(squared, axis=1, kind="stable")[:, :count]
        distances[rows] = np.sqrt(np.take_along_axis(squared, indices[rows], axis=1))
    return Neighbours(indices, distances, typical_distance(real))


def typical_distance(real: np.ndarray) -> float:
    """The median distance of a real to its nearest other real."""
    if len(real) < 2:
        raise MetricError("A distance between reals needs 2 of them or more.")
    centred = real - real.mean(axis=0, dtype=np.float64)
    return float(np.median(np.sqrt(squared_radii(centred, (1,))[0])))


def twins(fake: np.ndarray, typical: float) -> np.ndarray:
    """Whether each fake (M,) has a twin: another fake nearer than a quarter of `typical`.

    `typical` comes from `typical_distance` on as many reals as there are fakes, since with more
    pictures the nearest one is nearer. Raises `MetricError` for fewer than 2 fakes.
    """
    if len(fake) < 2:
        raise MetricError("Duplicates need 2 pictures or more.")
    centred = fake - fake.mean(axis=0, dtype=np.float64)
    return squared_radii(centred, (1,))[0] <= (SAME * typical) ** 2


def nearer_share(fake: np.ndarray, seen: np.ndarray, unseen: np.ndarray) -> float:
    """The share of fakes, 0..1, whose nearest picture of both sets is one that was trained on.

    It is 1/2 for a generator that has learned what such pictures are, and 1 for one that repeats
    them. Ties count as half.

    Args:
        fake, seen, unseen: features (M, d), (N, d), (N, d), of as many pictures either way.

    Raises:
        MetricError: the sets differ in size.
    """
    if len(seen) != len(unseen):
        raise MetricError(f"{len(seen)} seen and {len(unseen)} unseen pictures: give as many.")
    mean = unseen.mean(axis=0, dtype=np.float64)
    near = [
        np.concatenate([
            squared_distances(fake[start : start + ROWS] - mean, reals - mean).min(axis=1)
            for start in range(0, len(fake), ROWS)
        ])
        for reals in (seen, unseen)
    ]  # fmt: skip
    return float(np.mean((near[0] < near[1]) + 0.5 * (near[0] == near[1])))


def duplicate_share(fake: np.ndarray, typical: float) -> float:
    """The share of fakes, 0..1, that have a twin."""
    return float(twins(fake, typical).mean())


def sheet(
    fakes: np.ndarray, reals: np.ndarray, neighbours: Neighbours, rows: int = 12
) -> Image.Image:
    """A picture: one row per fake, the fake first, then its nearest reals with their distances.

    The fakes with the nearest reals come first, since these would show memorisation. `fakes`
    (M, H, W, C) and `reals` (N, H, W, C) are uint8 and in the order of the features; distances are
    in units of `typical`, so that a copy has 0.00 and a new picture about 1.
    """
    fakes, reals = as_rgb(fakes), as_rgb(reals)
    order = np.argsort(neighbours.distances[:, 0], kind="stable")[:rows]
    height, width = max(fakes.shape[1], reals.shape[1]), max(fakes.shape[2], reals.shape[2])
    columns = 1 + neighbours.indices.shape[1]
    size = ((width + 2) * columns + 6, (height + CAPTION + 2) * len(order))
    canvas = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(canvas)
    for row, fake in enumerate(order):
        top = row * (height + CAPTION + 2)
        canvas.paste(Image.fromarray(fakes[fake]), (0, top))
        draw.text((2, top + height), f"fake {fake}", fill="black")
        pairs = zip(neighbours.indices[fake], neighbours.distances[fake], strict=True)
        for column, (real, distance) in enumerate(pairs, start=1):
            left = column * (width + 2) + 6
            canvas.paste(Image.fromarray(np.ascontiguousarray(reals[real])), (left, top))
            ratio = distance / neighbours.typical if neighbours.typical else distance
            draw.text((left + 2, top + height), f"{ratio:.2f}", fill="black")
    return canvas
