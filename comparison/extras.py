"""What a comparison measures of pictures besides the usual: the setting `also` names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

import datasets
from datasets import pixels
from datasets.sources import evenly
from metrics import edges, neighbours
from metrics.extractors import Features
from models import augmentation
from models.system import System
from training.callbacks.singular_values import singular_values, watched

_LETTERS = {"generator": "G", "discriminator": "D"}


class Extras:
    """The extras of one comparison, against the same reals at every measurement.

    Attributes:
        better: measure → "max" or "min". What has no better direction is not in it.
        protocol: a sentence on what real pictures themselves would score, or "".

    Args:
        names: of `comparison.plan.ALSO`.
        pictures, features: of the reals, two for every generated one.
        frechet: what the Fréchet distance is called.
        raw: (system, the pictures it is trained on) → the Fréchet distance of the generator in
            training, not of its average.
        extract: pictures → their features.
        seen: the pictures that are trained on, if they are others.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        pictures: np.ndarray,
        features: Features,
        frechet: str,
        raw: Callable[[System, datasets.ImageData], float],
        extract: Callable[[np.ndarray], Features],
        seen: np.ndarray | None = None,
    ) -> None:
        self.names = names
        half = features.take(np.arange(0, len(pictures), 2))
        self._slopes = edges.quantiles(pictures[::2]) if "detail" in names else None
        self._spread = spread(half.pool)
        self._typical = neighbours.typical_distance(half.pool)
        self._raw, self._raw_name = raw, f"raw {frechet}"
        if "memory" in names and seen is not None:
            count = min(len(seen), len(pictures))
            # Both spread over their data, which may be ordered, for example by class.
            shown = np.asarray(seen[evenly(count, len(seen))])
            self._memory = extract(shown).pool, features.pool[evenly(count, len(pictures))]
        self._leaks: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.protocol = ""
        if "leaks" in names:
            others = features.take(np.arange(1, len(pictures), 2)).pool
            self._leaks = {
                f"leaked {name}": (extract(changed).pool, others)
                for name, changed in _augmented(pictures[1::2]).items()
            }
            scored = ", ".join(f"{name} {share:.3g}" for name, share in self._leaked(half).items())
            self.protocol = f"Of real pictures: {scored}."
        directions = {
            "raw": {self._raw_name: "min"},
            "detail": {"slopes": "min"},
            "variety": {"spread": "max", "duplicates": "min"},
            "memory": {"nearer to seen": "min"},
            "leaks": dict.fromkeys(self._leaks, "min"),
        }
        self.better = {
            measure: way for name in names for measure, way in directions.get(name, {}).items()
        }

    def measure(
        self,
        system: System,
        trained: datasets.ImageData,
        pictures: np.ndarray,
        features: Features,
    ) -> dict[str, float]:
        """By name; `pictures` and `features` are those of the averaged generator.

        Labels, too, are drawn from `trained`, as for the average.
        """
        found: dict[str, Any] = {}
        if "raw" in self.names:
            found[self._raw_name] = self._raw(system, trained)
        if "detail" in self.names:
            found["slopes"] = edges.distance(self._slopes, edges.quantiles(pictures))
        if "variety" in self.names:
            found["spread"] = spread(features.pool) / self._spread
            found["duplicates"] = neighbours.duplicate_share(features.pool, self._typical)
        if "memory" in self.names:
            found["nearer to seen"] = neighbours.nearer_share(features.pool, *self._memory)
        if "leaks" in self.names:
            found |= self._leaked(features)
        if "weights" in self.names:
            found |= _largest(system)
        return {name: float(value) for name, value in found.items()}

    def _leaked(self, features: Features) -> dict[str, float]:
        """The shares of pictures that are nearer to changed reals than to the same unchanged."""
        return {
            name: neighbours.nearer_share(features.pool, *both)
            for name, both in self._leaks.items()
        }


def _augmented(pictures: np.ndarray) -> dict[str, np.ndarray]:
    """Pictures, uint8 (N, H, W, C), as a discriminator sees them that learns from augmented ones.

    Each has a hole of half its sides; or each is turned by a quarter, a half, three quarters.
    """
    rng = np.random.Generator(np.random.Philox(key=[0, 6]))
    holes = augmentation.get("diffaug", "cutout")
    cut = holes(
        ops.convert_to_tensor(pictures.astype("float32") / 127.5 - 1),
        ops.convert_to_tensor(holes.draw(rng, (len(pictures),))),
        1.0,
    )
    turns = [np.rot90(each, 1 + index % 3) for index, each in enumerate(pictures)]
    square = pictures.shape[1] == pictures.shape[2]
    found = {"cut-outs": pixels.to_uint8(ops.convert_to_numpy(cut))}
    return found | ({"turns": np.stack(turns)} if square else {})


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
