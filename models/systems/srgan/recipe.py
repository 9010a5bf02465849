"""The recipe of a super-resolution GAN. Its defaults are the paper's SRGAN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.fields import again, option
from models.recipe import Phase, Recipe, held_out_field

CONTENTS = ("vgg54", "vgg22", "lite0_block11", "lite0_block1")
_SMALLEST = 16  # a discriminator halves its crop four times


@dataclass(frozen=True)
class SRGANRecipe(Recipe):
    """A generator that enlarges, first by pixels alone, then against a discriminator."""

    system: ClassVar[str] = "srgan"

    resolution: int = again(Recipe, "resolution", 256)
    crop: int = option(
        96,
        "Training",
        "height and width of the crops that are trained on, a multiple of 16",
        least=_SMALLEST,
    )
    scale: int = option(4, "Networks", "how many times a picture is enlarged: 2 or 4", least=2)
    g_filters: int = option(64, "Networks", "channels of the generator's maps", least=1)
    blocks: int = option(16, "Networks", "residual blocks of the generator", least=1)
    residual: bool = option(
        False,
        "Networks",
        "the generator adds to the enlarged picture, as in VDSR (arXiv:1511.04587)",
    )
    blur: bool = option(
        False,
        "Networks",
        "the generator blurs after each pixel shuffle, which keeps flat areas free of a grid "
        "(arXiv:1806.02658)",
    )
    d_filters: int = option(64, "Networks", "channels of the discriminator's first maps", least=1)
    d_units: int = option(
        1024, "Networks", "units of the discriminator's last hidden layer", least=1
    )
    d_weight_norm: str = option(
        "none",
        "Networks",
        "normalisation of the discriminator's kernels: none, with batch norm after them, as "
        "published; or spectral, without",
        choices=("none", "spectral"),
    )

    content: str = option(
        "vgg54",
        "Objective",
        "which feature maps compare a picture with the truth: VGG19's before its 5th or 2nd "
        "pooling, or those of a frozen Lite0's block 11 or 1, at about the same strides",
        choices=CONTENTS,
    )
    content_weight: float = option(
        0.006, "Objective", "factor of the maps' mean squared difference", least=0
    )
    pixel_weight: float = option(
        0.0,
        "Objective",
        "factor of the pixels' mean squared difference once the discriminator plays",
        least=0,
    )
    adversarial_weight: float = option(
        1e-3, "Objective", "factor of the generator's adversarial loss", least=0
    )

    batch_size: int = again(Recipe, "batch_size", 16)
    learning_rate: float = option(1e-4, "Training", "of both networks against each other", above=0)
    pixel_rate: float = option(
        1e-4, "Training", "learning rate of the generator in the first phase", above=0
    )
    pixel_steps: int = option(
        1_000_000, "Training", "steps of the first phase, which compares pixels alone", least=1
    )
    late_steps: int = option(
        100_000, "Training", "last steps, taken at a tenth of the learning rate; 0: none", least=0
    )
    held_out: int = held_out_field()
    # The recipe's own, which no person sets: whether the discriminator plays.
    adversarial: bool = False

    @property
    def small(self) -> int:
        """Height and width of a crop once it is shrunk."""
        return self.crop // self.scale

    @property
    def judge(self) -> str:
        """Lite1 where the content is compared by Lite0."""
        return "lite1" if self.content.startswith("lite0") else super().judge

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if self.scale not in (2, 4):
            yield f"scale must be 2 or 4, not {self.scale}"
        if self.crop % _SMALLEST:
            yield f"crop must be a multiple of {_SMALLEST}, such as 64 or 96, not {self.crop}"
        if self.crop > self.resolution:
            yield f"crop {self.crop} does not fit into pictures of resolution {self.resolution}"
        if self.pixel_steps + self.late_steps >= self.steps:
            yield (
                f"steps {self.steps} leave no adversarial ones beside pixel_steps "
                f"{self.pixel_steps} and late_steps {self.late_steps}"
            )

    def draw(self, rng, labels, draw_labels):
        """top, left (batch_size, 1) int32: where each crop begins."""
        size, most = (self.batch_size, 1), self.resolution - self.crop + 1
        return {name: rng.integers(most, size=size, dtype=np.int32) for name in ("top", "left")}

    def phases(self):
        played = {"adversarial": True}
        middle = self.steps - self.pixel_steps - self.late_steps
        found = [Phase("pixels", self.pixel_steps), Phase("adversarial", middle, played)]
        if self.late_steps:
            late = played | {"learning_rate": 0.1 * self.learning_rate}
            found.append(Phase("late", self.late_steps, late))
        return tuple(found)

    def traits(self):
        return {"architecture": f"{self.blocks} blocks, × {self.scale}"}
