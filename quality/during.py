"""How good a generator is, measured during its training against a fixed set of real pictures."""

from __future__ import annotations

import numpy as np

import datasets
from metrics import cache, extractors, lite0
from metrics.extractors import Extractor, Features
from metrics.monitor import Monitor, Reading
from metrics.protocol import Record
from models import latents
from models.chance import step_rng
from models.gan import GAN
from models.recipe import Recipe

_REALS, _LATENTS = 2**63 + 2, 2**63 + 3  # random numbers of steps that no training reaches
EXTRACTOR = "lite0"
MEASURE = f"FD-{EXTRACTOR}@{lite0.SIZE}"  # what the readings are called


class QualityMeasure:
    """Fréchet distance of `count` samples of the averaged generator to as many reals.

    The reals, latents and labels are the same at every measurement, so that readings differ by the
    generator alone. The extractor and the reals' features (cached on disk) are loaded at the first
    one, so that training starts without waiting for them.
    """

    def __init__(self, data: datasets.ImageData, recipe: Recipe, seed: int, count: int) -> None:
        self._data, self._recipe, self._seed = data, recipe, seed
        self.count = min(count, len(data.images))
        rng = step_rng(seed, _LATENTS)
        self._latents = latents.sample(recipe.latent, self.count, recipe.latent_dim, rng)
        self._labels = None
        if recipe.conditional:
            self._labels = data.labels.values[rng.integers(len(data.images), size=self.count)]
        self._monitor: Monitor | None = None
        self._extractor: Extractor | None = None

    @property
    def monitor(self) -> Monitor:
        """The reals' side of the comparison, made when first needed."""
        if self._monitor is None:
            self._extractor = extractors.load(EXTRACTOR)
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

    def read(self, gan: GAN) -> Reading:
        """Measure `gan`'s averaged generator as it is now."""
        monitor = self.monitor
        return monitor.measure(gan.sample(self._latents, self._labels))

    def passport(self, gan: GAN, reading: Reading) -> Record:
        """The reading as a record that says under what protocol it was taken."""
        return Record(
            protocol={
                "extractor": self._extractor.passport(),
                "real": {"data_fingerprint": self._data.fingerprint, "count": self.count,
                         "split": "random, by seed", "seed": self._seed},
                "fake": {"count": self.count, "weights": "ema", "truncation": 1.0,
                         "statistics": "running"},
            },
            subject={"recipe": gan.recipe.name, "step": gan.step, "seed": self._seed},
            results={self.monitor.name: {"value": reading.distance, "floor": self.monitor.floor},
                     "duplicate share": {"value": reading.duplicate_share}},
            seconds={"measurement": reading.seconds},
        )  # fmt: skip
