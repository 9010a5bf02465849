"""One number of a run: what a test reads from the measures along its curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Quantity:
    """A number of the values of a measure at a run's marks, the first mark first.

    Attributes:
        words: what it is called, with {} for the measure.
        of: the values → the number; NaN if there are too few of them.
        least: how many values it takes.
        steady: whether less of it is better whatever the measure.
    """

    words: str
    of: Callable[[np.ndarray], float]
    least: int = 1
    steady: bool = False

    def __call__(self, values: Sequence[float]) -> float:
        """The number of these values."""
        return self.of(np.asarray(values, "float64")) if len(values) >= self.least else math.nan


def _second_half(values: np.ndarray) -> np.ndarray:
    return values[len(values) // 2 :]


def _roughness(values: np.ndarray) -> float:
    """The deviation of the noise in a smooth series: of its second differences, divided by √6."""
    return float(np.sqrt(np.mean(np.square(np.diff(_second_half(values), n=2))) / 6.0))


QUANTITIES = {
    "end": Quantity("{} at the end", lambda values: float(values[-1])),
    "beginning": Quantity("{} at the first mark", lambda values: float(values[0])),
    "second_half": Quantity(
        "mean {} of the second half", lambda values: float(_second_half(values).mean()), 2
    ),
    "best": Quantity("least {}", lambda values: float(values.min())),
    "rise": Quantity(
        "rise of {} from its least to its end",
        lambda values: float(values[-1] / values.min() - 1.0),
        2,
    ),
    "roughness": Quantity("roughness of {} in the second half", _roughness, 6, steady=True),
}
