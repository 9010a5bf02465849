"""The recipe of StyleGAN. Its defaults are the paper's, on one GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.fields import again, option
from models.growing.recipe import SMALLEST, GrowingRecipe
from models.lazy import latents


@dataclass(frozen=True)
class StyleGANRecipe(GrowingRecipe):
    """A mapping to styles, a generator that takes one for each of its layers, a discriminator."""

    system: ClassVar[str] = "stylegan"
    first_side: ClassVar[int] = 2 * SMALLEST
    faster: ClassVar[dict[int, float]] = {128: 1.5, 256: 2.0, 512: 3.0}

    resolution: int = again(GrowingRecipe, "resolution", 1024, range=(16, None, None, None))
    style_dim: int = option(512, "Latents", "dimensions of a style w", least=1)
    mapping_layers: int = option(
        8, "Networks", "dense layers that make a style of a latent", least=1
    )
    mapping_rate: float = option(
        0.01, "Networks", "factor of the learning rate in these layers", above=0
    )
    truncated_layers: int = option(
        8, "Latents", "how many layers, from the first on, truncation applies to", least=0
    )
    average_decay: float = option(
        0.995,
        "Latents",
        "decay of the average style, towards which truncation moves the others",
        least=0,
        below=1,
    )

    mixing: float = option(
        0.9,
        "Training",
        "share of the batches whose pictures have the styles of two latents",
        least=0,
        most=1,
    )
    penalty_weight: float = option(
        10.0, "Objective", "factor of R1, half the squared slope of the discriminator", least=0
    )
    learning_rate: float = again(
        GrowingRecipe,
        "learning_rate",
        1e-3,
        help="of all networks; 1.5, 2 and 3 times as much at 128, 256 and more px",
    )

    @property
    def layers(self) -> int:
        """How many layers of the generator take a style, at the phase's size."""
        return 2 * ((self.side // SMALLEST).bit_length())

    @property
    def noise_size(self) -> int:
        """How many numbers of noise a picture takes: one for each position of each layer."""
        return sum(2 * (SMALLEST << n) ** 2 for n in range(self.layers // 2))

    def drawn_for_fakes(self, rng, columns):
        """The random numbers of fakes, of all pictures of a turn in one column.

        latents  (B, columns, 2, latent_dim): two for each picture
        cut      (B, columns) int32: the first layer that takes the second latent's style; `layers`:
                 none. All pictures of a turn have the same
        noise    (B, columns, noise_size)
        """
        size = self.batch_size
        drawn = latents.sample(self.latent, 2 * columns * size, self.latent_dim, rng)
        mixed = rng.random(columns) < self.mixing
        cuts = np.where(mixed, rng.integers(1, self.layers, size=columns), self.layers)
        noise = rng.standard_normal((size, columns, self.noise_size), dtype=np.float32)
        return {
            "latents": drawn.reshape(size, columns, 2, -1),
            "cut": np.repeat(cuts[None].astype(np.int32), size, axis=0),
            "noise": noise,
        }

    def traits(self):
        return {"networks": "styles", "loss": "non_saturating", "penalty": "r1"}
