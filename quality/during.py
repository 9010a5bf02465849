"""Quality of a generator during its training, measured against a fixed set of real pictures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import datasets
from metrics import cache, extractors, lite0, lite1, weights
from metrics.extractors import Extractor, Features
from metrics.monitor import Monitor, Reading
from metrics.protocol import Record
from models.chance import step_rng
from models.system import System

_REALS, _INPUTS = 2**63 + 2, 2**63 + 3  # random numbers of steps that no training reaches
_SIZES = {"lite0": lite0.SIZE, "lite1": lite1.SIZE}


def measure_name(judge: str) -> str:
    """What the Fréchet distance of a judge's readings is called, such as FD-lite0@224."""
    return f"FD-{judge}@{_SIZES[judge]}"


def check(judge: str) -> None:
    """Raise `MetricError`, with the way out, if the judge's weights are not installed."""
    getattr(weights, f"{judge}_path")()


class QualityMeasure:
    """Kernel and Fréchet distance of `count` pictures of the averaged networks to as many reals.

    The reals and the networks' inputs are the same at every measurement, so that readings differ
    only by the networks. The extractor and the reals' features (cached on disk) are loaded at the
    first measurement, so that training starts without waiting for them.
    """

    def __init__(
        self,
        data: Mapping[str, datasets.ImageData],
        system: System,
        seed: int,
        count: int,
        judge: str = "lite0",
    ) -> None:
        least = min(len(each.images) for each in data.values())
        self.count = min(count, least)
        self._judged = system.judged(data, step_rng(seed, _INPUTS), self.count)
        self._data, self._seed = data[self._judged.domain], seed
        self._judge = judge
        self._monitor: Monitor | None = None
        self._extractor: Extractor | None = None

    @property
    def monitor(self) -> Monitor:
        """The reals' side of the comparison, made when first needed."""
        if self._monitor is None:
            self._extractor = extractors.load(self._judge)
            others = None
            if len(self._data.images) >= 2 * self.count:
                others = self._real_features(slice(self.count, 2 * self.count))
            self._monitor = Monitor(
                self._extractor, self._real_features(slice(0, self.count)), others
            )
        return self._monitor

    def _real_features(self, part: slice) -> Features:
        rows = step_rng(self._seed, _REALS).permutation(len(self._data.images))[part]
        selection = {"monitor": self._seed, "start": part.start, "stop": part.stop}
        return cache.cached(
            self._extractor,
            self._data.fingerprint,
            selection,
            lambda: extractors.extract(self._extractor, np.asarray(self._data.images[rows])),
        )

    def read(self, system: System) -> Reading:
        """Measure `system` as it is now."""
        monitor = self.monitor
        drawn = self._judged.draw(system)
        # Not every generator ends in a tanh. What is not finite stays, and is told.
        shown = np.where(np.isfinite(drawn), np.clip(drawn, -1.0, 1.0), drawn)
        return monitor.measure(shown)

    def passport(self, system: System, reading: Reading) -> Record:
        """The reading as a record with its protocol."""
        return Record(
            protocol={
                "extractor": self._extractor.passport(),
                "real": {"data_fingerprint": self._data.fingerprint, "count": self.count,
                         "split": "random, by seed", "seed": self._seed},
                "fake": {"count": self.count, **self._judged.protocol},
            },
            subject={"recipe": system.recipe.name, "step": system.step, "seed": self._seed},
            results={self.monitor.kernel_name: reading.kernel.to_dict(),
                     self.monitor.name: {"value": reading.distance, "floor": self.monitor.floor},
                     "duplicate share": {"value": reading.duplicate_share}},
            seconds={"measurement": reading.seconds},
        )  # fmt: skip
