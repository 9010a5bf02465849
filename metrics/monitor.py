"""Cheap repeated measurement against the same reals, while a generator trains."""

import time
from dataclasses import dataclass

import numpy as np

from metrics import frechet, kernel, neighbours
from metrics.errors import MetricError
from metrics.extractors import Extractor, Features, extract
from metrics.intervals import Estimate, bootstrap_weights, estimate

_REPLICATES = 100


@dataclass(frozen=True)
class Reading:
    """One measurement.

    Attributes:
        kernel: the kernel distance with its standard error. Few pictures do not bias it, so
            readings can be compared by it.
        distance: the Fréchet distance, which few pictures make too large.
        duplicate_share: share of samples with a twin, 0 to 1.
        seconds: how long it took.
    """

    kernel: Estimate
    distance: float
    duplicate_share: float
    seconds: float


class Monitor:
    """Compares fakes with a fixed set of N reals.

    `name` and `kernel_name` are what its Fréchet and its kernel distance are called. `floor` is the
    Fréchet distance between these reals and N other reals, if there are any: no generator is
    expected to come below it. Raises `MetricError` for fewer than 2 reals.
    """

    def __init__(self, extractor: Extractor, real: Features, other_real: Features | None = None):
        if len(real) < 2:
            raise MetricError(f"A monitor needs 2 real pictures or more. Received: {len(real)}.")
        self.name = extractor.measure_name("frechet")
        self.kernel_name = extractor.measure_name("kernel")
        self.count = len(real)
        self.floor = None
        self._extractor = extractor
        # With fewer pictures than features, computing with the pictures is faster.
        few = len(real) < real.pool.shape[1]
        self._reals = real.pool
        self._real = real.pool if few else frechet.moments(real.pool)
        self._typical = neighbours.typical_distance(real.pool)
        if other_real is not None:
            self.floor = frechet.frechet_distance(self._real, other_real.pool)

    def measure(self, fakes: np.ndarray, batch_size: int = 32) -> Reading:
        """A reading of exactly N fakes (N, H, W, C), uint8 or floats in [-1, 1].

        Raises `MetricError` for another count, which would bias the distance, and for NaN pictures.
        """
        if len(fakes) != self.count:
            raise MetricError(
                f"This monitor compares {self.count} fakes with as many reals. "
                f"Received: {len(fakes)}."
            )
        start = time.perf_counter()
        features = extract(self._extractor, fakes, batch_size=batch_size).pool
        distance = frechet.frechet_distance(self._real, features)
        share = neighbours.duplicate_share(features, self._typical)
        return Reading(self._kernel(features), distance, share, time.perf_counter() - start)

    def _kernel(self, features: np.ndarray) -> Estimate:
        """The kernel distance of all pictures, bootstrapped over reals and fakes."""
        once = np.ones((self.count, 1))
        value = kernel.weighted_mmd(self._reals, features, once, once)[0]
        drawn = [bootstrap_weights(self.count, _REPLICATES, seed) for seed in (0, 1)]
        return estimate(float(value), kernel.weighted_mmd(self._reals, features, *drawn))
