"""The recipe of a GAN. Its defaults are the anime notes' SAGAN."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from models import fields, losses, penalties
from models.augmentation.fields import AugmentationFields
from models.fields import option
from models.lazy import latents
from models.recipe import Recipe
from models.systems.gan import shape, validity
from models.systems.gan.labels import noisy
from models.systems.gan.network_fields import IN_BLOCKS, ON_PICTURES, NetworkFields
from models.systems.gan.objective_fields import ObjectiveFields

# Fields that recipes saved by earlier versions may have; they are dropped.
RETIRED_FIELDS = ("g_first_filters", "shared_embedding")


@dataclass(frozen=True, kw_only=True)
class GANRecipe(NetworkFields, ObjectiveFields, AugmentationFields):
    """A generator and a discriminator: their networks, labels, objective and optimisation."""

    system: ClassVar[str] = "gan"
    labels: ClassVar[str] = "optional"

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
    freeze_d: int = option(
        0,
        "Training",
        "blocks of the discriminator, from the picture on, that stay as they are; for fine-tuning "
        "with --from",
        only={"architecture": IN_BLOCKS},
        least=0,
    )
    dequantize: bool = option(
        False,
        "Training",
        "add uniform noise of up to one grey level to the real pictures",
        only=ON_PICTURES,
    )
    mirror: bool = option(False, "Training", "show half of the pictures mirrored", only=ON_PICTURES)
    augment: str = fields.again(AugmentationFields, "augment", "none", only=ON_PICTURES)

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
    def judge(self) -> str:
        """Lite1 where the discriminator sees through Lite0."""
        return "lite1" if self.architecture == "projected" else super().judge

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
    def classifies(self) -> bool:
        """Whether the discriminator has an auxiliary classifier of the labels."""
        return self.conditional and self.d_classifier_weight > 0

    @property
    def divides_at_0(self) -> bool:
        """Whether logits above 0 say "real"."""
        return losses.get(self.loss).divides_at_0

    @property
    def compares_halves(self) -> bool:
        """Mode seeking compares the two halves of a batch."""
        return self.g_term == "mode_seeking"

    @property
    def least_part(self) -> int:
        """4 if FastGAN's decoders reconstruct quarter n mod 4 of picture n; else as for others."""
        draws = self.architecture == "fastgan" and self.reconstruction_weight > 0
        return 4 if draws else super().least_part

    @property
    def read_batches(self) -> tuple[str, ...]:
        """Losses by average answers, terms of means or of pairs, noise by the pixels' spread."""
        loss, penalty = losses.get(self.loss), penalties.get(self.penalty)
        averages = loss.balanced or (loss.needs_real and not loss.pairs)
        found = [f"loss {self.loss}"] if averages else []
        found += ["LeCam"] if self.lecam_weight else []
        found += [f"g_term {self.g_term}"] if self.g_term != "none" else []
        found += [f"penalty {self.penalty}"] if penalty and penalty.perturbs else []
        return tuple(found)

    @property
    def sometimes_together(self) -> str:
        """How to avoid a penalty that only some steps have and that reads the whole batch; or "".

        It reads the batch if D mixes the pictures of a batch, or if it asks how far they spread.
        """
        penalty = penalties.get(self.penalty)
        if self.penalty_every == 1 or penalty is None:
            return ""
        mixes = ["d_norm none"] if self.d_norm != "none" else []
        mixes += ["minibatch none"] if self.minibatch != "none" else []
        mixes += ["another penalty"] if penalty.perturbs else []
        around = " and ".join(mixes)
        return f"penalty_every {self.penalty_every} needs {around}, or take 1" if mixes else ""

    def draw(self, rng, labels, draw_labels):
        """Latents, the fakes' labels, interpolation, label noise, dequantization, augmentation.

        `models.systems.gan.layout` describes the layout.
        """
        size, columns = self.batch_size, self.fake_columns
        drawn = self.drawn_for_fakes(rng, columns)
        if pairs := losses.get(self.loss).pairs:
            labels = self._noisy(labels, rng)  # both of a pair have them
            # the last discriminator step's reals are the generator's
            fake_labels = np.concatenate([labels, labels[:, -1:]], axis=1)
        else:
            fake_labels = draw_labels(size * columns)
            fake_labels = fake_labels.reshape(size, columns, *fake_labels.shape[1:])
        mix = rng.random((size, self.d_steps), dtype="float32")
        batch = {
            "labels": labels if pairs else self._noisy(labels, rng),
            **drawn,
            "fake_labels": fake_labels if pairs else self._noisy(fake_labels, rng),
            "mix": mix,
        }
        if self.dequantize:  # drawn after labels, latents and mix, which are the same without it
            shape = (size, self.d_steps, *self.data_shape)
            batch["noise"] = rng.integers(256, size=shape, dtype="uint8")
        if self.loss == "hinge" and self.hinge_margin < 1:
            shape = (size, self.d_steps, 1 + self.fakes_per_real)
            batch["margins"] = rng.uniform(self.hinge_margin, 1.0, shape).astype("float32")
        penalty = penalties.get(self.penalty)
        if penalty is not None and penalty.perturbs:
            shape = (size, self.d_steps, *self.data_shape)
            batch["perturbation"] = rng.random(shape, dtype="float32")
        # The generator's step may see reals too.
        return batch | self.drawn_for_augmentation(rng, self.d_steps + 1, self.fake_columns)

    def drawn_for_fakes(self, rng, columns):
        """Latents: the fakes that stand among the reals have the reals' labels."""
        drawn = latents.sample(self.latent, self.batch_size * columns, self.latent_dim, rng)
        return {"latents": drawn.reshape(self.batch_size, columns, -1)}

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
        yield from validity.of_labels(self)
        yield from validity.of_training(self)

    def problems_of_training(self) -> Iterator[str]:
        yield from super().problems_of_training()
        yield from validity.of_beginning(self)

    @classmethod
    def of_fields(cls, values: dict[str, Any]) -> Recipe:
        """A recipe of this class from its fields, also from those of earlier versions.

        Recipes saved before the field `decay` existed meant the exponential decay.
        """
        own = {field.name for field in dataclasses.fields(cls)}
        values = {n: v for n, v in values.items() if n in own or n not in RETIRED_FIELDS}
        adapting = values.get("augment", "none") in ("ada", "apa")
        if not adapting and values.get("augment_target") == 0.0:  # its default was another
            del values["augment_target"]
        if values.get("decay_start") and "decay" not in values:
            values["decay"] = "exponential"
        return super().of_fields(values)
