"""The recipe of a smoother."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from models.fields import option
from models.recipe import Phase, Recipe


@dataclass(frozen=True)
class SmootherRecipe(Recipe):
    """One network in two phases: pixels first, then smoothness too."""

    system: ClassVar[str] = "smoother"

    filters: int = option(4, "Networks", "channels of the hidden layer", least=1)
    smooth_weight: float = option(0.0, "Objective", "factor of the differences", least=0)
    pixel_steps: int = option(3, "Training", "steps of the first phase", least=1)

    def phases(self):
        return (
            Phase("pixels", self.pixel_steps),
            Phase("smooth", self.steps - self.pixel_steps, {"smooth_weight": 1.0}),
        )

    def draw(self, rng, labels, draw_labels):
        shape = (self.batch_size, 1, *self.data_shape)
        return {"noise": rng.normal(0, 0.1, shape).astype("float32")}
