"""The recipe of a colouring network. Its defaults are the source's stable model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.fields import again, option
from models.recipe import Phase, Recipe, held_out_field

ENCODERS = ("resnet101", "lite0")
SMALLEST = 32  # an encoder halves its pictures five times
_FEATURES, _DISCRIMINATOR, _BOTH = "features", "discriminator", "both"


def _steps(default: int, which: str, size: str) -> int:
    return option(default, "Training", f"steps of {which} on pictures of {size} size; 0: none")


def _rate(default: float, which: str) -> float:
    return option(default, "Training", f"learning rate of {which}", above=0)


@dataclass(frozen=True)
class DeOldifyRecipe(Recipe):
    """A generator that learns to colour by features, then shortly against a discriminator."""

    system: ClassVar[str] = "deoldify"

    resolution: int = again(Recipe, "resolution", 256)
    encoder: str = option(
        "resnet101",
        "Networks",
        "the network, trained on photographs, that reads the grey picture",
        choices=ENCODERS,
    )
    train_encoder: bool = option(
        False, "Training", "train the encoder too after the phase of the decoder"
    )
    g_filters: int = option(512, "Networks", "channels of the decoder's blocks", least=2)
    d_filters: int = option(256, "Networks", "channels of the discriminator's first maps", least=1)
    d_blocks: int = option(
        3, "Networks", "blocks of the discriminator, each of half the size", least=1
    )
    d_dropout: float = option(
        0.15, "Networks", "share of the discriminator's channels dropped", least=0, below=1
    )

    maps_weight: float = option(
        1.0,
        "Objective",
        "factor of the difference in a frozen Lite0's maps, beside that of the pixels",
        least=0,
    )
    feature_weight: float = option(
        1.5, "Objective", "factor of pixels and maps once the discriminator plays", least=0
    )
    adversarial_weight: float = option(
        1.0, "Objective", "factor of the generator's adversarial loss", least=0
    )
    d_threshold: float = option(
        0.65, "Objective", "the generator moves only if the discriminator's loss is below", above=0
    )

    batch_size: int = again(Recipe, "batch_size", 16)
    beta_2: float = again(Recipe, "beta_2", 0.99)
    decay: str = again(
        Recipe,
        "decay",
        "linear",
        help="how the learning rates fall: exponential, by decay_rate; linear or cosine, to "
        "decay_to at each phase's last step",
    )
    decoder_steps: int = _steps(72_000, "the decoder alone", "the smallest")
    decoder_rate: float = _rate(1e-3, "these")
    small_steps: int = _steps(72_000, "the generator", "a quarter's")
    small_rate: float = _rate(3e-4, "these")
    medium_steps: int = _steps(72_000, "the generator", "half the")
    medium_rate: float = _rate(1e-4, "these")
    large_steps: int = _steps(36_000, "the generator", "the whole")
    large_rate: float = _rate(5e-5, "these")
    d_medium_steps: int = _steps(37_000, "the discriminator alone", "half the")
    d_medium_rate: float = _rate(1e-3, "these")
    d_large_steps: int = _steps(24_500, "the discriminator alone", "the whole")
    learning_rate: float = _rate(2e-5, "the generator against the discriminator")
    d_learning_rate: float = _rate(
        1e-4, "the discriminator, alone on pictures of the whole size and against the generator"
    )
    held_out: int = held_out_field()
    # Its phases' own, which no person sets.
    part: str = _FEATURES
    halvings: int = 0
    frozen: bool = False

    @property
    def judge(self) -> str:
        """Lite1: pictures are compared by Lite0's maps."""
        return "lite1"

    @property
    def side(self) -> int:
        """Height and width of the pictures in this phase."""
        return self.resolution >> self.halvings

    @property
    def d_channels(self) -> tuple[int, ...]:
        """The channels at each of the discriminator's dropouts."""
        return (self.d_filters, *(self.d_filters << n for n in range(self.d_blocks)))

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        before = sum(steps for _, steps, _ in self._first_phases())
        if before >= self.steps:
            yield (
                f"steps {self.steps} leave none for both networks; the phases before take {before}"
            )
        if not self._generator_phases():
            yield "decoder_steps, small_steps, medium_steps and large_steps are all 0; set one"
        for name, steps, changed in self._first_phases():
            side = self.resolution >> changed["halvings"]
            least = SMALLEST
            if changed["part"] == _DISCRIMINATOR:
                least = max(least, self._least_judged)
            if side < least:
                yield (
                    f"the phase {name} ({steps} steps) would train on pictures of {side} px, and "
                    f"{least} is the least; set its steps to 0 or enlarge the resolution"
                )
        if self.resolution < self._least_judged:
            yield (
                f"d_blocks {self.d_blocks} need a resolution of {self._least_judged} or more, not "
                f"{self.resolution}"
            )

    @property
    def _least_judged(self) -> int:
        """The smallest picture that leaves the last kernel, 4 × 4, one place."""
        return 4 << (self.d_blocks + 1)

    def draw(self, rng, labels, draw_labels):
        """dropout (batch_size, 1, 2, C) float32 in [0, 1): of each channel, for real and fake."""
        shape = (self.batch_size, 1, 2, sum(self.d_channels))
        return {"dropout": rng.random(shape, dtype=np.float32)}

    def phases(self):
        found = [Phase(name, steps, changed) for name, steps, changed in self._first_phases()]
        rest = self.steps - sum(each.steps for each in found)
        changed = {"part": _BOTH, "frozen": True, "beta_1": 0.0, "beta_2": 0.9, "decay": "none",
                   "decay_start": 0, "decay_end": 0}  # fmt: skip
        return (*found, Phase("adversarial", rest, changed))

    def _first_phases(self) -> list[tuple[str, int, dict]]:
        """(name, steps, changes) of each phase but the last that has steps."""
        alone = {"part": _DISCRIMINATOR, "frozen": True}
        rows = [
            *self._generator_phases(),
            (
                "medium_discriminator",
                self.d_medium_steps,
                {"halvings": 1, "d_learning_rate": self.d_medium_rate, **alone},
            ),
            ("large_discriminator", self.d_large_steps, {"halvings": 0, **alone}),
        ]
        return [row for row in rows if row[1]]

    def _generator_phases(self) -> list[tuple[str, int, dict]]:
        sizes = [
            ("small", self.small_steps, self.small_rate, 2),
            ("medium", self.medium_steps, self.medium_rate, 1),
            ("large", self.large_steps, self.large_rate, 0),
        ]
        sizes = [row for row in sizes if row[1]]
        smallest = sizes[0][3] if sizes else 0
        rows = [("decoder", self.decoder_steps, self.decoder_rate, smallest), *sizes]
        return [
            (
                name,
                steps,
                {
                    "part": _FEATURES,
                    "halvings": halvings,
                    "learning_rate": rate,
                    "frozen": name == "decoder" or not self.train_encoder,
                },
            )
            for name, steps, rate, halvings in rows
            if steps
        ]

    def traits(self):
        return {"architecture": f"U-Net on {self.encoder}"}
