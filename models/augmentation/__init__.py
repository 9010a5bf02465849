"""Augmentation of all pictures that the discriminator sees, differentiable, of a batch's numbers.

A name → an `Augmentation`, of the operations that the recipe names. Real and generated pictures are
augmented alike, in the discriminator's step and in the generator's, so that the generator learns
the data and not its augmented version, as long as the augmentations can be undone in distribution
(Karras et al. 2020, arXiv:2006.06676, section 2.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.augmentation import ada, diffaug
from models.augmentation.operation import Operation

_GROUPS: dict[str, dict[str, tuple[Operation, ...]]] = {
    "diffaug": diffaug.OPERATIONS,
    "ada": ada.OPERATIONS,
}
# "auto" augments if there are fewer training pictures than this.
FEW = 2_000
# The operations of an augmentation if none are named.
_USUAL = {"diffaug": "colour,translation,cutout", "ada": "pixel,geometry,colour"}


@dataclass(frozen=True)
class Augmentation:
    """Operations in a fixed order."""

    operations: tuple[Operation, ...]
    apply: Callable[..., Any]
    gates: int = 0  # uniform numbers before those of the operations

    @property
    def uniform(self) -> int:
        """How many numbers from 0 to 1 it needs for each picture."""
        return self.gates + sum(each.uniform for each in self.operations)

    @property
    def normal(self) -> int:
        """How many standard normal numbers it needs for each picture."""
        return sum(each.normal for each in self.operations)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """The numbers of `shape` pictures: float32 (*shape, uniform + normal)."""
        uniform = rng.random((*shape, self.uniform), dtype="float32")
        normal = rng.standard_normal((*shape, self.normal), dtype="float32")
        return np.concatenate([uniform, normal], axis=-1)

    def __call__(self, pictures: Any, numbers: Any, p: Any) -> Any:
        """Pictures (N, H, W, C), colours of ±1, by their numbers (N, uniform + normal).

        Args:
            p: how probable each operation is, a scalar from 0 to 1.
        """
        return self.apply(self.operations, pictures, numbers, p)


def names() -> tuple[str, ...]:
    """All augmentations, with "none", "apa", which changes no picture, and "auto" (`suited`)."""
    return ("none", *_GROUPS, "apa", "auto")


def suited(count: int) -> str:
    """What "auto" stands for with `count` training pictures: diffaug if they are few, else none."""
    return "diffaug" if count < FEW else "none"


def get(name: str, wanted: str = "") -> Augmentation | None:
    """The augmentation of that name with the operations `wanted`; None where no picture changes.

    "auto" changes none until it is settled (`suited`).

    Args:
        wanted: names of operations or of groups of them, with commas; "": the usual ones.

    Raises:
        ValueError: an unknown name, or operations that it does not have.
    """
    if name not in names():
        raise ValueError(f"Unknown augmentation {name!r}. Known: {', '.join(names())}.")
    if name not in _GROUPS:
        return None
    groups = _GROUPS[name]
    every = [each for members in groups.values() for each in members]
    known = dict.fromkeys((*groups, *(each.name for each in every)))
    chosen = set()
    for word in (each.strip() for each in (wanted or _USUAL[name]).split(",")):
        if word not in known:
            raise ValueError(f"{name} has no operation {word!r}. Known: {', '.join(known)}.")
        chosen |= {each.name for each in groups.get(word, ())} or {word}
    operations = tuple(each for each in every if each.name in chosen)
    if name == "ada":
        return Augmentation(operations, ada.apply)
    return Augmentation(operations, diffaug.apply, gates=1)
