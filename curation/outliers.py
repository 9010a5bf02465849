"""Ranking crops by how unlike the others they are, from the features of a network.

Similar junk (lettering, hands) forms its own neighbourhood, so the distance to the nearest
neighbours does not show it. The distance to the 25th neighbour does, and so does the distance to
the centre of all. These detect different things; a crop's score is the mean of its two ranks.
"""

import numpy as np

from curation.quality import ranks

NEIGHBOUR = 25
REFERENCES = 8192  # crops that the others are compared with, instead of all pairs
BLOCK = 2048


def scores(features: np.ndarray) -> np.ndarray:
    """Features (N, d) → float64 (N,) in 0..1, 1 the most unlike. Fewer than 3 crops: zeros."""
    count = len(features)
    if count < 3:
        return np.zeros(count)
    features = _unit(features.astype(np.float32))
    centre = features.mean(axis=0)
    far_from_centre = np.linalg.norm(features - centre, axis=1)
    return (ranks(neighbour_distance(features)) + ranks(far_from_centre)) / 2


def neighbour_distance(features: np.ndarray) -> np.ndarray:
    """The distance to the 25th nearest of at most 8192 references, float32 (N,).

    With few crops it is the neighbour at a quarter of their number.
    """
    count = len(features)
    references = np.arange(count)
    if count > REFERENCES:
        references = np.random.default_rng(0).choice(count, REFERENCES, replace=False)
    neighbour = min(NEIGHBOUR, max(1, len(references) // 4))
    known = features[references]
    squares = (known**2).sum(axis=1)
    result = np.empty(count, np.float32)
    for start in range(0, count, BLOCK):
        block = features[start : start + BLOCK]
        distances = (block**2).sum(axis=1)[:, np.newaxis] + squares - 2 * block @ known.T
        # a reference's distance to itself, 0, is among them
        nearest = np.partition(distances, neighbour, axis=1)[:, neighbour]
        result[start : start + BLOCK] = np.sqrt(np.maximum(nearest, 0))
    return result


def _unit(features: np.ndarray) -> np.ndarray:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
