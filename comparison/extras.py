"""What a comparison measures of pictures besides the usual: the setting `also` names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from metrics import edges, neighbours
from metrics.extractors import Features
from models.system import System
from training.callbacks.singular_values import singular_values, watched

_LETTERS = {"generator": "G", "discriminator": "D"}


class Extras:
    """The extras of one comparison, against the same reals at every measurement.

    Attributes:
        better: measure → "max" or "min". What has no better direction is not in it.

    Args:
        names: of `comparison.plan.ALSO`.
        pictures, features: of the reals.
        frechet: what the Fréchet distance is called.
        raw: (system) → the Fréchet distance of the generator in training, not of its average.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        pictures: np.ndarray,
        features: Features,
        frechet: str,
        raw: Callable[[System], float],
    ) -> None:
        self.names = names
        self._slopes = edges.quantiles(pictures) if "detail" in names else None
        self._spread = spread(features.pool)
        self._typical = neighbours.typical_distance(features.pool)
        self._raw, self._raw_name = raw, f"raw {frechet}"
        directions = {
            "raw": {self._raw_name: "min"},
            "detail": {"slopes": "min"},
            "variety": {"spread": "max", "duplicates": "min"},
        }
        self.better = {
            measure: way for name in names for measure, way in directions.get(name, {}).items()
        }

    def measure(self, system: System, pictures: np.ndarray, features: Features) -> dict[str, float]:
        """By name; `pictures` and `features` are those of the averaged generator."""
        found: dict[str, Any] = {}
        if "raw" in self.names:
            found[self._raw_name] = self._raw(system)
        if "detail" in self.names:
            found["slopes"] = edges.distance(self._slopes, edges.quantiles(pictures))
        if "variety" in self.names:
            found["spread"] = spread(features.pool) / self._spread
            found["duplicates"] = neighbours.duplicate_share(features.pool, self._typical)
        if "weights" in self.names:
            found |= _largest(system)
        return {name: float(value) for name, value in found.items()}


def spread(features: np.ndarray) -> float:
    """The root mean square distance of features (N, d) to their mean."""
    return float(np.sqrt(features.astype("float64").var(axis=0).sum()))


def _largest(system: System) -> dict[str, float]:
    """The largest singular value of each network's watched kernels, before normalisation."""
    return {
        f"singular value of {_LETTERS.get(name, name)}": max(
            (
                float(singular_values(layer, 1)[0])
                for layer in watched(getattr(system, name)).values()
            ),
            default=0.0,
        )
        for name in system.network_names
    }
