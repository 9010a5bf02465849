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

    @property
    def divides_at_0(self) -> bool:
        """No: the Wasserstein loss is the same whatever is added to all scores."""
        return False

    def drawn_for_fakes(self, rng, columns):
        """The fakes' latents (B, columns, latent_dim)."""
        drawn = latents.sample(self.latent, columns * self.batch_size, self.latent_dim, rng)
        return {"latents": drawn.reshape(self.batch_size, columns, -1)}

    def drawn_for_penalty(self, rng):
        """Where between a real and a fake: mix (B, 1)."""
        return {"mix": rng.random((self.batch_size, 1), dtype=np.float32)}

    def traits(self):
        return {"networks": "growing", "loss": "wasserstein", "penalty": "gradient"}
