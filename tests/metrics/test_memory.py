"""Whether fakes are nearer to what was trained on than to other pictures."""

import numpy as np
import pytest

from metrics import neighbours
from metrics.errors import MetricError


def test_the_share_by_hand():
    seen = np.array([[0.0, 0.0], [4.0, 0.0]], "float32")
    unseen = np.array([[2.0, 0.0], [6.0, 0.0]], "float32")
    # Nearest: seen 0; unseen 2; as near to 2 as to 4; unseen 6; seen 0.
    fakes = np.array([[0.1, 0], [1.8, 1], [3, 0], [9, 9], [-5, 0]], "float32")
    assert neighbours.nearer_share(fakes, seen, unseen) == pytest.approx((1 + 0 + 0.5 + 0 + 1) / 5)
    assert neighbours.nearer_share(seen, seen, unseen) == 1.0
    assert neighbours.nearer_share(unseen, seen, unseen) == 0.0


def test_a_generator_that_knows_the_distribution_is_as_near_to_both():
    rng = np.random.default_rng(0)
    fakes, seen, unseen = rng.standard_normal((3, 3_000, 5)).astype("float32")
    assert neighbours.nearer_share(fakes, seen, unseen) == pytest.approx(0.5, abs=0.03)


def test_as_many_of_either_kind_are_needed():
    with pytest.raises(MetricError, match="3 seen and 2 unseen pictures"):
        neighbours.nearer_share(np.zeros((4, 2)), np.zeros((3, 2)), np.zeros((2, 2)))
