"""Toy worlds whose density is known: mixtures of Gaussians in one and two dimensions.

On these worlds a GAN can be measured exactly; pictures only allow estimates.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datasets.data import ImageData
from datasets.errors import DataError

COUNT = 100_000  # default number of points of a world


@dataclass(frozen=True)
class Mixture:
    """Equally likely round Gaussians.

    name       its name in `world`
    means      float64 (K, D)
    deviation  standard deviation of every one of them, in every direction
    """

    name: str
    means: np.ndarray
    deviation: float

    @property
    def dim(self) -> int:
        """Dimensions of a point."""
        return self.means.shape[1]

    def sample(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Points float32 (count, D)."""
        chosen = rng.integers(len(self.means), size=count)
        noise = rng.standard_normal((count, self.dim)) * self.deviation
        return (self.means[chosen] + noise).astype(np.float32)

    def density(self, points: np.ndarray) -> np.ndarray:
        """The probability density at points (N, D): float64 (N,)."""
        squares = ((points[:, None, :] - self.means) ** 2).sum(-1)  # (N, K)
        peak = (2 * np.pi * self.deviation**2) ** (-self.dim / 2)
        return peak * np.exp(-squares / (2 * self.deviation**2)).mean(-1)


def _ring() -> np.ndarray:
    angles = np.arange(8) * np.pi / 4
    return 2.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _grid() -> np.ndarray:
    side = np.arange(-4.0, 5.0, 2.0)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


WORLDS = {
    # Metz et al. 2017 (arXiv:1611.02163): 8 modes on a circle of radius 2.
    "ring": Mixture("ring", _ring(), 0.02),
    # Srivastava et al. 2017 (arXiv:1705.07761): 25 modes, 2 apart.
    "grid": Mixture("grid", _grid(), 0.05),
    "line": Mixture("line", np.array([[-2.0], [0.0], [2.0]]), 0.3),
}


def world(name: str) -> Mixture:
    """The toy world of that name; `DataError` lists the known ones."""
    if name not in WORLDS:
        raise DataError(f"Unknown toy world {name!r}. Known: {', '.join(WORLDS)}.")
    return WORLDS[name]


def open_world(name: str, count: int = COUNT, seed: int = 0) -> ImageData:
    """`count` points of a toy world instead of pictures: `images` is float32 (count, D)."""
    mixture = world(name)
    if count < 1:
        raise DataError(f"The number of points must be at least 1, not {count}.")
    points = mixture.sample(count, np.random.Generator(np.random.Philox(seed)))
    fingerprint = f"{name}-{count}-{seed}"
    return ImageData(points, None, name, fingerprint, [], [], Path())
