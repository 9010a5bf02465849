"""CMMD against the authors' formula spelled out, pair by pair."""

import math

import numpy as np
import pytest

from metrics import cmmd, measure, measures
from metrics.extractors import Features

RNG = np.random.default_rng(0)


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("float32")


REAL, FAKE = (unit(RNG.standard_normal((count, 6))) for count in (7, 5))


def kernel(x, y):
    return math.exp(-sum((a - b) ** 2 for a, b in zip(x, y, strict=True)) / 200)


def by_hand(real, fake):
    def mean(one, other):
        return sum(kernel(x, y) for x in one for y in other) / (len(one) * len(other))

    return 1000 * (mean(real, real) + mean(fake, fake) - 2 * mean(real, fake))


def test_it_is_the_formula(monkeypatch):
    expected = by_hand(REAL.astype(float), FAKE.astype(float))
    assert 0.5 < expected < 5
    assert cmmd.cmmd(REAL, FAKE) == pytest.approx(expected, rel=1e-6)
    monkeypatch.setattr(cmmd, "ROWS", 3)  # several blocks
    assert cmmd.cmmd(REAL, FAKE) == pytest.approx(expected, rel=1e-6)
    assert cmmd.cmmd(REAL, REAL) == pytest.approx(0, abs=1e-9)


def test_opposite_sets_by_hand():
    """Two pictures each, at distance 2: 1000 · (1 + 1 - 2 e^(-4/200))."""
    one = np.array([[1.0, 0.0], [1.0, 0.0]], "float32")
    assert cmmd.cmmd(one, -one) == pytest.approx(2000 * (1 - math.exp(-0.02)), rel=1e-9)


def test_weights_are_repeated_pictures():
    counts = np.array([[2.0, 1, 0, 0, 3, 0, 1], [1, 1, 1, 1, 1, 1, 1]]).T
    repeated = np.repeat(REAL, counts[:, 0].astype(int), axis=0)
    found = cmmd.weighted(REAL, FAKE, counts, np.ones((5, 2)))
    for value, ours in zip(found, (repeated, REAL), strict=True):
        assert value == pytest.approx(by_hand(ours.astype(float), FAKE.astype(float)), rel=1e-6)


class Named:
    is_inception = False

    def __init__(self, is_clip):
        self.is_clip, self.label = is_clip, "test@8"

    def measure_name(self, name):
        return f"{name}-test"


@pytest.mark.parametrize("is_clip", [True, False])
def test_it_is_taken_of_clips_embeddings_alone(is_clip):
    found = measure.measure(
        Named(is_clip), Features(REAL), Features(FAKE), measures=(measures.CMMD, measures.FRECHET)
    )
    assert ("CMMD" in found.estimates) == is_clip
    if is_clip:
        estimate = found.estimates["CMMD"]
        assert estimate.value == pytest.approx(cmmd.cmmd(REAL, FAKE))
        assert estimate.low < estimate.high
