"""What the recipes of growing GANs share: sizes, batches by size, and the phases between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.augmentation.fields import AugmentationFields
from models.fields import again, option
from models.recipe import Phase, Recipe

SMALLEST = 4  # px, the maps on which every generator begins and every discriminator ends


@dataclass(frozen=True)
class GrowingRecipe(AugmentationFields):
    """A generator and a discriminator that grow together up to the resolution.

    Attributes:
        first_side: px of the pictures with which training begins.
        faster: px of the pictures → factor of the learning rate, from there on.
    """

    first_side: ClassVar[int] = SMALLEST
    faster: ClassVar[dict[int, float]] = {}
    # These networks never take labels; a GAN's may.
    label_kind: ClassVar[str] = "none"
    num_labels: ClassVar[int] = 0

    resolution: int = again(Recipe, "resolution", 1024, range=(8, None, None, None))
    filters: int = option(
        8192,
        "Networks",
        "channels at 2 px; each doubling of the size halves them, beginning with most_filters",
        least=1,
    )
    most_filters: int = option(512, "Networks", "the most channels that any map has", least=1)
    group: int = option(
        4,
        "Networks",
        "pictures whose standard deviation the discriminator sees; 0: it does not see any",
    )

    latent_dim: int = option(512, "Latents", "dimensions of a latent", least=1)
    latent: str = option("normal", "Latents", "its distribution", choices=("normal",))

    batch_size: int = again(
        Recipe, "batch_size", 4, help="pictures of a step, or more where pictures are small"
    )
    most_batch: int = option(128, "Training", "pictures of a step at the smallest sizes", least=1)
    batch_sides: int = option(
        2048, "Training", "between these two: this divided by the pictures' side", least=1
    )
    stable_pictures: int = option(
        600_000,
        "Training",
        "real pictures shown at each size before it grows",
        only={"grow": (True,)},
        least=1,
    )
    fade_pictures: int = option(
        600_000,
        "Training",
        "real pictures shown while a new size fades in",
        only={"grow": (True,)},
        least=1,
    )
    grow: bool = option(True, "Training", "begin with small pictures, not at the full resolution")
    learning_rate: float = option(1e-3, "Training", "of both networks", above=0)
    beta_1: float = again(Recipe, "beta_1", 0.0)
    beta_2: float = again(Recipe, "beta_2", 0.99)
    ema_decay: float = again(Recipe, "ema_decay", 0.999)
    mirror: bool = again(Recipe, "mirror", True)
    # Its phases' own, which no person sets.
    halvings: int = 0
    fading: bool = False

    @property
    def side(self) -> int:
        """Height and width of the pictures in this phase."""
        return self.resolution >> self.halvings

    @property
    def rate(self) -> float:
        """The learning rate at the phase's size."""
        factors = [1.0] + [factor for side, factor in self.faster.items() if self.side >= side]
        return self.learning_rate * factors[-1]

    def channels(self, side: int) -> int:
        """The channels of maps of `side` px."""
        return max(1, min(2 * self.filters // side, self.most_filters))

    def batch_at(self, side: int) -> int:
        """The pictures of a step while they are of `side` px."""
        return max(self.batch_size, min(self.most_batch, self.batch_sides // side))

    def draw(self, rng, labels, draw_labels):
        """The fakes of the discriminator's turn, then of the generator's; their augmentation."""
        fakes = self.drawn_for_fakes(rng, 2)
        further = self.drawn_for_penalty(rng)
        return fakes | further | self.drawn_for_augmentation(rng, 1, 2)

    def drawn_for_penalty(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """The random numbers of the penalty by name, (batch_size, 1, …) each."""
        return {}

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if self.most_batch < self.batch_size:
            yield f"most_batch {self.most_batch} is below batch_size {self.batch_size}"
            return
        for _, _, changed in self._first_phases():
            part = changed["batch_size"] // self.micro_batches
            if self.group and part > self.group and part % self.group:
                yield (
                    f"at {self.resolution >> changed['halvings']} px a step has {part} pictures, "
                    f"which group {self.group} does not divide; choose other batches or another "
                    "group"
                )
        before = sum(steps for _, steps, _ in self._first_phases()[:-1])
        if before >= self.steps:
            yield (
                f"steps {self.steps} leave none at {self.resolution} px; the phases before take "
                f"{before}: shorten them with stable_pictures and fade_pictures"
            )

    def phases(self):
        rows = self._first_phases()
        before = sum(steps for _, steps, _ in rows[:-1])
        rows[-1] = (rows[-1][0], self.steps - before, rows[-1][2])
        return tuple(Phase(*row) for row in rows)

    def _first_phases(self) -> list[tuple[str, int, dict]]:
        """(name, steps, changes) of each phase; the last one's steps are not known here."""
        doublings = (self.resolution // self.first_side).bit_length() - 1 if self.grow else 0
        rows: list[tuple[str, int, dict]] = []
        for halvings in range(doublings, -1, -1):
            side = self.resolution >> halvings
            changed = {"halvings": halvings, "batch_size": self.batch_at(side)}
            if halvings < doublings:
                steps = -(-self.fade_pictures // changed["batch_size"])
                rows.append((f"fade_{side}", steps, changed | {"fading": True}))
            rows.append(
                (f"stable_{side}", -(-self.stable_pictures // changed["batch_size"]), changed)
            )
        return rows
