"""The recipe of StackGAN. Its defaults are the paper's and the authors' code, on birds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from models.fields import again, option
from models.lazy import latents
from models.recipe import Phase, Recipe

SMALLEST = 4  # px, the maps on which Stage I begins and every discriminator ends


@dataclass(frozen=True)
class StackGANRecipe(Recipe):
    """Two stages, each a generator and a discriminator that take captions."""

    system: ClassVar[str] = "stackgan"
    label_kind: ClassVar[str] = "none"
    num_labels: ClassVar[int] = 0

    resolution: int = again(Recipe, "resolution", 256, range=(32, None, None, None))
    ratio: int = option(
        4, "Networks", "how many times larger the pictures of Stage II are", choices=(2, 4, 8)
    )
    g_filters: int = option(
        128, "Networks", "channels of Stage I's maps of 32 px, and of Stage II's first", least=1
    )
    d_filters: int = option(
        64, "Networks", "channels of the discriminators' first maps at 64 px and more", least=1
    )
    d_weight_norm: str = option(
        "none",
        "Networks",
        "normalisation of the discriminators' kernels; `none`: batch norm behind them instead",
        choices=("none", "spectral"),
    )
    blocks: int = option(4, "Networks", "residual blocks of Stage II", least=0)
    residual: bool = option(
        False,
        "Networks",
        "Stage II adds to Stage I's pictures, each pixel a square, instead of drawing them anew",
    )
    condition_dim: int = option(
        128, "Networks", "numbers of a condition, what a network takes of a caption", least=1
    )
    noise_dim: int = option(100, "Latents", "dimensions of z", least=1)
    latent: str = option("normal", "Latents", "the latents' distribution", choices=("normal",))

    augmentation: bool = option(
        True, "Objective", "draw conditions around a caption's, so that each has neighbours"
    )
    kl_weight: float = option(
        1.0,
        "Objective",
        "factor of the divergence that keeps conditions close to a normal distribution",
        least=0,
        only={"augmentation": (True,)},
    )
    kl_form: str = option(
        "sum",
        "Objective",
        "of the divergence, over a condition's numbers: `sum`, the paper; `mean`, the authors' "
        "code, which is condition_dim times smaller",
        choices=("sum", "mean"),
        only={"augmentation": (True,)},
    )
    together: int = option(
        4, "Training", "captions of a picture whose mean vector a step takes", least=1
    )

    batch_size: int = again(Recipe, "batch_size", 64)
    learning_rate: float = option(2e-4, "Training", "learning rate of all networks", above=0)
    beta_1: float = again(Recipe, "beta_1", 0.5)
    first_steps: int = option(82_800, "Training", "steps of Stage I", least=1)
    steps: int = again(Recipe, "steps", 165_600)
    decay: str = again(Recipe, "decay", "exponential")
    decay_rate: float = again(Recipe, "decay_rate", 0.5)
    decay_every: int = again(
        Recipe, "decay_every", 6_900, help="steps per factor decay_rate; in Stage II twice as many"
    )
    ema_decay: float = again(Recipe, "ema_decay", 0.0)
    mirror: bool = again(Recipe, "mirror", True)
    # Follows from the captions: numbers of a sentence's vector.
    text_dim: int = 0
    # Set by the phase: whether it trains Stage II.
    second: bool = False

    @property
    def captions_together(self) -> int:
        """How many captions of a picture make one vector."""
        return self.together

    @property
    def small(self) -> int:
        """Height and width of Stage I's pictures."""
        return self.resolution // self.ratio

    @property
    def latent_dim(self) -> int:
        """Dimensions of a whole latent: z, then ε of each stage's condition."""
        return self.noise_dim + 2 * self.condition_dim

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if self.small < 4 * SMALLEST:
            yield (
                f"ratio {self.ratio} of resolution {self.resolution} leaves Stage I {self.small} "
                f"px; it needs {4 * SMALLEST} or more"
            )
        if self.first_steps >= self.steps:
            yield (
                f"first_steps {self.first_steps} leave none of {self.steps} steps for Stage II; "
                "give more steps or shorten Stage I"
            )

    def draw(self, rng, labels, draw_labels):
        """latents (B, 2, latent_dim): for the discriminator's fakes, for the generator's."""
        drawn = latents.sample(self.latent, 2 * self.batch_size, self.latent_dim, rng)
        return {"latents": drawn.reshape(self.batch_size, 2, -1)}

    def phases(self):
        later = {"second": True, "decay_every": 2 * self.decay_every}
        return (
            Phase("stage_1", self.first_steps),
            Phase("stage_2", self.steps - self.first_steps, later),
        )

    def traits(self):
        return {"networks": "two stages", "loss": "non_saturating"}
