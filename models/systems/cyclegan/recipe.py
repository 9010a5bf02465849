"""The recipe of a CycleGAN. Its defaults are the paper's, as its authors' code has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.fields import again, option
from models.recipe import Recipe


@dataclass(frozen=True)
class CycleGANRecipe(Recipe):
    """Two generators and two discriminators on two sets of pictures, without pairs."""

    system: ClassVar[str] = "cyclegan"
    domains: ClassVar[tuple[str, ...]] = ("a", "b")

    resolution: int = again(Recipe, "resolution", 256)
    g_filters: int = option(
        64, "Networks", "channels of a generator's first and last maps", least=1
    )
    blocks: int = option(
        9, "Networks", "residual blocks of a generator, at a quarter of the resolution", least=1
    )
    residual: bool = option(
        False,
        "Networks",
        "a generator changes the given picture instead of drawing a new one",
    )
    d_filters: int = option(64, "Networks", "channels of a discriminator's first maps", least=1)
    d_layers: int = option(
        3,
        "Networks",
        "halvings of a discriminator, which then judges patches of 16 (1), 34 (2), 70 (3), "
        "142 (4) or 286 (5) pixels",
        least=1,
        most=5,
    )

    batch_size: int = again(Recipe, "batch_size", 1)
    beta_1: float = again(Recipe, "beta_1", 0.5)
    decay: str = again(Recipe, "decay", "linear")
    learning_rate: float = option(2e-4, "Training", "learning rate of all four networks", least=0)

    cycle_weight: float = option(10.0, "Objective", "weight of the cycle consistency (λ)", least=0)
    identity_weight: float = option(
        5.0,
        "Objective",
        "weight of the identity loss: pictures of the target domain must stay as they are; 0: "
        "none, which saves two of six passes",
        least=0,
    )
    pool: int = option(
        50,
        "Objective",
        "past fakes kept per domain; the discriminators see them in place of half of the new "
        "ones; 0: none",
        least=0,
    )

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        smallest = 4 << self.d_layers  # the last two convolutions of D take away a row each
        if self.resolution < smallest:
            yield (
                f"d_layers {self.d_layers} needs a resolution of at least {smallest}, not "
                f"{self.resolution}"
            )

    def draw(self, rng, labels, draw_labels):
        """Each row's number, and the random numbers for `models.systems.cyclegan.pool`.

        row       (B, 1) int32: its place in the whole batch, on any device
        place_…   (B, 1) int32 below `pool`: which past fake of that domain it may be swapped for
        chance_…  (B, 1) float32 in [0, 1): it is swapped above a half
        """
        size = (self.batch_size, 1)
        drawn = {"row": np.arange(self.batch_size, dtype="int32")[:, None]}
        if self.pool:
            for name in self.domains:
                drawn[f"place_{name}"] = rng.integers(self.pool, size=size, dtype="int32")
                drawn[f"chance_{name}"] = rng.random(size, dtype="float32")
        return drawn
