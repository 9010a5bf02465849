"""How runs are measured: one judge per kind of data, used for every run of a comparison."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from PIL import Image

import datasets
from comparison.extras import Extras
from comparison.plan import POINT_WORLDS, CompareSettings
from console.errors import user_errors
from datasets import pixels, triangles
from datasets import toy as worlds
from media.sheet import sheet
from metrics import extractors, measure, measures
from metrics import toy as exact
from metrics.errors import MetricError
from models import latents
from models.inversion import invert
from models.recipe import Recipe
from models.system import System
from models.systems.gan.turns import GAN
from toys import training as toy

SHOWN = 10  # samples of a run on the sheet


class Judge(Protocol):
    """Measures a system that generates.

    `better`: measure → "max" if more is better, "min" if less is better.
    """

    better: dict[str, str]
    protocol: str

    def measure(self, system: System, data: datasets.ImageData) -> dict[str, float]:
        """Every measure by name."""

    def sheet(self, system: System, data: datasets.ImageData) -> Image.Image:
        """A row of samples, or a scatter plot of them."""


def choose(
    settings: CompareSettings, data: datasets.ImageData, recipes: Iterable[Recipe] = ()
) -> Judge:
    """The judge for the comparison's data; for pictures, one that no recipe was trained with.

    Raises `UserError` for a network whose weights are missing, and for too few pictures.
    """
    if settings.data in POINT_WORLDS:
        return PointJudge(worlds.world(settings.data))
    if settings.data == "triangles":
        return TriangleJudge(data, settings.samples)
    trained = None
    if settings.few:
        trained, data = datasets.few(data, settings.few)
    usual = extractors.NAMES[0]
    others = [each.judge for each in recipes if each.judge != usual]
    extractor = others[0] if others else usual
    with user_errors(MetricError):
        return PictureJudge(data, settings.samples, settings.extras, trained, extractor)


class PointJudge:
    """Exact measures of a toy world."""

    def __init__(self, world: worlds.Mixture) -> None:
        self.world = world
        self.better = {
            "modes covered": "max",
            "high quality": "max",
            "mode entropy": "max",
            "EM distance": "min",
            "2 JSD - log 4": "min",
        }
        again = world.sample(toy.POINTS, np.random.Generator(np.random.Philox(key=[0, 5])))
        self.floor = toy.measure_points(again, world)
        self.protocol = (
            f"{toy.POINTS:,} points on fixed latents. A point within 3 standard deviations of a "
            "mode's centre covers the mode and has high quality; entropy of these points over the "
            f"{len(world.means)} modes, 1 at most; exact Earth-Mover distance of {toy.MOVED} "
            f"points; divergence of histograms on {toy.CELLS[world.dim]} cells a side. The best "
            f"possible values, from as many new real points: {_words(self.floor)}."
        )

    def measure(self, gan: GAN, data: datasets.ImageData) -> dict[str, float]:
        """How well the points cover the modes of the world."""
        return toy.measure(gan, self.world)

    def sheet(self, gan: GAN, data: datasets.ImageData) -> Image.Image:
        """Points of the generator, and the centres of the modes."""
        return toy.scatter(gan, self.world)


def _words(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in found.items())


def _generated(
    system: System, data: datasets.ImageData, count: int, seed: int = 0, averaged: bool = True
) -> np.ndarray:
    """`count` pictures, uint8, with labels drawn as in the data.

    They are the averaged generator's, or of the one in training.
    """
    recipe, labels = system.recipe, {}
    drawn = latents.sample(
        recipe.latent, count, recipe.latent_dim, np.random.Generator(np.random.Philox(seed))
    )
    if recipe.label_kind != "none":
        rng = np.random.Generator(np.random.Philox(key=[seed, 3]))
        labels = {"labels": datasets.Batches(data, 1, seed).random_labels(count, rng)}
    return pixels.to_uint8(system.sample(drawn, ema=averaged, **labels))


class PictureJudge:
    """Fréchet distance and manifold measures.

    Args:
        data: the pictures to measure against.
        trained: those that are trained on, if they are others.
        extractor: the name of the feature network.
    """

    chosen = (measures.FRECHET, measures.MANIFOLD)

    def __init__(
        self,
        data: datasets.ImageData,
        samples: int,
        also: tuple[str, ...] = (),
        trained: datasets.ImageData | None = None,
        extractor: str = "lite0",
    ) -> None:
        self.samples = min(samples, len(data.images) // 2)
        self.extractor = extractors.load(extractor)
        rows = np.random.Generator(np.random.Philox(key=[0, 4])).permutation(len(data.images))
        pictures = np.asarray(data.images[np.sort(rows[: 2 * self.samples])])
        features = extractors.extract(self.extractor, pictures, progress="reals")
        self.real = features.take(np.arange(0, 2 * self.samples, 2))
        other = features.take(np.arange(1, 2 * self.samples, 2))
        self.floor = self._compare(other)
        frechet = self.extractor.measure_name(measures.FRECHET)
        self.better = {name: "min" if name == frechet else "max" for name in self.floor}
        self.extras = Extras(
            also, pictures, features, frechet,
            lambda system, seen: self._raw(system, seen)[frechet],
            lambda changed: extractors.extract(self.extractor, changed),
            None if trained is None else trained.images,
        )  # fmt: skip
        self.better |= self.extras.better
        unseen = "" if trained is None else " that were not trained on here"
        self.protocol = (
            f"{self.samples} generated against {self.samples} real pictures{unseen}, averaged "
            f"generator, no truncation, features of {self.extractor.label} (not FID). The best "
            f"possible values, real against real: {_words(self.floor)}. {self.extras.protocol}"
        ).rstrip()

    def _compare(self, features: extractors.Features) -> dict[str, float]:
        settings = measure.Settings(bootstrap=0)
        found = measure.measure(
            self.extractor, self.real, features, measures=self.chosen, settings=settings
        )
        return {name: float(estimate.value) for name, estimate in found.estimates.items()}

    def measure(self, system: System, data: datasets.ImageData) -> dict[str, float]:
        """The chosen measures of generated against real pictures."""
        made = _generated(system, data, self.samples)
        features = extractors.extract(self.extractor, made)
        return self._compare(features) | self.extras.measure(system, data, made, features)

    def _raw(self, system: System, data: datasets.ImageData) -> dict[str, float]:
        """The same measures of the generator in training."""
        made = _generated(system, data, self.samples, averaged=False)
        return self._compare(extractors.extract(self.extractor, made))

    def sheet(self, system: System, data: datasets.ImageData) -> Image.Image:
        """A few pictures in a row."""
        return sheet(_generated(system, data, SHOWN), SHOWN)


class TriangleJudge:
    """Precision by the distance to the nearest triangle, recall by latent inversion."""

    def __init__(self, data: datasets.ImageData, samples: int) -> None:
        self.resolution = data.images.shape[1]
        self.samples = min(samples, len(triangles.TESTING))
        self.better = {"precision": "max", "recall": "max", "F1": "max"}
        self.starts = np.stack([triangles.corners(index) for index in range(2_000)])
        self.drawn = np.stack([self._draw(corners) for corners in self.starts])
        self.tests = np.stack(
            [self._draw(triangles.corners(i)) for i in triangles.TESTING[: self.samples]]
        )
        self.protocol = (
            f"{self.samples} generated pictures: precision is the share within {exact.NEAR} of a "
            f"triangle; recall is the share of {self.samples} unseen triangles that the generator "
            f"reaches within {exact.NEAR} by gradient descent on its latent (distances of grey "
            "pictures in [0, 1])."
        )

    def _draw(self, corners: np.ndarray) -> np.ndarray:
        return triangles.draw(corners, self.resolution).astype("float32") / 255

    def distance(self, picture: np.ndarray) -> float:
        """From a grey picture (R, R) in [0, 1] to the nearest triangle of the world."""
        return exact.nearest_shape(
            picture,
            self._draw,
            triangles.allowed,
            self.starts,
            self.drawn,
        )

    def measure(self, system: System, data: datasets.ImageData) -> dict[str, float]:
        """Precision, recall and F1 of the triangles."""
        made = _generated(system, data, self.samples).mean(axis=-1) / 255
        targets = np.repeat(self.tests[..., None], 3, axis=-1) * 2 - 1
        found = invert(system, targets)
        gaps = ((found.mean(axis=-1) + 1) / 2 - self.tests).reshape(len(targets), -1)
        return exact.precision_recall(
            np.array([self.distance(picture) for picture in made]), np.linalg.norm(gaps, axis=1)
        )

    def sheet(self, system: System, data: datasets.ImageData) -> Image.Image:
        """A few pictures in a row."""
        return sheet(_generated(system, data, SHOWN), SHOWN)
