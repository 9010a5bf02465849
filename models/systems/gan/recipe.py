"""The recipe of a GAN. Its defaults are the anime notes' SAGAN."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from models import fields, generator_terms, losses, penalties
from models.fields import option
from models.lazy import latents
from models.recipe import SIDES, Recipe
from models.systems.gan import shape, validity
from models.systems.gan.labels import noisy

LATENTS = ("truncated_normal", "normal", "uniform", "binomial")
WEIGHT_NORMS = ("spectral", "stable_rank", "none")
# Fields that recipes saved by earlier versions may have; they are dropped.
RETIRED_FIELDS = ("g_first_filters", "shared_embedding")

_ON_PICTURES = {"point_dim": (0,)}
_WITH_LABELS = {"label_kind": ("classes", "attributes")}


def _networks(*names: str) -> dict[str, tuple]:
    return {"architecture": names}


@dataclass(frozen=True)
class GANRecipe(Recipe):
    """A generator and a discriminator: their networks, labels, objective and optimisation."""

    system: ClassVar[str] = "gan"
    labels: ClassVar[str] = "optional"

    architecture: str = option("sagan", "Networks", "file of models/networks that builds G and D")
    resolution: int = option(
        128,
        "Networks",
        "height and width of the pictures, a power of two; or width x height, such as 64x96: the "
        "shorter side a power of two, the longer a multiple of a quarter of it",
        least=4,
        only=_ON_PICTURES,
        read={**SIDES, "metavar": "N|WxH"},
    )
    aspect: str = option(
        shape.SQUARE,
        "Networks",
        "width to height, such as 2:3; resolution is then the shorter side",
        only=_ON_PICTURES,
    )
    channels: int = option(
        3,
        "Networks",
        "of the pictures: 1 grey, 3 RGB, 4 RGBA, whose transparent parts stay transparent",
        choices=(1, 3, 4),
        only=_ON_PICTURES,
    )
    point_dim: int = option(
        0,
        "Networks",
        "dimensions of the data if it is points; 0: it is pictures",
        only=_networks("dense"),
    )
    g_filters: int = option(
        1024,
        "Networks",
        "channels of the generator's first stage (biggan: the paper's ch)",
        least=1,
    )
    d_filters: int = option(
        64,
        "Networks",
        "channels of the discriminator's first stage (biggan: the paper's ch)",
        least=1,
    )
    d_wide: bool = option(
        False,
        "Networks",
        "the first convolution of the discriminator's residual blocks changes the number of "
        "channels, not the second (sn_resnet)",
        only=_networks("sn_resnet"),
    )
    d_pooling: str = option(
        "sum",
        "Networks",
        "how the discriminator pools its features over space (sn_resnet)",
        choices=("sum", "mean"),
        only=_networks("sn_resnet"),
    )
    upsample: str = option(
        "transposed",
        "Networks",
        "how the generator doubles the resolution",
        choices=("transposed", "nearest", "subpixel"),
        only=_networks("sagan", "sresnet"),
    )
    g_activation: str = option(
        "leaky_relu",
        "Networks",
        "the generator's nonlinearity",
        choices=("leaky_relu", "relu"),
        only=_networks("biggan", "biggan_notes", "dense", "sagan", "sn_cnn", "sn_resnet"),
    )
    g_norm: str = option(
        "batch",
        "Networks",
        "normalisation of the generator's activations",
        choices=("batch", "none"),
        only=_networks("biggan_notes", "dense", "sagan", "sn_cnn", "sn_resnet", "sresnet"),
    )
    d_norm: str = option(
        "batch",
        "Networks",
        "normalisation of the discriminator's activations",
        choices=("batch", "none"),
    )
    g_weight_norm: str = option(
        "spectral", "Networks", "normalisation of the generator's kernels", choices=WEIGHT_NORMS
    )
    d_weight_norm: str = option(
        "spectral", "Networks", "normalisation of the discriminator's kernels", choices=WEIGHT_NORMS
    )
    minibatch: str = option(
        "none",
        "Networks",
        "how the discriminator compares the pictures of a batch",
        choices=("none", "discrimination", "standard_deviation"),
    )
    attention_resolution: int = option(
        16,
        "Networks",
        "feature maps of this size get self-attention; 0: none",
        only=_networks("biggan", "biggan_notes", "sagan", "sn_resnet", "sresnet"),
    )
    d_attention_resolution: int = option(
        0,
        "Networks",
        "the same for the discriminator, if it differs; 0: it does not",
        only=_networks("biggan", "biggan_notes", "sresnet"),
    )
    initializer: str = option(
        "truncated_normal",
        "Networks",
        "distribution of the initial kernels",
        choices=("truncated_normal", "normal", "orthogonal", "glorot_uniform"),
    )
    residual_gain: float = option(
        1.0,
        "Networks",
        "factor of the residual blocks' initial 3×3 kernels (sn_resnet)",
        only=_networks("sn_resnet"),
        above=0,
    )

    latent_dim: int = option(128, "Latents", "dimensions of a latent", least=1)
    latent: str = option("truncated_normal", "Latents", "its distribution", choices=LATENTS)

    label_kind: str = option(
        "none",
        "Labels",
        "one class a picture, or independent attributes (set from the data)",
        choices=("none", "classes", "attributes"),
    )
    num_labels: int = option(0, "Labels", "how many classes or attributes (set from the data)")
    g_conditioning: str = option(
        "batch_norm",
        "Labels",
        "how the generator takes labels, if there are any",
        choices=("batch_norm", "concat"),
        only=_WITH_LABELS,
    )
    d_conditioning: str = option(
        "projection",
        "Labels",
        "how the discriminator takes labels, if there are any",
        choices=("projection", "concat"),
        only=_WITH_LABELS,
    )
    label_noise: float = option(
        0.0,
        "Labels",
        "noise on the labels in training: for attributes its standard deviation, for classes the "
        "share replaced by a random class",
        only=_WITH_LABELS,
        least=0,
        most=1,
    )

    loss: str = option("hinge", "Objective", "adversarial loss", choices=losses.names())
    penalty: str = option(
        "none", "Objective", "penalty on the discriminator", choices=penalties.names()
    )
    penalty_weight: float = option(
        10.0, "Objective", "factor of penalty", only={"penalty": penalties.names()[1:]}, least=0
    )
    g_orthogonal: float = option(
        0.0,
        "Objective",
        "weight of the orthogonal regularisation of the generator's kernels",
        least=0,
    )
    d_orthogonal: float = option(
        0.0,
        "Objective",
        "weight of the orthogonal regularisation of the discriminator's kernels",
        least=0,
    )
    weight_clip: float = option(
        0.0,
        "Objective",
        "clip the discriminator's weights to ± this after its step; 0: do not",
        least=0,
    )
    label_smoothing: float = option(
        0.0,
        "Objective",
        "the discriminator's target for real pictures is 1 minus this",
        only={"loss": losses.names_with_target()},
        least=0,
        below=1,
    )
    g_loss_weight: float = option(
        1.0, "Objective", "factor of the adversarial loss in the generator's loss", least=0
    )
    g_term: str = option(
        "none",
        "Objective",
        "additional term of the generator's loss",
        choices=generator_terms.names(),
    )
    g_term_weight: float = option(
        1.0, "Objective", "factor of g_term", only={"g_term": generator_terms.names()[1:]}, least=0
    )

    batch_size: int = option(64, "Training", "pictures per discriminator step", least=1)
    d_steps: int = option(
        1, "Training", "discriminator steps per generator step, on fresh reals", least=1
    )
    fakes_per_real: int = option(
        1, "Training", "fakes per real picture in a discriminator step", least=1
    )
    g_batch_factor: int = option(
        1, "Training", "fakes in the generator's step, in multiples of batch_size", least=1
    )
    steps: int = option(50_000, "Training", "generator steps, by default the source's", least=1)
    g_learning_rate: float = option(1e-4, "Training", "the generator's learning rate", above=0)
    d_learning_rate: float = option(4e-4, "Training", "the discriminator's learning rate", above=0)
    beta_1: float = fields.again(Recipe, "beta_1", 0.0)
    beta_2: float = fields.again(Recipe, "beta_2", 0.9)
    weight_decay: float = option(
        0.0,
        "Training",
        "this times each weight is added to its gradient, in both networks",
        least=0,
    )
    ema_statistics: str = option(
        "copied",
        "Training",
        "whether the averaged generator's batch norms copy the newest statistics or average them",
        choices=("copied", "averaged"),
    )
    dequantize: bool = option(
        False,
        "Training",
        "add uniform noise of up to one grey level to the real pictures",
        only=_ON_PICTURES,
    )
    mirror: bool = option(
        False, "Training", "show half of the pictures mirrored", only=_ON_PICTURES
    )

    def take_sides(self, text: str) -> None:
        """Set `resolution` and `aspect` from width × height; ValueError names possible sizes."""
        for name, value in shape.of_text(text).items():
            object.__setattr__(self, name, value)

    @property
    def data_shape(self) -> tuple[int, ...]:
        """The shape of one real or fake: (height, width, channels), or (point_dim,)."""
        if self.point_dim:
            return (self.point_dim,)
        return (*shape.sides(self.resolution, self.aspect), self.channels)

    @property
    def columns(self) -> int:
        """Fresh reals for every discriminator step."""
        return self.d_steps

    @property
    def fake_columns(self) -> int:
        """Fakes of a training step, divided by batch_size: first for the D steps, then for G's."""
        return self.d_steps * self.fakes_per_real + self.g_batch_factor

    @property
    def conditional(self) -> bool:
        """Whether the networks take labels."""
        return self.label_kind != "none"

    @property
    def compares_halves(self) -> bool:
        """Mode seeking compares the two halves of a batch."""
        return self.g_term == "mode_seeking"

    def draw(self, rng, labels, draw_labels):
        """Latents, the fakes' labels, interpolation, label noise, dequantization: in this order.

        `models.systems.gan.layout` describes the layout.
        """
        size, columns = self.batch_size, self.fake_columns
        drawn = latents.sample(self.latent, size * columns, self.latent_dim, rng)
        fake_labels = draw_labels(size * columns)
        mix = rng.random((size, self.d_steps), dtype="float32")
        fake_labels = fake_labels.reshape(size, columns, *fake_labels.shape[1:])
        batch = {
            "labels": self._noisy(labels, rng),
            "latents": drawn.reshape(size, columns, -1),
            "fake_labels": self._noisy(fake_labels, rng),
            "mix": mix,
        }
        if self.dequantize:  # drawn last, so that all other numbers are the same without it
            shape = (size, self.d_steps, *self.data_shape)
            batch["noise"] = rng.integers(256, size=shape, dtype="uint8")
        return batch

    def _noisy(self, labels, rng):
        return noisy(labels, self.label_kind, self.num_labels, self.label_noise, rng)

    def traits(self) -> dict[str, str]:
        """Networks, losses, labels, and how often each network steps."""
        return {
            "networks": self.architecture,
            "loss": self.loss,
            "penalty": validity.restraints(self),
            "labels": str(self.num_labels) if self.conditional else "–",
            "G : D steps": f"1 : {self.d_steps}",
        }

    def problems(self) -> Iterator[str]:
        """The combinations that are not allowed, in networks, labels, losses and batches."""
        yield from super().problems()
        yield from validity.of_networks(self)
        yield from validity.of_training(self)

    @classmethod
    def of_fields(cls, values: dict[str, Any]) -> Recipe:
        """A recipe of this class from its fields, also from those of earlier versions.

        Recipes saved before the field `decay` existed meant the exponential decay.
        """
        own = {field.name for field in dataclasses.fields(cls)}
        values = {n: v for n, v in values.items() if n in own or n not in RETIRED_FIELDS}
        if values.get("decay_start") and "decay" not in values:
            values["decay"] = "exponential"
        return super().of_fields(values)
