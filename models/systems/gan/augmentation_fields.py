"""How a GAN's discriminator sees pictures: as they are, or augmented."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from models import augmentation
from models.fields import Above, option
from models.recipe import Recipe
from models.schedules import ENDING
from models.systems.gan.network_fields import ON_PICTURES

_AUGMENTED = {"augment": ("diffaug", "ada", "apa")}
_ADAPTING = ("ada", "apa")


@dataclass(frozen=True, kw_only=True)
class AugmentationFields(Recipe):
    """The fields of a GAN's recipe about augmentation, for few pictures."""

    augment: str = option(
        "none",
        "Augmentation",
        "how pictures are changed before the discriminator sees them. diffaug: colours, shifts and "
        "holes; ada: colours, shifts, turns, scales and mirrors; apa: fakes replace some of the "
        f"reals; auto: diffaug if there are fewer than {augmentation.FEW:,} pictures",
        choices=augmentation.names(),
        only=ON_PICTURES,
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
        "augment_p at decay_end, by the curve of the rates; 0: it stays the same",
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
    def adapts(self) -> bool:
        """Whether augment_p moves with how far the discriminator overfits."""
        return self.augment in _ADAPTING and self.augment_target > 0

    def for_pictures(self, count: int) -> AugmentationFields:
        """With the augmentation settled that suits so many training pictures."""
        if self.augment != "auto":
            return self
        return dataclasses.replace(self, augment=augmentation.suited(count))

    def problems_of_augmentation(self) -> Iterator[str]:
        """A sentence for each combination of these values that is not allowed."""
        try:
            augmentation.get(self.augment, self.augment_ops)
        except ValueError as error:
            yield str(error).rstrip(".")
        if self.adapts and self.augment_p_end:
            yield "augment_p_end is for an augment_p that is not adapted (augment_target 0)"
