"""Measurements whose results a test plans."""

from __future__ import annotations

from types import SimpleNamespace

from metrics.intervals import Estimate
from metrics.monitor import Reading
from metrics.protocol import Record


class Planned:
    """Stands in for `QualityMeasure`: reads off a list of distances by step."""

    distances: dict[int, float] = {}  # noqa: RUF012
    kernels: dict[int, float] = {}  # noqa: RUF012  # by default a hundredth of the distances

    def __init__(self, data, system, seed, count, judge="lite0"):
        self.monitor = SimpleNamespace(
            name="FD-test", kernel_name="KD-test", floor=0.5, count=count
        )

    def read(self, gan):
        distance = self.distances[gan.step]
        kernel = Estimate(self.kernels.get(gan.step, distance / 100), standard_error=0.001)
        return Reading(kernel, distance, 0.125, 0.1)

    def passport(self, gan, reading):
        return Record({"extractor": "test"}, {"step": gan.step}, {"FD-test": {"value": 1.0}})
