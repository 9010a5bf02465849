"""The recipe of PGGAN. Its defaults are the paper's, on one GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.fields import option
from models.growing.recipe import GrowingRecipe
from models.lazy import latents


@dataclass(frozen=True)
class PGGANRecipe(GrowingRecipe):
    """A generator and a discriminator that grow together, from 4 px to the resolution."""

    system: ClassVar[str] = "pggan"
    faster: ClassVar[dict[int, float]] = {1024: 1.5}

    penalty_weight: float = option(
        10.0, "Objective", "factor of the gradient penalty on the discriminator", least=0
    )
    drift: float = option(
        1e-3, "Objective", "factor of the mean square of real pictures' scores", least=0
    )

    def draw(self, rng, labels, draw_labels):
        """latents (B, 2, latent_dim): for the discriminator's fakes, for the generator's; mix."""
        size = self.batch_size
        drawn = latents.sample(self.latent, 2 * size, self.latent_dim, rng)
        mix = rng.random((size, 1), dtype=np.float32)
        return {"latents": drawn.reshape(size, 2, -1), "mix": mix}

    def traits(self):
        return {"networks": "growing", "loss": "wasserstein", "penalty": "gradient"}
