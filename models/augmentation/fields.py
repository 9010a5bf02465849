"""The fields of recipes whose discriminator may see augmented pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from models import augmentation
from models.fields import Above, option
from models.recipe import Recipe
from models.schedules import ENDING

_AUGMENTED = {"augment": ("diffaug", "ada", "apa")}
_ADAPTING = ("ada", "apa")


@dataclass(frozen=True, kw_only=True)
class AugmentationFields(Recipe):
    """Augmentation, for few pictures.

    A subclass adds `drawn_for_augmentation` to its batches, and its system has an `Augmented`. A
    step has as many turns of the discriminator as `columns` of reals.
    """

    augment: str = option(
        "none",
        "Augmentation",
        "how pictures are changed before the discriminator sees them. diffaug: colours, shifts and "
        "holes; ada: colours, shifts, turns, scales and mirrors; apa: fakes replace some of the "
        f"reals; auto: diffaug if there are fewer than {augmentation.FEW:,} pictures",
        choices=augmentation.names(),
    )
    augment_ops: str = option(
        "",
        "Augmentation",
        "its operations, with commas, such as translation,cutout; without, the usual ones",
        only={"augment": ("diffaug", "ada")},
    )
    augment_p: float = option(
        1.0,
        "Augmentation",
        "probability of the operations; where ada and apa adapt it, its upper limit",
        only=_AUGMENTED,
        least=0,
        most=1,
    )
    augment_p_end: float = option(
        0.0,
        "Augmentation",
        "augment_p at decay_end, by the curve of the rates in each phase; 0: it stays the same",
        only={**_AUGMENTED, "decay": ENDING},
        least=0,
        most=1,
    )
    augment_target: float = option(
        0.6,
        "Augmentation",
        "ada and apa adapt augment_p, which begins at 0: it rises while the mean sign of the "
        "discriminator's logits on reals is above this, and falls while it is below; 0: augment_p "
        "stays as given",
        only={"augment": _ADAPTING},
        least=0,
        below=1,
    )
    augment_pictures: int = option(
        500_000,
        "Augmentation",
        "pictures in which an adapted augment_p can go from 0 to 1",
        only={"augment": _ADAPTING, "augment_target": Above(0)},
        least=1,
    )

    @property
    def divides_at_0(self) -> bool:
        """Whether logits above 0 say "real", see `models.losses.Loss`: else nothing can adapt."""
        return True

    @property
    def adapts(self) -> bool:
        """Whether augment_p moves with how far the discriminator overfits."""
        return self.augment in _ADAPTING and self.augment_target > 0

    @property
    def pseudo_fakes(self) -> int:
        """How many fakes are made for each real to stand among the reals."""
        return 1 if self.augment == "apa" else 0

    def for_pictures(self, count: int) -> AugmentationFields:
        """With the augmentation settled that suits so many training pictures."""
        if self.augment != "auto":
            return self
        return self.changed(augment=augmentation.suited(count))

    def without_unread(self, changes: dict[str, Any]) -> dict[str, Any]:
        """See there; another augmentation has other operations."""
        if changes.get("augment", self.augment) != self.augment:
            changes = {"augment_ops": ""} | changes
        return super().without_unread(changes)

    def drawn_for_fakes(self, rng: np.random.Generator, columns: int) -> dict[str, np.ndarray]:
        """The random numbers of `columns` fakes by name, (batch_size, columns, …) each."""
        raise NotImplementedError

    def drawn_for_augmentation(
        self, rng: np.random.Generator, reals: int, fakes: int
    ) -> dict[str, np.ndarray]:
        """The random numbers of a step's augmentation by name; {} without. B is the batch size.

        augment_real (B, reals, n), augment_fake (B, fakes, n): the n numbers of each picture
        pseudo_… as `drawn_for_fakes`, pseudo_gate (B, columns): for the reals that fakes replace
        """
        size = self.batch_size
        if self.augment == "apa":
            drawn = self.drawn_for_fakes(rng, self.columns)
            gate = rng.random((size, self.columns), dtype="float32")
            return {f"pseudo_{name}": each for name, each in drawn.items()} | {"pseudo_gate": gate}
        made = augmentation.get(self.augment, self.augment_ops)
        if made is None:
            return {}
        return {
            "augment_real": made.draw(rng, (size, reals)),
            "augment_fake": made.draw(rng, (size, fakes)),
        }

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        try:
            augmentation.get(self.augment, self.augment_ops)
        except ValueError as error:
            yield str(error).rstrip(".")
        if self.adapts and self.augment_p_end:
            yield "augment_p_end is for an augment_p that is not adapted (augment_target 0)"

    def problems_of_training(self) -> Iterator[str]:
        yield from super().problems_of_training()
        never = not (self.adapts or self.augment_p or self.augment_p_end)
        if self.augment in _AUGMENTED["augment"] and never:
            yield f"augment {self.augment} with augment_p 0 changes nothing; give an augment_p"
        if self.augment == "apa" and not self.adapts and self.augment_p == 1:
            adapting = ", or give an augment_target, such as 0.6" if self.divides_at_0 else ""
            yield f"augment apa with augment_p 1 replaces every real picture; lower it{adapting}"
        if self.adapts and not self.divides_at_0:
            yield (
                f"augment {self.augment} adapts to how many logits of reals are above 0, which "
                "says nothing with this loss; give augment_target 0 and an augment_p, such as 0.2"
            )
