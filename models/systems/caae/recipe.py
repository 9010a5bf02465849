"""The recipe of a conditional adversarial autoencoder. Its defaults are the authors' code."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from models.fields import again, option
from models.lazy import latents
from models.recipe import Phase, Recipe, held_out_field
from models.systems.caae import labels as age_labels

_PAPER = {"form": ("paper",)}
# Names of other inputs, and of layers of one word.
_TAKEN = (
    *("images", "pictures", "prior", "latents", age_labels.AGE),
    *("codes", "features", "hidden", "logit", "start"),
)


@dataclass(frozen=True)
class CAAERecipe(Recipe):
    """An encoder, a generator that takes the age, and discriminators of codes and of pictures."""

    system: ClassVar[str] = "caae"
    labels: ClassVar[str] = "required"

    resolution: int = again(Recipe, "resolution", 128, range=(16, None, None, None))
    filters: int = option(
        64, "Networks", "channels of the encoder's first stage; each further one doubles", least=1
    )
    g_filters: int = option(
        1024,
        "Networks",
        "channels of the generator's first stage; each further one halves",
        least=1,
    )
    d_filters: int = option(
        16, "Networks", "channels of the picture discriminator's first stage", least=1
    )
    d_units: int = option(
        1024, "Networks", "units of the picture discriminator's hidden layer", least=1
    )
    latent_dim: int = option(50, "Latents", "dimensions of a code", least=1)
    tile_ratio: float = option(
        1.0,
        "Networks",
        "how long the repeated age is beside a code, in the generator's input",
        above=0,
    )
    initializer: str = option(
        "normal",
        "Networks",
        "initial kernels of the encoder and the generator: `normal`, deviation 0.02 as released; "
        "`he_normal`, which keeps the size of activations",
        choices=("normal", "he_normal"),
    )
    second_label: str = option(
        "",
        "Networks",
        "a further label of the data that the networks take, such as sex; empty: the age alone",
    )

    form: str = option(
        "released",
        "Objective",
        "`released`: the authors' code, which compares absolute differences; `paper`: equation 6, "
        "squared differences and total variation, and the encoder plays against D_z",
        choices=("released", "paper"),
    )
    image_weight: float = option(
        1e-4, "Objective", "factor of the adversarial loss of pictures", least=0
    )
    code_weight: float = option(
        0.0,
        "Objective",
        "factor of the adversarial loss of codes; 0, as released: D_z learns, but nothing listens "
        "to it",
        least=0,
    )
    variation_weight: float = option(
        0.0, "Objective", "factor of the total variation", least=0, only=_PAPER
    )
    identity_weight: float = option(
        0.0,
        "Objective",
        "factor of the difference between feature maps of a frozen Lite0 (block 3), for the "
        "identity; 0: none",
        least=0,
    )

    batch_size: int = option(100, "Training", "pictures of a step", least=2)
    learning_rate: float = option(2e-4, "Training", "learning rate of all networks", above=0)
    beta_1: float = again(Recipe, "beta_1", 0.5)
    warm_up: int = option(
        0, "Training", "first steps, without the discriminators; 0: none", least=0
    )
    held_out: int = held_out_field()
    # Follow from the data's labels: how they are given, how many there are, how many are ages.
    label_kind: str = "none"
    num_labels: int = 0
    ages: int = 0
    # Set by the phase: whether there are discriminators.
    adversarial: bool = False

    # === Labels ===

    @property
    def judge(self) -> str:
        """Lite1 where persons are compared by Lite0's maps."""
        return "lite1" if self.identity_weight > 0 else super().judge

    @property
    def conditional(self) -> bool:
        """True: without ages there is nothing to learn."""
        return True

    @property
    def conditions(self) -> dict[str, int]:
        """The labels that the networks take: name of the input → how many classes it has."""
        sizes = {age_labels.AGE: self.ages}
        if self.second_label:
            sizes[_input_name(self.second_label)] = self.num_labels - self.ages
        return sizes

    def with_labels(self, labels: Any) -> tuple[CAAERecipe, Any]:
        """The recipe for these labels of the data, and those of them that it takes."""
        mine = age_labels.taken(labels, self.second_label)
        ages = len(mine.groups[age_labels.AGE])
        fitted = dataclasses.replace(
            self, label_kind=mine.kind, num_labels=len(mine.names), ages=ages
        )
        return fitted, mine

    def classes(self, labels: np.ndarray) -> list[np.ndarray]:
        """Multi-hot labels (…, num_labels) → the class in each of `conditions`, int32 (…)."""
        return age_labels.chosen(labels, list(self.conditions.values()))

    # === Its training ===

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if self.form == "paper" and not self.code_weight:
            yield "form paper lets the encoder play against D_z; give code_weight above 0"
        if self.second_label and _input_name(self.second_label) in _TAKEN:
            wrong = f"{self.second_label!r}, which names another input or a layer"
            yield f"second_label cannot be {wrong}"
        if self.warm_up >= self.steps:
            yield f"warm_up {self.warm_up} leaves no steps for the discriminators"

    def draw(self, rng, labels, draw_labels):
        """The labels of a step's pictures, and latents of the prior for D_z.

        age, …   (B, 1) int32: a class for each of `conditions`
        prior    (B, 1, latent_dim) float32, uniform in [-1, 1)
        """
        classes = dict(zip(self.conditions, self.classes(labels), strict=True))
        prior = latents.sample("uniform", self.batch_size, self.latent_dim, rng)
        return {**classes, "prior": prior[:, None]}

    def phases(self):
        played = {"adversarial": True}
        last = Phase("adversarial", self.steps - self.warm_up, played)
        return (Phase("warm-up", self.warm_up), last) if self.warm_up else (last,)

    def traits(self):
        second = f" and {self.second_label}" if self.second_label else ""
        return {"architecture": f"codes of {self.latent_dim}, age{second}"}


def _input_name(label: str) -> str:
    """A label's name as that of a network's input."""
    return re.sub(r"\W", "_", label.lower())
