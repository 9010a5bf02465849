"""What follows a level's styles, and lost values, on arrays made by hand."""

import math

import numpy as np
import pytest

from metrics import styles
from metrics.classifier import LabelSpace

SPACE = LabelSpace(
    "attributes", ("red", "blue", "green", "hat"), {"hair": ("red", "blue", "green")}
)
HAIR, HAT = styles.traits(SPACE)


def seen(hair, hat):
    """What a classifier sees: hair 0, 1 or 2, and a hat or none."""
    return np.concatenate([np.eye(3, dtype=bool)[hair], np.array(hat, bool)[:, None]], axis=1)


def test_traits_are_groups_and_single_names():
    assert (HAIR.name, HAIR.members) == ("hair", ("red", "blue", "green"))
    assert (HAT.name, HAT.members) == ("hat", ("no hat", "hat"))
    both = seen([2, 0, 1], [1, 0, 1])
    np.testing.assert_array_equal(HAIR.values(both), [2, 0, 1])
    np.testing.assert_array_equal(HAT.values(both), [1, 0, 1])


def test_only_pairs_that_differ_count():
    a = seen([0] * 40, [0] * 40)
    b = seen([1] * 30 + [0] * 10, [0] * 39 + [1])
    mixed = seen([1] * 12 + [2] * 18 + [0] * 10, [0] * 40)
    assert styles.followed(HAIR, a, b, mixed) == pytest.approx(12 / 30)
    assert math.isnan(styles.followed(HAT, a, b, mixed))  # one pair differs
    assert styles.followed(HAIR, a, b, b) == 1.0
    just = slice(10, 40)  # 20 pairs differ: enough, and one fewer is not
    assert styles.followed(HAIR, a[just], b[just], b[just]) == 1.0
    fewer = slice(11, 40)
    assert math.isnan(styles.followed(HAIR, a[fewer], b[fewer], b[fewer]))


def test_a_value_is_lost_below_a_tenth_of_its_frequency():
    reals = seen([0] * 100 + [1] * 95 + [2] * 5, [1] * 40 + [0] * 160)
    fakes = seen([0] * 192 + [1] * 8, [1] * 5 + [0] * 195)  # blue 4 % of 47.5, hats 2.5 % of 20
    found = styles.coverage(SPACE, reals, fakes)
    assert found == styles.Coverage(4, ("blue",))  # green is too rare among the reals
    fewer = seen([0] * 192 + [1] * 8, [1] * 3 + [0] * 197)  # hats 1.5 %
    assert styles.coverage(SPACE, reals, fewer).lost == ("blue", "hat")
