"""What the discriminator sees: pictures augmented, with a probability that may adapt to it."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from layers import replicas
from models import augmentation
from models.outputs import Ceiling
from models.pixels import as_floats
from models.system import System

EVERY = 4  # steps between adaptations, as in the authors' code


def ceilings(further: str) -> dict[str, Ceiling]:
    """What a system's `Watched` says of a probability that stays at its most.

    Args:
        further: what helps besides more pictures, such as "a lower --learning-rate".
    """
    return {
        "augment_p": Ceiling(
            "augment_p",
            "the discriminator still tells reals from fakes. What helps: more pictures, "
            f"{further}. A higher p would show in the fakes",
        )
    }


class Augmented:
    """The augmentation of one GAN, and the variables with which it adapts.

    Adaptation (arXiv:2006.06676, section 3): r = E sign D(x) over the reals of `EVERY` steps tells
    how far D overfits. p rises by batch_size · EVERY / augment_pictures if r is above the target,
    falls by as much if r is below it, and stays between 0 and augment_p.

    Args:
        gan: the system to which the variables are added, saved with the rest. Its recipe has the
            `AugmentationFields`.
    """

    def __init__(self, gan: System):
        self.gan, recipe = gan, gan.recipe
        self.how = augmentation.get(recipe.augment, recipe.augment_ops)
        if recipe.adapts:
            self.adapted, self.signs = (
                gan.add_weight(name=name, shape=(), initializer="zeros", trainable=False)
                for name in ("augment_p", "augment_signs")
            )

    def p(self) -> Any:
        """The present probability: a number where it never changes, else a scalar tensor."""
        recipe = self.gan.recipe
        if recipe.adapts:
            return ops.convert_to_tensor(self.adapted)
        if recipe.augment_p_end:
            return self.gan.scheduled(recipe.augment_p, recipe.augment_p_end)
        return recipe.augment_p

    def see(self, pictures: Any, numbers: Any) -> Any:
        """Pictures (N, H, W, C) as D sees them, by their numbers (N, n)."""
        return pictures if self.how is None else self.how(pictures, numbers, self.p())

    def shown(self, pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
        """Pictures uint8 (N, H, W, C), augmented with the recipe's highest p: float32, of ±1.

        None if no picture is changed.
        """
        if self.how is None:
            return None
        numbers = self.how.draw(rng, (len(pictures),))
        p = max(self.gan.recipe.augment_p, self.gan.recipe.augment_p_end)
        seen = []
        for picture, its in zip(pictures, numbers, strict=True):  # of large ones, few fit memory
            given = (as_floats(picture[None]), its[None])
            seen.append(ops.convert_to_numpy(self.how(*map(ops.convert_to_tensor, given), p)))
        return np.concatenate(seen)

    def reals(self, part: dict, real: Any, pseudo: Any = None) -> Any:
        """Reals, of which fakes `pseudo` replace a share p (APA, arXiv:2111.06849)."""
        if pseudo is None:
            return real
        replaced = part["pseudo_gate"][:, None, None, None] < self.p()
        return ops.where(replaced, ops.cast(pseudo, real.dtype), real)

    def logs(self) -> dict[str, Any]:
        """What a step logs of it: the probability, if it adapts."""
        return {"augment_p": self.p()} if self.gan.recipe.adapts else {}

    def hear(self, real_logits: Any) -> None:
        """Add the mean sign of a discriminator step's logits on reals, (N, J), to the sum."""
        if self.gan.recipe.adapts:
            mean = replicas.mean(ops.mean(ops.sign(ops.stop_gradient(real_logits))))
            replicas.assign(self.signs, ops.convert_to_tensor(self.signs) + mean)

    def adapt(self) -> None:
        """Move p after the last of `EVERY` steps. Called once a step, after the turns of D."""
        recipe = self.gan.recipe
        if not recipe.adapts:
            return
        p = ops.convert_to_tensor(self.adapted)
        turns = EVERY * recipe.columns
        r = ops.convert_to_tensor(self.signs) / (turns * recipe.micro_batches)
        step = recipe.batch_size * EVERY / recipe.augment_pictures
        moved = p + step * ops.sign(r - recipe.augment_target)
        self._if_due(self.adapted, ops.clip(moved, 0.0, recipe.augment_p))
        self._if_due(self.signs, ops.zeros(()))

    def _if_due(self, variable: Any, value: Any) -> None:
        done = ops.convert_to_tensor(self.gan.steps_done) + 1
        due = ops.equal(done % EVERY, 0)
        replicas.assign(variable, ops.where(due, value, ops.convert_to_tensor(variable)))
