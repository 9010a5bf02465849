"""Rows of data, chosen by chance."""

import numpy as np
import pytest

from models.chance import chosen_rows


class Reversed:
    """A stranger to chance: its permutation counts down."""

    def permutation(self, count):
        return np.arange(count)[::-1]


@pytest.mark.parametrize(
    ("total", "count", "repeated", "expected"),
    [
        (5, 3, False, [2, 3, 4]),
        (5, 3, True, [2, 3, 4]),
        (3, 5, False, [0, 1, 2]),
        (3, 5, True, [0, 1, 1, 2, 2]),
    ],
)
def test_rows_stand_in_the_order_of_the_file(total, count, repeated, expected):
    assert chosen_rows(Reversed(), total, count, repeated).tolist() == expected
